namespace Cdp.Storage.Postgres;

/// <summary>Settings of a store.</summary>
public sealed record PostgresStoreOptions
{
    /// <summary>Partitions that the log must have; null: as many as it has.</summary>
    public int? Partitions { get; init; }

    /// <summary>
    /// Whether this process alone may have the store open. A cluster's silos open it together, and never beside somebody
    /// who has it alone.
    /// </summary>
    public bool Alone { get; init; } = true;

    /// <summary>Schema of the database in which the tables are.</summary>
    public string Schema { get; init; } = PostgresSchema.DefaultName;

    /// <summary>Connections that write state and histories, 1 to 64; each key has one of them.</summary>
    public int StateWriters { get; init; } = 2;

    /// <summary>Connections that append to the log, 1 to 64; each partition has one of them.</summary>
    public int LogWriters { get; init; } = 2;

    /// <summary>Connections that read at most.</summary>
    public int Readers { get; init; } = 16;

    /// <summary>Bytes of values that one transaction takes at most (a larger value has one of its own).</summary>
    public int TransactionBytes { get; init; } = 4 << 20;

    /// <summary>Bytes of values that wait for each writer at most; callers beyond wait before the queue, in their order.</summary>
    public long QueueBytes { get; init; } = 64 << 20;

    /// <summary>How long writes that can wait do so for others, to share one flush with them; not negative.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromMilliseconds(5);
}
