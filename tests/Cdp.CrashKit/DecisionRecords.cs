using Cdp.Domain.Decisions;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.CrashKit;

/// <summary>Somebody with two devices, who is two customers until an event joins them.</summary>
public sealed class Shopper(int number)
{
    /// <summary>The devices.</summary>
    public IReadOnlyList<string> Devices { get; } = [$"shopper-{number}-phone", $"shopper-{number}-laptop"];

    /// <summary>Decisions asked for.</summary>
    public int Asked { get; set; }

    /// <summary>Of the events that made both customers; empty: not acknowledged.</summary>
    public string Token { get; set; } = string.Empty;

    /// <summary>Of an event that joined both; empty: none was acknowledged.</summary>
    public string JoinToken { get; set; } = string.Empty;
}

/// <summary>A decision that was answered.</summary>
/// <param name="Response">The answer.</param>
/// <param name="Shopper">For whom it was asked; null: for nobody that is known.</param>
/// <param name="AskedAt">Moment of the ledger at which it was asked for.</param>
/// <param name="SeesAll">Whether it was asked for when both customers of the shopper were known to be one.</param>
public sealed record AnsweredDecision(DecideResponse Response, Shopper? Shopper, long AskedAt, bool SeesAll)
{
    /// <summary>The bytes of the answer.</summary>
    public ByteString Bytes { get; } = Response.ToByteString();

    /// <summary>Its id.</summary>
    public string Id => Response.DecisionId;

    /// <summary>Whether no crash may lose it: it was answered SYNC, or is a visitor's.</summary>
    public bool IsPromised => Response.Consistency == DecisionConsistency.Sync || Response.CustomerId.Length == 0;
}

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

/// <summary>A decision as a customer's history has it, answered or not.</summary>
/// <param name="Id">Where it stands.</param>
/// <param name="Response">The answer as it is replayed.</param>
/// <param name="Answered">What the ledger knows of it; null: its call was not answered.</param>
internal sealed record KeptDecision(DecisionId Id, DecideResponse Response, AnsweredDecision? Answered)
{
    /// <summary>Whether it offers an action.</summary>
    public bool Offers(string action) => Response.Ranked.Any(ranked => ranked.ActionId == action);
}
