using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Decisions;

/// <summary>What became of decisions, and what is learned from it.</summary>
public sealed class OutcomeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Outcomes_are_credited_once_and_the_next_decision_has_learned()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync(p => p.Policy = PlacementPolicy.Exploit);
        foreach (var id in (string[])["a", "b"]) await server.ActAsync(id);
        var known = DecisionCalls.Request(("user_id", "u1"));
        known.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        var (customer, visitor) = (await server.DecideAsync(known), await server.DecideAsync(DecisionCalls.Request()));
        var outcomes = new[]
        {
            DecisionCalls.Outcome("1", customer, "b", OutcomeKind.Shown),
            DecisionCalls.Outcome("2", customer, "b", OutcomeKind.Accepted),
            DecisionCalls.Outcome("3", customer, "a", OutcomeKind.Rejected),
            DecisionCalls.Outcome("1", visitor, "b", OutcomeKind.Accepted),
            DecisionCalls.Outcome("4", customer, "b", OutcomeKind.Clicked),
            DecisionCalls.Outcome("1", customer, "b", OutcomeKind.Shown),
        };

        var credits = await server.RecordAsync(outcomes);

        Assert.Equal(
            [OutcomeCredit.Credited, OutcomeCredit.Credited, OutcomeCredit.Credited, OutcomeCredit.Credited, OutcomeCredit.NothingNew, OutcomeCredit.Duplicate], credits);
        await LearnedAsync();
        Assert.All(await server.RecordAsync(outcomes), credit => Assert.Equal(OutcomeCredit.Duplicate, credit));
        await LearnedAsync();
        await server.RestartWithoutAsync("customer", "model");
        await LearnedAsync();
        Assert.All(await server.RecordAsync(outcomes), credit => Assert.Equal(OutcomeCredit.Duplicate, credit));
        await LearnedAsync();

        async Task LearnedAsync()
        {
            var next = await server.DecideAsync(known);
            Assert.Equal([("b", 2L, 2L), ("a", 1L, 0L)], next.Ranked.Select(r => (r.ActionId, r.Trials, r.Successes)).Take(2));
        }
    }

    [Fact]
    public async Task Positions_that_are_delivered_again_teach_nothing_twice()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("a");
        var known = DecisionCalls.Request(("user_id", "u1"));
        known.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        for (var i = 0; i < 5; i++)
        {
            var (customer, visitor) = (await server.DecideAsync(known), await server.DecideAsync(DecisionCalls.Request()));
            await server.RecordAsync(DecisionCalls.Outcome("o", customer, "a", OutcomeKind.Accepted), DecisionCalls.Outcome("o", visitor, "a", OutcomeKind.Shown));
        }

        // As a crash before any commit would have it: everything is delivered and answered again.
        await server.RestartWithoutAsync("partition");
        await server.PublishAsync(GatewayFixture.Event("2", "Product Viewed", ("user_id", "u1")));
        var visited = await server.DecideAsync(DecisionCalls.Request());
        await server.RecordAsync(DecisionCalls.Outcome("last", visited, "a", OutcomeKind.Accepted));

        var ranked = (await server.DecideAsync(known)).Ranked[0];
        Assert.Equal((11L, 6L), (ranked.Trials, ranked.Successes));
    }

    [Fact]
    public async Task An_effect_that_no_model_heard_of_is_learned_from_the_history_when_it_is_delivered_again()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("a");
        var known = DecisionCalls.Request(("user_id", "u1"));
        known.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        await server.RecordAsync(DecisionCalls.Outcome("o", await server.DecideAsync(known), "a", OutcomeKind.Accepted));
        await server.RecordAsync(DecisionCalls.Outcome("o", await server.DecideAsync(DecisionCalls.Request()), "a", OutcomeKind.Accepted));

        // The model lost what it learned, and nothing is committed: as if all had died between customer and model.
        await server.RestartAsync(async down =>
        {
            down.States.DropKind("partition");
            await down.Stores.History.DeleteAsync("default/models/1", Cancel);
        });
        await server.AllLearnedAsync();
        Assert.Equal((2L, 2L), await LearnedAsync());
        Assert.Equal([OutcomeCredit.Credited], await server.RecordAsync(DecisionCalls.Outcome("p", await server.DecideAsync(known), "a", OutcomeKind.Shown)));
        Assert.Equal((3L, 2L), await LearnedAsync());

        async Task<(long, long)> LearnedAsync()
        {
            var ranked = (await server.DecideAsync(known)).Ranked[0];
            return (ranked.Trials, ranked.Successes);
        }
    }

    [Fact]
    public async Task An_outcome_that_credits_nothing_says_why()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync(p => p.Slots = 1);
        await server.ActAsync("a");
        await server.ActAsync("b", b => b.Eligibility = "orders.count > 5");
        var known = DecisionCalls.Request(("user_id", "u1"));
        known.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        var decision = await server.DecideAsync(known);
        var lost = decision.Clone();
        lost.DecisionId = decision.DecisionId[..^1] + (decision.DecisionId[^1] == '0' ? '1' : '0');
        var stranger = decision.Clone();
        stranger.DecisionId = "c" + new string('0', 26) + ".1.64.0000000000000000";
        var visitor = decision.Clone();
        visitor.DecisionId = ".0.7fffffffffffffff.0000000000000000";
        var spoilt = new List<Outcome>();
        void Spoil(Action<Outcome> spoil)
        {
            var outcome = DecisionCalls.Outcome($"s{spoilt.Count}", decision, "a", OutcomeKind.Accepted);
            spoil(outcome);
            spoilt.Add(outcome);
        }

        Spoil(o => o.Id = "");
        Spoil(o => o.Id = new string('x', 129));
        Spoil(o => o.DecisionId = "x");
        Spoil(o => o.DecisionId = "a/b.1.1.0000000000000000");
        Spoil(o => o.ActionId = "");
        Spoil(o => o.Kind = OutcomeKind.Unspecified);
        Spoil(o => o.Kind = (OutcomeKind)99);
        Spoil(o => o.OccurredAt = new Timestamp { UnixMicros = long.MaxValue });
        Spoil(o => o.Value = new Money { Amount = "1", CurrencyCode = "EUR" });
        Spoil(o => (o.Kind, o.Value) = (OutcomeKind.Converted, new Money { Amount = "1", CurrencyCode = "USD" }));

        Assert.Equal(
            [OutcomeCredit.NotOffered, OutcomeCredit.DecisionLost, OutcomeCredit.DecisionLost, OutcomeCredit.Credited, .. spoilt.Select(_ => OutcomeCredit.Invalid)],
            await server.RecordAsync(
            [
                DecisionCalls.Outcome("1", decision, "b", OutcomeKind.Accepted),
                DecisionCalls.Outcome("2", lost, "a", OutcomeKind.Accepted),
                DecisionCalls.Outcome("3", visitor, "a", OutcomeKind.Accepted),
                DecisionCalls.Outcome("4", decision, "a", OutcomeKind.Accepted),
                .. spoilt,
            ]));
        Assert.Contains((await server.RecordAsync(DecisionCalls.Outcome("5", stranger, "a", OutcomeKind.Accepted)))[0], (OutcomeCredit[])[OutcomeCredit.DecisionLost, OutcomeCredit.DecisionTooOld]);
        Assert.Empty(await server.RecordAsync());
        await Calls.RefusedAsync(
            server.Client.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { Enumerable.Range(0, 1_001).Select(_ => new Outcome()) } }, cancellationToken: Cancel),
            Code.InvalidArgument, "TOO_MANY_OUTCOMES");
        var partitions = await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        Assert.Equal(0, partitions.Partitions.Sum(p => p.DeadLetters));
    }
}
