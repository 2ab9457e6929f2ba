using Cdp.Domain.Consent;
using Cdp.Domain.Decisions;
using Cdp.Domain.Expressions;
using Cdp.Domain.Learning;
using Cdp.Domain.Tests.Expressions;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>What is decided, from the configuration as it reads: no compiled set, no packed codes, nothing kept.</summary>
internal static class NaiveDecision
{
    public static (string Ranked, string Removed, int Outranked) Of(
        TenantConfig config, Placement placement, ModelState model, DecisionState remembered, in DecisionCall call, Subject subject)
    {
        var removed = new List<string>();
        var competing = new List<(string Id, double Score)>();
        var random = new SeededRandom(call.Seed);
        bool explores = placement.Policy != PlacementPolicy.Exploit && call.Mode != DecisionMode.Force;
        foreach (var stored in config.Actions.OrderBy(stored => stored.Action.Id, StringComparer.Ordinal))
        {
            if (RuleOf(config, stored, placement, remembered, call.Purpose, subject) is { } rule)
            {
                removed.Add($"{stored.Action.Id}:{rule}");
                continue;
            }

            var (belief, scale) = BeliefOf(stored, placement, model);
            competing.Add((stored.Action.Id, (explores ? belief.Sample(ref random) : belief.Mean) * scale));
        }

        double floor = placement.MinimumValue is { } minimum ? Number(minimum) : 0;
        int most = placement.Slots == 0 ? 1 : placement.Slots;
        if (call.Slots > 0)
            most = Math.Min(most, call.Slots);
        var ranked = competing.OrderByDescending(action => action.Score).ThenBy(action => action.Id, StringComparer.Ordinal).TakeWhile(action => action.Score > floor).Take(most).ToList();
        int outranked = competing.Count - ranked.Count;
        if (ranked.Count < most)
            ranked.Add((string.Empty, floor));
        return (string.Join(' ', ranked.Select(action => $"{action.Id}={action.Score:R}")), string.Join(' ', removed), outranked);
    }

    private static string? RuleOf(TenantConfig config, StoredAction stored, Placement placement, DecisionState remembered, string purpose, Subject subject)
    {
        var action = stored.Action;
        if (placement.ActionLabels.Count > 0 && !placement.ActionLabels.Intersect(action.Labels).Any())
            return "placement";
        if (action.Payloads.All(payload => payload.Channel != placement.Channel))
            return "no_payload";
        bool isPersonal = action.Eligibility.Length > 0 || action.Rules.Count > 0;
        if ((isPersonal && !Allows(config, purpose, placement, subject)) || (action.Purpose.Length > 0 && !Allows(config, action.Purpose, placement, subject)))
            return "consent";
        if (subject.NowMicros < action.ValidFrom.UnixMicros)
            return "not_yet_valid";
        if (subject.NowMicros >= action.ValidUntil.UnixMicros)
            return "no_longer_valid";
        if (action.Rules.FirstOrDefault(rule => Asking.Compile(rule.RemovedWhen).Evaluate(subject) == true) is { } own)
            return own.Name;
        if (action.Eligibility.Length > 0 && Asking.Compile(action.Eligibility).Evaluate(subject) != true)
            return "eligibility";
        return action.Cap is { } cap && Uses(remembered, stored.Number, subject.NowMicros) >= cap.MaxShown ? "cap" : null;
    }

    private static bool Allows(TenantConfig config, string purpose, Placement placement, Subject subject) =>
        ConsentRules.Allows(subject.Profile, PurposeRule.Of(config.Purposes.Single(declared => declared.Id == purpose)), placement.Channel, subject.NowMicros);

    private static int Uses(DecisionState remembered, uint number, long now) => remembered.Caps.Count(use =>
        use.Action == number && (use.ShownAt == 0 ? now < use.ReservedUntil : use.PeriodSeconds == 0 || now < use.ShownAt + (use.PeriodSeconds * 1_000_000)));

    private static (Belief Belief, double Scale) BeliefOf(StoredAction stored, Placement placement, ModelState model)
    {
        double value = stored.Action.Value is { } money ? Number(money) : 1;
        long scaled = (long)(value * 10_000);
        var prior = stored.Action.Prior is { } p ? new Domain.Learning.Evidence(p.Shown, p.Succeeded, (Int128)scaled * p.Succeeded, (Int128)scaled * scaled * p.Succeeded) : default;
        var seen = model.Arms.Where(arm => arm.Action == stored.Number).Select(arm => new Domain.Learning.Evidence(
            arm.Trials, arm.Successes, new Int128((ulong)arm.ValueHigh, arm.ValueLow), new Int128((ulong)arm.SquaredHigh, arm.SquaredLow))).SingleOrDefault();
        if (placement.Reward != PlacementReward.Value)
            return (RateBelief.Uniform.After(prior + seen), value);
        double rate = RateBelief.Uniform.After(prior).Mean;
        double unit = value > 0 ? value : 1;
        return (new ValueBelief(value * rate, 1, 1, unit * unit * rate * (1 - rate)).After(prior + seen), 1);
    }

    private static double Number(Money money) => double.Parse(money.Amount, System.Globalization.CultureInfo.InvariantCulture);
}
