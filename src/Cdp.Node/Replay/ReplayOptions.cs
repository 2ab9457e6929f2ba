namespace Cdp.Node.Replay;

/// <summary>What a replay does.</summary>
public sealed record ReplayOptions
{
    /// <summary>Whether customers' histories are dropped, too, and made again from the log.</summary>
    public bool FromLog { get; init; }

    /// <summary>
    /// From the log: draws with this seed which partition gives how many events next; null: all partitions at once, as
    /// fast as they can.
    /// </summary>
    public int? Seed { get; init; }

    /// <summary>Whether every customer's state is compared with what it was before.</summary>
    public bool Compare { get; init; }
}

/// <summary>What a replay found. Customers count as they stand: those merged into others are none of them.</summary>
/// <param name="Tenants">Number of tenants.</param>
/// <param name="Customers">Number of customers.</param>
/// <param name="Merged">Customers that were merged into others.</param>
/// <param name="Events">Events that customers' states fold: each once, refused ones not at all.</param>
/// <param name="LogRecords">Records of the log, copies and refused events included.</param>
/// <param name="Decisions">Decisions of the identity records.</param>
/// <param name="NewDecisions">Of these, how many were taken only now: events that had not been applied before.</param>
/// <param name="Digest">SHA-256 over "tenant/customer" and the SHA-256 of its state's bytes, in ordinal order; in hex.</param>
/// <param name="DigestBefore">The same before anything was dropped; null where it was not asked for.</param>
/// <param name="Different">The first customers, at most 20, whose state is not what it was.</param>
/// <param name="Elapsed">Duration.</param>
public sealed record ReplayReport(
    int Tenants,
    long Customers,
    long Merged,
    long Events,
    long LogRecords,
    long Decisions,
    long NewDecisions,
    string Digest,
    string? DigestBefore,
    IReadOnlyList<string> Different,
    TimeSpan Elapsed);
