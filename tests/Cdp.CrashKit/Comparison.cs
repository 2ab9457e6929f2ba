namespace Cdp.CrashKit;

/// <summary>What a comparison of the ledger with the server found.</summary>
public sealed record Comparison
{
    /// <summary>Customers compared.</summary>
    public int Customers { get; init; }

    /// <summary>Events of those customers that were acknowledged.</summary>
    public int Events { get; init; }

    /// <summary>Acknowledged events that their customer does not have.</summary>
    public int Lost { get; init; }

    /// <summary>Events that a customer has or counts more often than once.</summary>
    public int Twice { get; init; }

    /// <summary>Customers whose order counts, revenues or points differ.</summary>
    public int WrongSums { get; init; }

    /// <summary>Customers that are not exactly one of the oracle's groups.</summary>
    public int WrongGroups { get; init; }

    /// <summary>Customers that are in other segments than their events say, or counted otherwise.</summary>
    public int WrongMembers { get; init; }

    /// <summary>Ids once seen that do not lead to their customer any more.</summary>
    public int LostIds { get; init; }

    /// <summary>Dead letters that the server holds: events refused at the front door, and those on which it died.</summary>
    public long DeadLetters { get; init; }

    /// <summary>Whether nothing differs.</summary>
    public bool IsClean => (Lost, Twice, WrongSums, WrongGroups, WrongMembers, LostIds) == (0, 0, 0, 0, 0, 0);

    /// <summary>The first differences, for people.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];
}
