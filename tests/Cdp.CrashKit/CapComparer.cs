using Cdp.Domain.Decisions;
using Cdp.V1;

namespace Cdp.CrashKit;

/// <summary>
/// Whether decisions kept to the caps, by what stands in the histories: also decisions whose answers nobody heard. Where the
/// ledger cannot know whether something was in force when it was decided, both are right.
/// </summary>
/// <param name="outcomes">Outcomes by the id of their decision.</param>
/// <param name="differ">Hears of what is wrong.</param>
internal sealed class CapComparer(ILookup<string, SentOutcome> outcomes, Action<string> differ)
{
    /// <summary>Compares the decisions of one shopper; returns the number of capped offers among them.</summary>
    public int Compare(IReadOnlyCollection<KeptDecision> decisions)
    {
        var offers = 0;
        foreach (var (action, cap) in DecisionCatalog.Caps)
        {
            var uses = decisions.Where(decision => decision.Offers(action) && decision.Response.Mode != DecisionMode.DryRun).ToList();
            offers += uses.Count;
            foreach (var decision in decisions)
            {
                if (decision.Offers(action))
                {
                    if (decision.Response.Mode != DecisionMode.DryRun && decision.Response.Consistency != DecisionConsistency.Sync) differ($"{decision.Id} reserves {action} and is {decision.Response.Consistency}");
                    var used = uses.Count(use => Counts(use, decision, action, cap, isCertain: true));
                    if (used >= cap.MaxShown) differ($"{decision.Id} offers {action}, which {used} decisions had reserved, and at most {cap.MaxShown} may");
                }
                else if (decision.Response.Removed.Any(removed => removed.ActionId == action && removed.Rule == "cap"))
                {
                    var used = uses.Count(use => Counts(use, decision, action, cap, isCertain: false));
                    if (used < cap.MaxShown) differ($"{decision.Id} withholds {action}, which only {used} of {cap.MaxShown} decisions can have reserved");
                }
            }
        }

        return offers;
    }

    /// <summary>Whether a use counted when something else was decided: for certain, or possibly.</summary>
    private bool Counts(KeptDecision use, KeptDecision decision, string action, CapRule cap, bool isCertain) =>
        use.Id != decision.Id && IsBefore(use.Id, decision, isCertain) && IsInForce(use, decision, action, cap, isCertain);

    private static bool IsBefore(DecisionId use, KeptDecision decision, bool isCertain)
    {
        if (use.Customer == decision.Id.Customer) return use.Sequence < decision.Id.Sequence;
        return isCertain ? decision.Answered is { SeesAll: true } : use.AtMicros <= decision.Id.AtMicros;
    }

    private bool IsInForce(KeptDecision use, KeptDecision decision, string action, CapRule cap, bool isCertain)
    {
        if (decision.Id.AtMicros - use.Id.AtMicros < cap.Reservation.TotalMicroseconds) return true;
        var shown = outcomes[use.Id.ToString()].Where(outcome => outcome.Outcome.ActionId == action);
        return isCertain ? shown.Any(outcome => outcome.AnsweredAt < (decision.Answered?.AskedAt ?? 0)) : shown.Any();
    }
}
