using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>
/// Invariant 6: after any history of events that carry outcomes, with copies under other customers, merges and crashes at
/// any write, the model knows what the distinct outcomes of the log come to; and every event stands once with its customer.
/// </summary>
public sealed class OutcomesCountOnceTests
{
    private const uint Placement = 1;

    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(40);

    private static readonly Arbitrary<int> Seeds = Arb.From(Gen.Choose(0, int.MaxValue - 1));

    private static readonly string[] Actions = ["a", "b"];

    [Fact]
    public void Models_learn_what_the_log_s_distinct_outcomes_come_to_whatever_happened_in_between() =>
        Check.One(Runs, Prop.ForAll(Step.Histories, Seeds, (history, seed) => CheckAsync(history, seed).GetAwaiter().GetResult()));

    private static async Task CheckAsync(Step[] history, int seed)
    {
        var random = new Random(seed);
        var stores = ComposedNode.Stores.New();
        await using var node = await ComposedNode.StartAsync(stores, isMortal: true);
        var start = ComposedNode.MortalNow;
        var decisions = await DecideAsync(node, start);
        var said = new Dictionary<int, EventOutcome>();
        for (var i = 0; i < history.Length; i++)
        {
            var made = history[i].ToEvent();
            if (OutcomeOf(history[i].Id, decisions) is { } outcome) made.Outcome = said[history[i].Id] = outcome;
            await node.PublishAsync(made, start.AddMinutes(history[i].ReceivedAt));
            if (random.Next(8) == 0) await node.MirroredAsync();
            if (random.Next(10) == 0 || i == history.Length - 3) node.DieAt(random.Next(1, 16), reachesStore: random.Next(2) == 0);
            if (node.IsDead || random.Next(20) == 0) await node.RestartAsync(dropSnapshots: random.Next(4) == 0);
        }

        await node.RestartAsync();
        await node.MirroredAsync();
        await AssertLearnedAsync(node, said.Values);
        await AssertEventsAsync(node, stores);

        // As a crash before any commit would have it: everything is delivered again.
        stores.States.DropKind(PartitionGrain.StateKind);
        await node.RestartAsync(dropSnapshots: true);
        await node.MirroredAsync();
        await AssertLearnedAsync(node, said.Values);
    }

    /// <summary>Decisions of three customers, whom the history may merge, and of visitors.</summary>
    private static async Task<List<DecideResponse>> DecideAsync(ComposedNode node, DateTimeOffset start)
    {
        await node.ChangeAsync(new ChangeTenantRequest { PutPlacement = new Placement { Id = "home", Channel = "web", Slots = 2 } });
        foreach (var id in Actions)
            await node.ChangeAsync(new ChangeTenantRequest { PutAction = new Cdp.V1.Action { Id = id, Payloads = { new Payload { Channel = "web", Key = id } } } });
        string[] devices = ["d0", "d1", "d2"];
        foreach (var device in devices) await node.PublishAsync(GatewayFixture.Event($"first of {device}", "Product Viewed", ("device", device)), start);
        await node.MirroredAsync();
        var decisions = new List<DecideResponse>();
        foreach (var device in devices)
        {
            var customer = await node.CustomerOfAsync("device", device);
            for (var i = 0; i < 2; i++) decisions.Add(await node.DecideAsync("home", customer));
            decisions.Add(await node.DecideAsync("home", customer: null));
        }

        Assert.All(decisions, decision => Assert.Equal(Actions, decision.Ranked.Select(r => r.ActionId).Where(id => id.Length > 0).Order(StringComparer.Ordinal)));
        return decisions;
    }

    /// <summary>What the event of an id says, whenever and of whomever it is sent; most say something.</summary>
    private static EventOutcome? OutcomeOf(int id, List<DecideResponse> decisions)
    {
        var random = new Random(id);
        if (random.Next(5) == 0) return null;
        var outcome = new EventOutcome
        {
            DecisionId = decisions[random.Next(decisions.Count)].DecisionId, ActionId = Actions[random.Next(2)], Kind = (OutcomeKind)random.Next(1, 7),
        };
        if (outcome.Kind is OutcomeKind.Converted or OutcomeKind.Returned) outcome.Value = new Money { Amount = $"{random.Next(1, 9)}", CurrencyCode = "EUR" };
        return outcome;
    }

    private static async Task AssertLearnedAsync(ComposedNode node, IReadOnlyCollection<EventOutcome> said)
    {
        var model = await node.ModelAsync(Placement);
        for (var number = 1; number <= Actions.Length; number++)
        {
            var expected = said.Where(o => o.ActionId == Actions[number - 1]).GroupBy(o => o.DecisionId, StringComparer.Ordinal).Select(EvidenceOf).ToList();
            var arm = model.Arms.SingleOrDefault(a => a.Action == number) ?? new();
            Assert.Equal((expected.Count, expected.Count(e => e.Accepted), expected.Sum(e => e.Value)), (arm.Trials, arm.Successes, (long)arm.ValueLow));
        }
    }

    /// <summary>What the outcomes of one decision and action come to, in so many words.</summary>
    private static (bool Accepted, long Value) EvidenceOf(IEnumerable<EventOutcome> outcomes)
    {
        var all = outcomes.ToList();
        var (converted, returned) = (Sum(OutcomeKind.Converted), Sum(OutcomeKind.Returned));
        return (all.Exists(o => o.Kind == OutcomeKind.Accepted), returned >= converted ? 0 : converted - returned);

        long Sum(OutcomeKind kind) => all.Where(o => o.Kind == kind).Sum(o => long.Parse(o.Value.Amount, System.Globalization.CultureInfo.InvariantCulture) * 10_000);
    }

    private static async Task AssertEventsAsync(ComposedNode node, ComposedNode.Stores stores)
    {
        foreach (var (keys, profile) in await CanonicalOracle.CustomersAsync(stores.Log, node.Definitions))
            Assert.Equal(ComposedNode.DigestOf(profile), await node.DigestAsync(await node.CustomerOfAsync(keys.First())));
    }
}
