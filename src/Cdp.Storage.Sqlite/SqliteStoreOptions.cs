namespace Cdp.Storage.Sqlite;

/// <summary>Settings of a store.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>Partitions of a log that is made (1 to 4096); an existing log must have as many. Null: 16, or what the log has.</summary>
    public int? Partitions { get; init; }

    /// <summary>Name of a log that is made, when it is to be a copy of another; null: a new one.</summary>
    public string? Epoch { get; init; }

    /// <summary>Bytes of values that one transaction takes at most (a larger value has one of its own).</summary>
    public int TransactionBytes { get; init; } = 8 << 20;

    /// <summary>Bytes of values that wait for each writer at most; callers beyond wait before the queue, in their order.</summary>
    public long QueueBytes { get; init; } = 64 << 20;

    /// <summary>How long writes that can wait do so for others, to share one flush with them; not negative.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Bytes of state and histories that are gathered in memory and in the journal before they are merged into the database.
    /// While they are merged, as many gather again: the store takes up to twice this, and its start reads up to as much.
    /// </summary>
    public long MemtableBytes { get; init; } = 32 << 20;

    /// <summary>
    /// Bytes of write-ahead log after which its pages are moved into the database. The file stays near this size while
    /// the disk keeps up.
    /// </summary>
    public int CheckpointBytes { get; init; } = 16 << 20;

    /// <summary>Page cache of each writer, in bytes.</summary>
    public int WriterCacheBytes { get; init; } = 32 << 20;

    /// <summary>Page cache of each reader, in bytes; up to 16 readers a file are kept.</summary>
    public int ReaderCacheBytes { get; init; } = 8 << 20;

    /// <summary>Histories whose length the writer remembers, so that an append needs no look-up.</summary>
    public int RememberedHistories { get; init; } = 200_000;

    /// <summary>States whose tag the writer remembers, so that a write needs no look-up.</summary>
    public int RememberedStates { get; init; } = 200_000;

    /// <summary>Pages (4 KB) that each database file may have; null: no limit but the disk's.</summary>
    public long? MaxPages { get; init; }
}
