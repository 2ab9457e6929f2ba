using System.Globalization;
using Cdp.Domain.Learning;
using Cdp.V1;
using Evidence = Cdp.Domain.Learning.Evidence;

namespace Cdp.CrashKit;

/// <summary>What the outcomes of the ledger teach, counted anew from all of them.</summary>
internal static class DecisionEvidence
{
    /// <summary>The evidence of an action in a placement.</summary>
    /// <param name="outcomes">All outcomes of decisions of the placement that were not lost.</param>
    /// <param name="placement">The placement.</param>
    /// <param name="action">The action.</param>
    public static Evidence Of(IEnumerable<SentOutcome> outcomes, string placement, string action)
    {
        var success = placement == DecisionCatalog.Values ? OutcomeKind.Converted : OutcomeKind.Accepted;
        var sum = default(Evidence);
        foreach (var decided in outcomes.Where(sent => sent.Outcome.ActionId == action).GroupBy(sent => sent.Decision.Id, StringComparer.Ordinal))
            sum += OfOne([.. decided.Select(sent => sent.Outcome)], success);
        return sum;
    }

    /// <summary>What an action without a prior is believed to bring.</summary>
    public static Belief BeliefOf(string placement, double value, Evidence evidence)
    {
        if (placement != DecisionCatalog.Values) return RateBelief.Uniform.After(evidence);
        const double Rate = 0.5;
        return new ValueBelief(value * Rate, weight: 1, shape: 1, rate: value * value * Rate * (1 - Rate)).After(evidence);
    }

    private static Evidence OfOne(List<Outcome> outcomes, OutcomeKind success)
    {
        var converted = Sum(OutcomeKind.Converted);
        var isReturned = outcomes.Exists(o => o.Kind == OutcomeKind.Returned);
        var isUndone = isReturned && (outcomes.Exists(o => o is { Kind: OutcomeKind.Returned, Value: null }) || Sum(OutcomeKind.Returned) >= converted);
        var isSuccess = outcomes.Exists(o => o.Kind == success) && !(success == OutcomeKind.Converted && isUndone);
        var value = isUndone ? 0 : converted - Sum(OutcomeKind.Returned);
        return new Evidence(1, isSuccess ? 1 : 0, value, (Int128)value * value);

        long Sum(OutcomeKind kind) => outcomes.Where(o => o.Kind == kind && o.Value is not null).Sum(o => (long)(decimal.Parse(o.Value.Amount, CultureInfo.InvariantCulture) * Evidence.ValueScale));
    }
}
