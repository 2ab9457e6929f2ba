namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Lengths of histories that readers came across in the database, for the writer, who would otherwise search them again: what
/// was read is mostly appended to next. A fixed number of slots, each with the history that fell into it last.
/// </summary>
/// <remarks>
/// A hint may be old by the time it is asked for. It is good all the same when every append since stands in what the writer
/// remembers, which it asks first: what it learnt while it filled one generation outlives that generation and the next. So a
/// reader notes the generation before it reads, and a hint counts until the second one after.
/// </remarks>
internal sealed class LengthHints
{
    private const int Slots = 1 << 14;

    private readonly Hint?[] _slots = new Hint?[Slots];
    private long _generation;

    /// <summary>The writer's generation; to be read before the length is.</summary>
    public long Generation => Volatile.Read(ref _generation);

    /// <summary>Tells a length.</summary>
    /// <param name="key">The history.</param>
    /// <param name="length">Its entries at some moment after <paramref name="generation"/> was read, as far as they were published.</param>
    /// <param name="generation">The generation.</param>
    public void Offer(string key, long length, long generation) => Volatile.Write(ref SlotOf(key), new Hint(key, length, generation));

    /// <summary>Takes a hint. Called by the writer, for a history that it does not remember.</summary>
    public bool TryTake(string key, out long length)
    {
        length = 0;
        if (Volatile.Read(ref SlotOf(key)) is not { } hint || hint.Key != key || _generation - hint.Generation > 1) return false;
        length = hint.Length;
        return true;
    }

    /// <summary>Called by the writer when it forgot what is older than one generation.</summary>
    public void NextGeneration() => Volatile.Write(ref _generation, _generation + 1);

    /// <summary>Called by a writer that remembers nothing.</summary>
    public void Forget() => Volatile.Write(ref _generation, _generation + 2);

    private ref Hint? SlotOf(string key) => ref _slots[(uint)key.GetHashCode(StringComparison.Ordinal) % Slots];

    private sealed record Hint(string Key, long Length, long Generation);
}
