namespace Cdp.Grains.Ports;

/// <summary>A stored state with the tag that guards its next write.</summary>
/// <param name="Value">The bytes; empty when absent.</param>
/// <param name="Tag">Opaque; null when absent.</param>
public readonly record struct StateRow(ReadOnlyMemory<byte> Value, string? Tag)
{
    /// <summary>Whether the state exists.</summary>
    public bool Exists => Tag is not null;
}

/// <summary>Keyed state with optimistic tags. Every call may run concurrently with every other.</summary>
public interface IStateStore
{
    /// <summary>Reads one state. Sees every write that returned before.</summary>
    ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Reads several states of one kind, each as <see cref="ReadAsync"/> does. A store that has something quicker than one
    /// read after the other overrides it.
    /// </summary>
    /// <returns>One row for each key, in the order of the keys.</returns>
    async ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var rows = new StateRow[keys.Count];
        for (var i = 0; i < rows.Length; i++) rows[i] = await ReadAsync(kind, keys[i], cancellationToken);
        return rows;
    }

    /// <summary>
    /// Writes one state if its tag is still <paramref name="expectedTag"/> (null: it must be absent). Durable when it
    /// returns.
    /// </summary>
    /// <returns>The new tag, or null when another write came first.</returns>
    ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken);

    /// <summary>Removes one state if its tag matches.</summary>
    /// <returns>False when another write came first.</returns>
    ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken);
}
