namespace Cdp.Node.Import;

/// <summary>What became of the lines so far. Every line read is in exactly one of accepted, duplicate and rejected.</summary>
public sealed record ImportCounters
{
    /// <summary>Lines whose event the server has on disk.</summary>
    public long LinesAccepted { get; set; }

    /// <summary>Lines that repeat the id and content of one above (only with ids from mapped columns).</summary>
    public long LinesDuplicate { get; set; }

    /// <summary>Lines that were rejected, here or by the server.</summary>
    public long LinesRejected { get; set; }

    /// <summary>Events that the server has on disk, those it had already included.</summary>
    public long EventsAccepted { get; set; }

    /// <summary>Events that the server refused.</summary>
    public long EventsRefused { get; set; }

    /// <summary>Events from which item fields were left out for their size.</summary>
    public long EventsTrimmed { get; set; }

    /// <summary>Rejected lines by reason.</summary>
    public SortedDictionary<string, long> RejectedByReason { get; init; } = new(StringComparer.Ordinal);

    /// <summary>All lines that are accounted for.</summary>
    public long Lines => LinesAccepted + LinesDuplicate + LinesRejected;
}
