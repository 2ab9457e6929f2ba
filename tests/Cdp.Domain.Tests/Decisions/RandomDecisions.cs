using Cdp.Domain.Decisions;
using Cdp.Domain.Tenants;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>Random actions, placements and calls, of few names, so that they meet.</summary>
internal static class RandomDecisions
{
    private static readonly string[] Conditions =
    [
        "orders.count > 0", "events.count > 5", "traits.plan == \"gold\"", "sessions.count >= 2 or call.context.page == \"/washing\"", "traits.unknown is missing", "traits.unknown",
        "last_seen within 3d", "revenue.EUR.net > 10 EUR", "not (orders.count > 1)",
    ];

    public static Gen<Cdp.V1.Action> Actions { get; } =
        from id in Gen.Choose(0, 15)
        from value in Gen.Elements("", "0", "1", "2.5", "40")
        from eligibility in Gen.Frequency((3, Gen.Constant(string.Empty)), (2, Gen.Elements(Conditions)))
        from rules in Gen.Elements(Conditions).ArrayOf().Resize(3)
        from cap in Gen.Frequency((1, Gen.Constant(0)), (1, Gen.Choose(1, 3)))
        from period in Gen.Elements(0, 60, 3_600)
        from channels in Gen.Elements<string[]>(["web"], ["web", "phone"], ["phone"], [])
        from labels in Gen.Elements<string[]>([], ["x"], ["x", "y"])
        from days in Gen.Elements((-10, 10), (-10, 10), (-10, 10), (-10, -1), (1, 10))
        from prior in Gen.Elements((0, 0), (10, 1), (1_000, 900))
        from purpose in Gen.Elements("", "", TenantDefaults.MarketingPurpose, TenantDefaults.ServicePurpose)
        select Made($"a{id:00}", value, eligibility, rules, cap, period, channels, labels, days, prior, purpose);

    public static Gen<Placement> Placements { get; } =
        from slots in Gen.Choose(0, 5)
        from policy in Gen.Elements(PlacementPolicy.Explore, PlacementPolicy.Explore, PlacementPolicy.Exploit)
        from reward in Gen.Elements(PlacementReward.Rate, PlacementReward.Value)
        from minimum in Gen.Elements("", "0", "0.4", "2")
        from labels in Gen.Elements<string[]>([], [], ["y"])
        from success in Gen.Elements(OutcomeKind.Unspecified, OutcomeKind.Clicked, OutcomeKind.Converted)
        select Placement(with: placement =>
        {
            (placement.Slots, placement.Policy, placement.Reward, placement.Success) = (slots, policy, reward, success);
            placement.MinimumValue = minimum.Length == 0 ? null : Euro(minimum);
            placement.ActionLabels.Add(labels);
        });

    public static Gen<DecisionCall> Calls { get; } =
        from seed in Gen.Choose(0, int.MaxValue)
        from mode in Gen.Elements(Enum.GetValues<DecisionMode>())
        from consistency in Gen.Elements(Enum.GetValues<DecisionConsistency>())
        from slots in Gen.Choose(0, 6)
        from omit in Gen.Elements(true, false, false)
        from stale in Gen.Elements(true, false)
        select new DecisionCall(new DecisionId(Customer, seed % 100, Now, (ulong)seed), (ulong)seed * 31, TenantDefaults.MarketingPurpose)
        {
            Mode = mode, Consistency = consistency, Slots = slots, OmitRemoved = omit, IsStale = stale, WithPropensity = seed % 10 == 0,
        };

    /// <summary>What happens to a tenant and one customer: changes of definitions, decisions and outcomes.</summary>
    public static Gen<DecisionStep[]> Histories { get; } = Gen.Frequency(
        (3, from action in Actions select new DecisionStep(action, null, null, 0)),
        (1, from placement in Placements select new DecisionStep(null, placement, null, 0)),
        (1, from which in Gen.Choose(0, 15) select new DecisionStep(null, null, null, which)),
        (6, from call in Calls from pick in Gen.Choose(0, 300) select new DecisionStep(null, null, call, pick))).ArrayOf();

    public static void ForAll<T>(Gen<T> values, int times, Action<T> property) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(times).WithQuietOnSuccess(true).WithEndSize(60), Prop.ForAll(values.ToArbitrary(), property));

    private static Cdp.V1.Action Made(
        string id, string value, string eligibility, string[] rules, int cap, int period, string[] channels, string[] labels, (int From, int Until) days, (int Shown, int Succeeded) prior,
        string purpose)
    {
        var action = new Cdp.V1.Action
        {
            Id = id,
            DisplayName = $"Action {id}",
            Objective = "sales",
            Purpose = purpose,
            Eligibility = eligibility,
            Value = value.Length == 0 ? null : Euro(value),
            Cap = cap == 0 ? null : new ActionCap { MaxShown = cap, PeriodSeconds = period },
            ValidFrom = new Timestamp { UnixMicros = Now + (days.From * Day) },
            ValidUntil = new Timestamp { UnixMicros = Now + (days.Until * Day) },
            Prior = prior.Shown == 0 ? null : new ActionPrior { Shown = prior.Shown, Succeeded = prior.Succeeded },
        };
        action.Payloads.Add(channels.Select(channel => new Payload { Channel = channel, Key = $"{id}/{channel}" }));
        action.Labels.Add(labels);
        action.Rules.Add(rules.Take(DecisionLimits.Rules).Select((rule, i) => new ActionRule { Name = $"rule_{i}", RemovedWhen = rule }));
        return action;
    }
}

/// <summary>One of: an action put, a placement put, a decision asked for, an action deleted.</summary>
internal sealed record DecisionStep(Cdp.V1.Action? Action, Placement? Placement, DecisionCall? Call, int Pick);
