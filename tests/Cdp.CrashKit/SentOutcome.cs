using Cdp.V1;

namespace Cdp.CrashKit;

/// <summary>An outcome that was sent, and what was answered.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Decision">Of which decision.</param>
public sealed record SentOutcome(Outcome Outcome, AnsweredDecision Decision)
{
    /// <summary>How often it was sent.</summary>
    public int Sent { get; set; }

    /// <summary>The first answer; null: none yet.</summary>
    public OutcomeCredit? Credit { get; set; }

    /// <summary>Moment of the ledger at which it was answered.</summary>
    public long AnsweredAt { get; set; } = long.MaxValue;

    /// <summary>Whether its answer said that the decision stands in the history.</summary>
    public bool ProvesDecision => Credit is OutcomeCredit.Credited or OutcomeCredit.NothingNew or OutcomeCredit.Duplicate or OutcomeCredit.DryRun;
}
