namespace Cdp.Grains.Ports;

/// <summary>One append of a history: entries <see cref="First"/> to <see cref="End"/> − 1.</summary>
/// <param name="First">Sequence of the first entry, from 0.</param>
/// <param name="Count">Number of entries, at least 1.</param>
/// <param name="Bytes">The entries, in the writer's own format.</param>
public readonly record struct HistorySliceRow(long First, int Count, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Sequence after the last entry.</summary>
    public long End => First + Count;
}

/// <summary>
/// Numbered sequences of entries, one per key, append-only. An append names the sequence it expects, so that of two
/// writers who believe to own a key only one succeeds.
/// </summary>
public interface IHistory
{
    /// <summary>
    /// Appends <paramref name="count"/> entries if the history has exactly <paramref name="expected"/> entries. Durable
    /// when it returns. Appends of one key that are issued in order without awaiting are applied in that order.
    /// </summary>
    /// <returns>False when the history has another length: the caller no longer owns it.</returns>
    ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken);

    /// <summary>
    /// The same for a caller who does not wait: a store may hold the append back for a few milliseconds, so that many share
    /// one flush. It stays in order with all other appends. When this throws, nothing is appended and
    /// <paramref name="observer"/> hears nothing.
    /// </summary>
    void AppendBehind(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer) =>
        _ = TellAsync(AppendAsync(key, expected, count, slice, CancellationToken.None), observer);

    /// <summary>
    /// Reads slices in order, from the one that holds entry <paramref name="from"/> on, until about
    /// <paramref name="maxBytes"/> are read (at least one slice). Empty at the end.
    /// </summary>
    ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Number of entries.</summary>
    ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Erases what a slice said: puts other bytes in its place, at most as many, for as many entries. Durable when it returns,
    /// and then nothing of the former is left in any file. Appends go on meanwhile.
    /// </summary>
    /// <param name="key">The history.</param>
    /// <param name="first">First entry of the slice, as it was appended.</param>
    /// <param name="count">Its entries.</param>
    /// <param name="slice">What is read in its place from now on.</param>
    /// <param name="cancellationToken">Gives up the waiting.</param>
    /// <returns>False when there is no such slice.</returns>
    /// <exception cref="ArgumentException">There are more bytes than the slice had; nothing was changed.</exception>
    ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken);

    /// <summary>Erases the whole history: when it returns, nothing of it is left in any file.</summary>
    ValueTask DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a history that says nothing of a person. It is durably gone when this returns; its bytes may stay in files until a
    /// store has another use for their place, for which nobody waits.
    /// </summary>
    ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => DeleteAsync(key, cancellationToken);

    private static async Task TellAsync(ValueTask<bool> append, IAppendObserver observer)
    {
        bool owned;
        try
        {
            owned = await append;
        }
        catch (Exception e)
        {
            observer.Failed(e);
            return;
        }

        observer.Appended(owned);
    }
}
