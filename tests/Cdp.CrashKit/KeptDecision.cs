using Cdp.Domain.Decisions;
using Cdp.V1;

namespace Cdp.CrashKit;

/// <summary>A decision as a customer's history has it, answered or not.</summary>
/// <param name="Id">Where it stands.</param>
/// <param name="Response">The answer as it is replayed.</param>
/// <param name="Answered">What the ledger knows of it; null: its call was not answered.</param>
internal sealed record KeptDecision(DecisionId Id, DecideResponse Response, AnsweredDecision? Answered)
{
    /// <summary>Whether it offers an action.</summary>
    public bool Offers(string action) => Response.Ranked.Any(ranked => ranked.ActionId == action);
}
