using Cdp.Domain.Decisions;
using Cdp.Domain.Tenants;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck.Fluent;
using Google.Protobuf;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>What an action and a placement may be, and how their versions are kept.</summary>
public sealed class DefinitionTests
{
    public static TheoryData<string, Action<Cdp.V1.Action>> WrongActions => new()
    {
        { "FIELD_INVALID action.id", action => action.Id = "A b" },
        { "FIELD_INVALID action.display_name", action => action.DisplayName = new string('x', 201) },
        { "FIELD_INVALID action.objective", action => action.Objective = new string('x', 65) },
        { "FIELD_INVALID action.labels", action => action.Labels.Add(Enumerable.Repeat("x", 17)) },
        { "FIELD_INVALID action.labels[1]", action => action.Labels.Add(["x", ""]) },
        { "FIELD_INVALID action.payloads", action => action.Payloads.Add(Enumerable.Range(0, 16).Select(i => new Payload { Channel = $"c{i}", Key = "k" })) },
        { "FIELD_INVALID action.payloads", action => action.Payloads.Add(Enumerable.Range(0, 5).Select(i => Data($"c{i}", 14_000))) },
        { "FIELD_INVALID action.payloads[1].channel", action => action.Payloads.Add(new Payload { Channel = "web", Key = "k" }) },
        { "FIELD_INVALID action.payloads[1].channel", action => action.Payloads.Add(new Payload { Key = "k" }) },
        { "FIELD_INVALID action.payloads[1].data", action => action.Payloads.Add(Data("phone", 16_385)) },
        { "FIELD_INVALID action.payloads[1].key", action => action.Payloads.Add(new Payload { Channel = "phone", Key = string.Empty }) },
        { "FIELD_INVALID action.payloads[1]", action => action.Payloads.Add(new Payload { Channel = "phone" }) },
        { "FIELD_INVALID action.payloads[0].content_type", action => action.Payloads[0].ContentType = new string('x', 129) },
        { "FIELD_INVALID action.value", action => action.Value = new Money { CurrencyCode = "USD", Amount = "1" } },
        { "FIELD_INVALID action.value", action => action.Value = Euro("-0.01") },
        { "FIELD_INVALID action.value", action => action.Value = Euro("0.00001") },
        { "FIELD_INVALID action.value", action => action.Value = Euro("1000000000.01") },
        { "FIELD_INVALID action.value", action => action.Value = Euro("much") },
        { "FIELD_INVALID action.valid_from", action => action.ValidFrom = new Timestamp { UnixMicros = long.MaxValue } },
        { "FIELD_INVALID action.valid_until", action => (action.ValidFrom, action.ValidUntil) = (new Timestamp { UnixMicros = 5 }, new Timestamp { UnixMicros = 5 }) },
        { "FIELD_INVALID action.cap.max_shown", action => action.Cap = new ActionCap() },
        { "FIELD_INVALID action.cap.max_shown", action => action.Cap = new ActionCap { MaxShown = 101 } },
        { "FIELD_INVALID action.cap.period_seconds", action => action.Cap = new ActionCap { MaxShown = 1, PeriodSeconds = 59 } },
        { "FIELD_INVALID action.cap.period_seconds", action => action.Cap = new ActionCap { MaxShown = 1, PeriodSeconds = 31_622_401 } },
        { "FIELD_INVALID action.prior.shown", action => action.Prior = new ActionPrior { Shown = 1_000_001 } },
        { "FIELD_INVALID action.prior.succeeded", action => action.Prior = new ActionPrior { Shown = 1, Succeeded = 2 } },
        { "FIELD_INVALID action.rules", action => action.Rules.Add(Enumerable.Range(0, 8).Select(i => Rule($"r{i}", "now is set"))) },
        { "FIELD_INVALID action.rules[0].name", action => action.Rules.Add(Rule("An open complaint", "now is set")) },
        { "FIELD_INVALID action.rules[0].name", action => action.Rules.Add(Rule("cap", "now is set")) },
        { "FIELD_INVALID action.rules[1].name", action => action.Rules.Add([Rule("r", "now is set"), Rule("r", "now is set")]) },
        { "EXPRESSION_INVALID action.rules[0].removed_when", action => action.Rules.Add(Rule("r", "")) },
        { "EXPRESSION_INVALID action.eligibility", action => action.Eligibility = "trait.x == 1" },
    };

    public static TheoryData<string, Action<Placement>> WrongPlacements => new()
    {
        { "FIELD_INVALID placement.id", placement => placement.Id = string.Empty },
        { "FIELD_INVALID placement.display_name", placement => placement.DisplayName = new string('x', 201) },
        { "FIELD_INVALID placement.channel", placement => placement.Channel = string.Empty },
        { "FIELD_INVALID placement.slots", placement => placement.Slots = 21 },
        { "FIELD_INVALID placement.fallback.channel", placement => placement.Fallback = new Payload { Channel = "phone", Key = "k" } },
        { "FIELD_INVALID placement.fallback", placement => placement.Fallback = new Payload { Channel = "web" } },
        { "FIELD_INVALID placement.policy", placement => placement.Policy = (PlacementPolicy)9 },
        { "FIELD_INVALID placement.success", placement => placement.Success = OutcomeKind.Shown },
        { "FIELD_INVALID placement.reward", placement => placement.Reward = (PlacementReward)9 },
        { "FIELD_INVALID placement.minimum_value", placement => placement.MinimumValue = Euro("-1") },
        { "FIELD_INVALID placement.reservation_seconds", placement => placement.ReservationSeconds = 9 },
        { "FIELD_INVALID placement.reservation_seconds", placement => placement.ReservationSeconds = 604_801 },
        { "FIELD_INVALID placement.action_labels", placement => placement.ActionLabels.Add(Enumerable.Repeat("x", 17)) },
    };

    [Theory]
    [MemberData(nameof(WrongActions))]
    public void A_wrong_action_is_refused_with_its_field(string expected, Action<Cdp.V1.Action> wrong)
    {
        var world = Of(Placement());
        var refusal = world.Put(Action("a", wrong));
        Assert.Equal(expected, $"{refusal?.Reason} {refusal?.Field}");
        Assert.NotEmpty(refusal!.Message);
        Assert.Equal(1, world.Config.DecisionsVersion);
    }

    [Theory]
    [MemberData(nameof(WrongPlacements))]
    public void A_wrong_placement_is_refused_with_its_field(string expected, Action<Placement> wrong)
    {
        var refusal = new DecisionWorld().Put(Placement(with: wrong));
        Assert.Equal(expected, $"{refusal?.Reason} {refusal?.Field}");
        Assert.NotEmpty(refusal!.Message);
    }

    [Fact]
    public void An_action_counts_its_versions_and_its_number_is_never_used_again()
    {
        var world = Of(Placement(), Action("a", action => action.Eligibility = "orders.count>3"));
        var first = world.Config.Actions.Single();
        Assert.Equal((1u, 1, "orders.count > 3", Now), (first.Number, first.Action.Version, first.Action.Eligibility, first.Action.CreatedAt.UnixMicros));
        Assert.Equal("ETAG_MISMATCH", world.Put(Action("a", action => action.Etag = "old"))?.Reason);
        Assert.Null(world.Put(Action("a", action => (action.Etag, action.Version) = (first.Action.Etag, 99))));
        Assert.Equal((1u, 2), (world.Config.Actions.Single().Number, world.Config.Actions.Single().Action.Version));
        Assert.Equal("ETAG_MISMATCH", world.Apply(new ChangeTenantRequest { DeleteAction = new DeleteActionRequest { Id = "a", Etag = "old" } })?.Reason);
        Assert.Equal("ACTION_UNKNOWN", world.Delete("b")?.Reason);
        Assert.Null(world.Delete("a"));
        Assert.Null(world.Put(Action("a")));
        Assert.Equal((2u, 1), (world.Config.Actions.Single().Number, world.Config.Actions.Single().Action.Version));
        Assert.Equal([1L, 2, 3, 4, 5], world.Changes.Select(change => change.Version));
    }

    [Fact]
    public void All_definitions_together_are_bounded()
    {
        var world = new DecisionWorld();
        string? reason = null;
        for (int i = 0; i < 100 && reason is null; i++)
            reason = world.Put(Action($"a{i}", action => action.Payloads.Add(Enumerable.Range(0, 4).Select(c => Data($"c{c}", 16_000)))))?.Reason;
        Assert.Equal(TenantReasons.DefinitionsTooLarge, reason);
        Assert.InRange(world.Config.CalculateSize(), 60 * 64_000, DecisionLimits.DefinitionBytes + 10_000);
    }

    [Fact]
    public void The_currency_in_which_models_count_is_kept()
    {
        var world = new DecisionWorld();
        Assert.Null(world.Apply(Currency("USD")));
        Assert.Null(world.Put(Placement()));
        Assert.Null(world.Apply(Currency("USD")));
        Assert.Equal("tenant.currency_code", world.Apply(Currency("EUR"))?.Field);

        static ChangeTenantRequest Currency(string code) => new() { PutTenant = new Tenant { CurrencyCode = code } };
    }

    [Fact]
    public void What_did_not_change_is_not_compiled_again()
    {
        var world = Of(Placement(), Action("a"), Action("b"));
        var before = world.Set;
        Assert.Null(world.Apply(new ChangeTenantRequest { PutSegment = new Segment { Id = "s", Expression = "orders.count > 1" } }));
        Assert.Same(before, world.Set);
        Assert.Null(world.Put(Action("b", action => action.Objective = "x")));
        Assert.Same(before.FindAction("a"), world.Set.FindAction("a"));
        Assert.NotSame(before.FindAction("b"), world.Set.FindAction("b"));
        Assert.Same(before.FindPlacement("hero"), world.Set.FindPlacement("hero"));
    }

    [Fact]
    public void The_log_leads_to_the_definitions_of_every_version() => RandomDecisions.ForAll(RandomDecisions.Histories, 100, steps =>
    {
        var world = Of(Placement());
        var versions = new List<DecisionDefinitions> { new(), DecisionHistory.Of(world.Config) };
        foreach (var step in steps.Where(step => step.Call is null))
        {
            long before = world.Config.DecisionsVersion;
            var refusal = step.Action is { } action ? world.Put(action) : step.Placement is { } placement ? world.Put(placement) : world.Delete($"a{step.Pick:00}");
            Assert.Equal(before + (refusal is null ? 1 : 0), world.Config.DecisionsVersion);
            if (refusal is null)
                versions.Add(DecisionHistory.Of(world.Config).Clone());
        }

        for (int v = 0; v < versions.Count; v++)
        {
            Assert.Equal(versions[v], DecisionHistory.AsOf(null, world.Changes, v));
            Assert.Equal(versions[v], DecisionHistory.AsOf(versions[v / 2], world.Changes.Skip(v / 2), v));
        }

        // A crash after the configuration was written keeps one change out of the log, and it is found.
        var log = world.Changes.SkipLast(1).ToList();
        Assert.Equal(world.Changes[^1], DecisionHistory.Between(DecisionHistory.AsOf(null, log, log.Count), DecisionHistory.Of(world.Config)));
        Assert.Throws<ArgumentException>(() => DecisionHistory.AsOf(null, log, log.Count + 1));
    });

    [Fact]
    public void An_id_of_a_decision_reads_back_and_nothing_else_does()
    {
        foreach (var id in new[] { new DecisionId(Customer, 7, Now, 99), new DecisionId(string.Empty, 0, 0, 0), new DecisionId("c", long.MaxValue, long.MaxValue, ulong.MaxValue) })
        {
            Assert.True(DecisionId.TryParse(id.ToString(), out var read));
            Assert.Equal(id, read);
        }

        string[] wrong =
        [
            "", "c", "c.1.2", "c.1.2.3", "c.01.2.0000000000000003", "c.1.2.000000000000000G", "c.1.2.0000000000000003.", "C.1. 2.0000000000000003", "c.-1.2.0000000000000003",
            new string('c', 41) + ".1.2.0000000000000003", new string('1', 200),
        ];
        Assert.All(wrong, text => Assert.False(DecisionId.TryParse(text, out _), text));
    }

    private static Payload Data(string channel, int bytes) => new() { Channel = channel, Data = ByteString.CopyFrom(new byte[bytes]) };

    private static ActionRule Rule(string name, string removedWhen) => new() { Name = name, RemovedWhen = removedWhen };
}
