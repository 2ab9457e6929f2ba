namespace Cdp.CrashKit;

/// <summary>What a comparison of the ledger of decisions with the server found.</summary>
public sealed record DecisionComparison
{
    /// <summary>Decisions that were answered, and explained or found lost.</summary>
    public int Answered { get; init; }

    /// <summary>Decisions that stand in histories and whose calls were not answered.</summary>
    public int Unanswered { get; init; }

    /// <summary>ASYNC ones that the crashes took.</summary>
    public int LostAsync { get; init; }

    /// <summary>Explained ones that were made under other definitions than stand now.</summary>
    public int EditedSince { get; init; }

    /// <summary>Offers of capped actions that were compared with their caps.</summary>
    public int CappedOffers { get; init; }

    /// <summary>Decisions whose customer was merged into another since.</summary>
    public int OfMerged { get; init; }

    /// <summary>Outcomes that count.</summary>
    public int Outcomes { get; init; }

    /// <summary>Every promise that was not kept, for people.</summary>
    public required IReadOnlyList<string> Differences { get; init; }
}
