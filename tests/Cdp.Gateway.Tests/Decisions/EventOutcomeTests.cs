using Cdp.Gateway.Tests.Composed;
using Cdp.Grains.Customers;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Decisions;

/// <summary>Events that carry what became of a decision: events like any other, whose outcome counts once where the decision stands.</summary>
public sealed class EventOutcomeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_often_it_is_sent_it_is_one_event_of_its_customer_and_one_outcome()
    {
        await using var server = await StartAsync();
        var known = await KnownAsync(server, "u1");
        var decision = await server.DecideAsync(known);
        var accepted = DecisionCalls.Event("e1", decision, "a", OutcomeKind.Accepted, ("user_id", "u1"));
        await server.PublishAsync(accepted, accepted);
        await server.PublishAsync(DecisionCalls.Event("e2", decision, "a", OutcomeKind.Shown, ("user_id", "u1")), accepted);
        await using (var stream = server.Client.Ingest.StreamEvents(cancellationToken: Cancel))
        {
            await stream.WriteAsync(new StreamEventsRequest { Sequence = 1, Events = { accepted } }, Cancel);
            known.AfterToken = (await stream.ReadAsync(Cancel))!.Result.Token;
        }

        await AssertAsync();
        await server.RestartWithoutAsync("customer", "model");
        await AssertAsync();

        // As a crash before any commit would have it.
        await server.RestartWithoutAsync("partition", "customer", "event-filter");
        await AssertAsync();
        known.AfterToken = await server.PublishAsync(accepted);
        await AssertAsync();

        async Task AssertAsync()
        {
            await AssertLearnedAsync(server, known, "a", 1, 1);
            var profile = await server.ProfileAsync("user_id", "u1", known.AfterToken);
            Assert.Equal((3L, 2L), (profile.Activity.EventCount, profile.Activity.Types_.Single(type => type.Type == "Offer Answered").Count));
            Assert.Equal([("e1", OutcomeCredit.Credited), ("e2", OutcomeCredit.NothingNew), ("u1", OutcomeCredit.Unspecified)], await CreditsAsync(server, "user_id", "u1"));
        }
    }

    [Fact]
    public async Task The_outcome_goes_to_where_the_decision_stands_and_the_event_to_its_own_customer()
    {
        await using var server = await StartAsync();
        var (known, other) = (await KnownAsync(server, "u1"), await KnownAsync(server, "u2"));
        var decision = await server.DecideAsync(known);
        var visited = await server.DecideAsync(DecisionCalls.Request());
        Assert.Equal("", visited.CustomerId);

        other.AfterToken = await server.PublishAsync(
            DecisionCalls.Event("e1", decision, "a", OutcomeKind.Accepted, ("user_id", "u2")),
            DecisionCalls.Event("e2", visited, "a", OutcomeKind.Accepted, ("user_id", "u2")),

            // The same event said to be somebody else's: an event of each, and one outcome.
            DecisionCalls.Event("e1", decision, "a", OutcomeKind.Accepted, ("user_id", "u1")));
        await server.AllLearnedAsync();
        other.AfterToken = await server.PublishAsync(DecisionCalls.Event("e3", visited, "a", OutcomeKind.Shown, ("device", "new")));

        await AssertLearnedAsync(server, other, "a", 2, 2);
        foreach (var (ns, value, events) in new[] { ("user_id", "u1", 2), ("user_id", "u2", 3), ("device", "new", 1) })
            Assert.Equal(events, (await server.ProfileAsync(ns, value, other.AfterToken)).Activity.EventCount);
        Assert.Equal([("e1", OutcomeCredit.Credited), ("e2", OutcomeCredit.Credited), ("u2", OutcomeCredit.Unspecified)], await CreditsAsync(server, "user_id", "u2"));
        Assert.Equal([("e3", OutcomeCredit.NothingNew)], await CreditsAsync(server, "device", "new"));
        Assert.Equal([OutcomeCredit.NothingNew], await server.RecordAsync(DecisionCalls.Outcome("e1", decision, "a", OutcomeKind.Accepted)));
    }

    [Fact]
    public async Task An_outcome_finds_a_decision_of_a_customer_that_its_own_event_merges_away()
    {
        await using var server = await StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("device", "d1")), GatewayFixture.Event("2", "Product Viewed", ("device", "d2")));
        var decisions = new List<DecideResponse>();
        foreach (var device in (string[])["d1", "d2"])
        {
            var asked = DecisionCalls.Request(("device", device));
            asked.AfterToken = token;
            decisions.Add(await server.DecideAsync(asked));
        }

        // Whichever of the two is merged into the other.
        var known = DecisionCalls.Request(("email", "a@example.com"));
        known.AfterToken = await server.PublishAsync(
            DecisionCalls.Event("3", decisions[0], "a", OutcomeKind.Accepted, ("device", "d1"), ("email", "a@example.com")),
            DecisionCalls.Event("4", decisions[1], "a", OutcomeKind.Rejected, ("device", "d2"), ("email", "a@example.com")));
        await server.AllLearnedAsync();
        known.AfterToken = await server.PublishAsync(DecisionCalls.Event("5", decisions[0], "a", OutcomeKind.Shown, ("device", "d2")));

        await AssertLearnedAsync(server, known, "a", 2, 1);
        Assert.Equal(5, (await server.ProfileAsync("device", "d1", known.AfterToken)).Activity.EventCount);
        await server.RestartWithoutAsync("partition", "customer");
        known.AfterToken = await server.PublishAsync(DecisionCalls.Event("6", decisions[1], "a", OutcomeKind.Accepted, ("device", "d1")));
        await AssertLearnedAsync(server, known, "a", 2, 2);
        Assert.Equal(
            [("1", OutcomeCredit.Unspecified), ("2", OutcomeCredit.Unspecified), ("3", OutcomeCredit.Credited), ("4", OutcomeCredit.Credited), ("5", OutcomeCredit.NothingNew), ("6", OutcomeCredit.Credited)],
            await CreditsAsync(server, "device", "d1"));
    }

    [Fact]
    public async Task Values_and_caps_count_as_of_recorded_outcomes()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync(p => (p.Policy, p.Success, p.Reward) = (PlacementPolicy.Exploit, OutcomeKind.Converted, PlacementReward.Value));
        await server.ActAsync("a", a => a.Cap = new ActionCap { MaxShown = 1 });
        await server.ActAsync("b");
        var known = await KnownAsync(server, "u1");
        var decision = await server.DecideAsync(known);
        var bought = DecisionCalls.Event("e1", decision, "b", OutcomeKind.Converted, ("user_id", "u1"));
        bought.Outcome.Value = new Money { Amount = "40", CurrencyCode = "EUR" };
        var returned = DecisionCalls.Event("e2", decision, "b", OutcomeKind.Returned, ("user_id", "u1"));
        returned.Outcome.Value = new Money { Amount = "10.5", CurrencyCode = "EUR" };

        known.AfterToken = await server.PublishAsync(DecisionCalls.Event("e3", decision, "a", OutcomeKind.Shown, ("user_id", "u1")), bought, returned, bought);

        await AssertLearnedAsync(server, known, "b", 1, 1);
        var next = await server.DecideAsync(known);
        Assert.InRange(next.Ranked.Single(r => r.ActionId == "b").Expected, 1, 29.5);
        Assert.Equal(("a", "cap"), (Assert.Single(next.Removed).ActionId, next.Removed[0].Rule));
    }

    [Fact]
    public async Task What_credits_nothing_is_an_event_all_the_same_and_is_listed_with_the_reason()
    {
        var time = new SettableTime { Now = DateTimeOffset.UnixEpoch.AddDays(20_000) };
        await using var server = await GatewayFixture.StartAsync(checkMessages: true, time);
        await server.PlaceAsync(p => p.Policy = PlacementPolicy.Exploit);
        await server.ActAsync("a");
        var known = await KnownAsync(server, "u1");
        var decision = await server.DecideAsync(known);
        known.Mode = DecisionMode.DryRun;
        var dry = await server.DecideAsync(known);
        known.Mode = DecisionMode.Live;
        var (lost, visitor, nobody) = (decision.Clone(), decision.Clone(), decision.Clone());
        lost.DecisionId = decision.DecisionId[..^1] + (decision.DecisionId[^1] == '0' ? '1' : '0');
        visitor.DecisionId = ".0.7fffffffffffffff.0000000000000000";
        nobody.DecisionId = "c" + new string('0', 26) + ".1.7fffffffffffffff.0000000000000000";

        known.AfterToken = await server.PublishAsync(
            DecisionCalls.Event("e1", decision, "a", OutcomeKind.Accepted, ("user_id", "u1")),
            DecisionCalls.Event("e2", decision, "other", OutcomeKind.Accepted, ("user_id", "u1")),
            DecisionCalls.Event("e3", dry, "a", OutcomeKind.Accepted, ("user_id", "u1")),
            DecisionCalls.Event("e4", lost, "a", OutcomeKind.Accepted, ("user_id", "u1")),
            DecisionCalls.Event("e5", visitor, "a", OutcomeKind.Accepted, ("user_id", "u1")),
            DecisionCalls.Event("e6", nobody, "a", OutcomeKind.Accepted, ("user_id", "u1")));
        await server.AllLearnedAsync();
        var lostOnes = new[] { "e4", "e5", "e6" }.Select(id => (id, OutcomeCredit.DecisionLost)).ToList();
        Assert.Equal(
            [("e1", OutcomeCredit.Credited), ("e2", OutcomeCredit.NotOffered), ("e3", OutcomeCredit.DryRun), .. lostOnes, ("u1", OutcomeCredit.Unspecified)],
            await CreditsAsync(server, "user_id", "u1"));

        time.Now += TimeSpan.FromDays(31);
        known.AfterToken = await server.PublishAsync(DecisionCalls.Event("e7", decision, "a", OutcomeKind.Accepted, ("user_id", "u1")));

        // Another decision lets the old one be forgotten; what its outcome changed stands in the history.
        await server.DecideAsync(known);
        var credits = (await CreditsAsync(server, "user_id", "u1")).ToDictionary(e => e.Event, e => e.Credit, StringComparer.Ordinal);
        Assert.Equal((OutcomeCredit.Credited, OutcomeCredit.DecisionTooOld), (credits["e1"], credits["e7"]));
        Assert.Equal(OutcomeCredit.DecisionTooOld, credits["e2"]);
        await AssertLearnedAsync(server, known, "a", 1, 1);
        Assert.Equal(8, (await server.ProfileAsync("user_id", "u1", known.AfterToken)).Activity.EventCount);
        Assert.Equal(0, (await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel)).Partitions.Sum(p => p.DeadLetters));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_the_event_and_its_field_is_named()
    {
        await using var server = await StartAsync();
        var known = await KnownAsync(server, "u1");
        var decision = await server.DecideAsync(known);
        (Action<EventOutcome> Spoil, string Reason, string Field)[] cases =
        [
            (o => o.DecisionId = "", "DECISION_ID_INVALID", "outcome.decision_id"),
            (o => o.DecisionId = "x", "DECISION_ID_INVALID", "outcome.decision_id"),
            (o => o.DecisionId = "a/b.1.1.0000000000000000", "DECISION_ID_INVALID", "outcome.decision_id"),
            (o => o.DecisionId = decision.DecisionId.ToUpperInvariant(), "DECISION_ID_INVALID", "outcome.decision_id"),
            (o => o.ActionId = "", "ACTION_ID_INVALID", "outcome.action_id"),
            (o => o.ActionId = new string('x', 65), "ACTION_ID_INVALID", "outcome.action_id"),
            (o => o.Kind = OutcomeKind.Unspecified, "OUTCOME_KIND_INVALID", "outcome.kind"),
            (o => o.Kind = (OutcomeKind)99, "OUTCOME_KIND_INVALID", "outcome.kind"),
            (o => o.Value = new Money { Amount = "1", CurrencyCode = "EUR" }, "OUTCOME_VALUE_INVALID", "outcome.value"),
            (o => (o.Kind, o.Value) = (OutcomeKind.Converted, new Money { Amount = "1", CurrencyCode = "USD" }), "OUTCOME_VALUE_INVALID", "outcome.value"),
            (o => (o.Kind, o.Value) = (OutcomeKind.Converted, new Money { Amount = "1.00001", CurrencyCode = "EUR" }), "OUTCOME_VALUE_INVALID", "outcome.value"),
        ];
        var request = new PublishEventsRequest { Events = { DecisionCalls.Event("good", decision, "a", OutcomeKind.Accepted, ("user_id", "u1")) } };
        foreach (var (spoil, _, _) in cases)
        {
            var spoilt = DecisionCalls.Event($"s{request.Events.Count}", decision, "a", OutcomeKind.Accepted, ("user_id", "u1"));
            spoil(spoilt.Outcome);
            request.Events.Add(spoilt);
        }

        var reply = await server.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel);

        Assert.Equal(1, reply.Accepted);
        Assert.Equal(cases.Select((c, i) => (i + 1, c.Reason, c.Field)), reply.Refused.Select(r => (r.Index, r.Reason, r.Field)));
        Assert.All(reply.Refused, refused => Assert.NotEmpty(refused.Message));
        known.AfterToken = reply.Token;
        await AssertLearnedAsync(server, known, "a", 1, 1);
        Assert.Equal(2, (await server.ProfileAsync("user_id", "u1", known.AfterToken)).Activity.EventCount);
        Assert.Equal(cases.Length, (await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel)).Partitions.Sum(p => p.DeadLetters));
    }

    [Fact]
    public async Task A_writer_may_send_them_and_hears_nothing_of_decisions()
    {
        await using var server = await StartAsync();
        var known = await KnownAsync(server, "u1");
        var decision = await server.DecideAsync(known);
        using var writer = await server.ClientOfAsync(Role.Writer);
        await Calls.RefusedAsync(
            writer.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { DecisionCalls.Outcome("o", decision, "a", OutcomeKind.Accepted) } }, cancellationToken: Cancel),
            Code.PermissionDenied, "ROLE_MISSING");

        var reply = await writer.Ingest.PublishEventsAsync(
            new PublishEventsRequest { Events = { DecisionCalls.Event("e1", decision, "a", OutcomeKind.Accepted, ("user_id", "u1")) } }, cancellationToken: Cancel);

        Assert.Equal(1, reply.Accepted);
        await AssertLearnedAsync(server, known, "a", 1, 1);
    }

    [Fact]
    public async Task An_effect_that_no_model_heard_of_is_learned_when_the_event_is_delivered_again()
    {
        await using var server = await StartAsync();
        var known = await KnownAsync(server, "u1");
        known.AfterToken = await server.PublishAsync(
            DecisionCalls.Event("e1", await server.DecideAsync(known), "a", OutcomeKind.Accepted, ("user_id", "u1")),
            DecisionCalls.Event("e2", await server.DecideAsync(DecisionCalls.Request()), "a", OutcomeKind.Shown, ("user_id", "u1")));
        await AssertLearnedAsync(server, known, "a", 2, 1);

        await server.RestartAsync(async down =>
        {
            down.States.DropKind("partition");
            await down.Stores.History.DeleteAsync("default/models/1", Cancel);
        });

        await AssertLearnedAsync(server, known, "a", 2, 1);
        Assert.Equal(3, (await server.ProfileAsync("user_id", "u1", known.AfterToken)).Activity.EventCount);
    }

    [Fact]
    public async Task The_outcome_of_an_erased_event_stays_and_does_not_count_again()
    {
        await using var server = await StartAsync();
        var known = await KnownAsync(server, "u1");
        var accepted = DecisionCalls.Event("secret", await server.DecideAsync(known), "a", OutcomeKind.Accepted, ("user_id", "u1"));
        known.AfterToken = await server.PublishAsync(accepted);
        await AssertLearnedAsync(server, known, "a", 1, 1);
        var listed = (await EventsAsync(server, "user_id", "u1")).Single(e => e.Event.Id == "secret");
        Assert.True(await ErasedEvents.EraseAsync(server.Stores.Log, listed.Partition, listed.Position, Cancel));

        known.AfterToken = await server.PublishAsync(accepted);
        await server.RestartWithoutAsync("partition", "customer");

        await AssertLearnedAsync(server, known, "a", 1, 1);
        Assert.DoesNotContain("secret", (await EventsAsync(server, "user_id", "u1")).Select(e => e.Event.Id));
    }

    [Fact]
    public async Task Recorded_outcomes_have_no_ids_of_the_platform_s()
    {
        await using var server = await StartAsync();
        var decision = await server.DecideAsync(await KnownAsync(server, "u1"));
        Assert.Equal(
            [OutcomeCredit.Invalid, OutcomeCredit.Invalid, OutcomeCredit.Credited],
            await server.RecordAsync(
                DecisionCalls.Outcome("cdp.event.00000000000000000000000000000000", decision, "a", OutcomeKind.Accepted),
                DecisionCalls.Outcome("CDP.x", decision, "a", OutcomeKind.Accepted),
                DecisionCalls.Outcome("cdp", decision, "a", OutcomeKind.Accepted)));
    }

    private static async Task<GatewayFixture> StartAsync()
    {
        var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync(p => p.Policy = PlacementPolicy.Exploit);
        await server.ActAsync("a");
        return server;
    }

    /// <summary>Asks for a customer that has one event, of the same id.</summary>
    private static async Task<DecideRequest> KnownAsync(GatewayFixture server, string user)
    {
        var request = DecisionCalls.Request(("user_id", user));
        request.AfterToken = await server.PublishAsync(GatewayFixture.Event(user, "Product Viewed", ("user_id", user)));
        return request;
    }

    private static async Task AssertLearnedAsync(GatewayFixture server, DecideRequest known, string action, long trials, long successes)
    {
        await server.AllLearnedAsync();
        var ranked = (await server.DecideAsync(known)).Ranked.Single(r => r.ActionId == action);
        Assert.Equal((trials, successes), (ranked.Trials, ranked.Successes));
    }

    private static async Task<List<CustomerEvent>> EventsAsync(GatewayFixture server, string ns, string value)
    {
        var request = new ListEventsRequest { Customer = GatewayFixture.Ref(ns, value), Purpose = "service" };
        return [.. (await server.Client.Profiles.ListEventsAsync(request, cancellationToken: Cancel)).Events];
    }

    /// <summary>What the events' outcomes changed, by event.</summary>
    private static async Task<List<(string Event, OutcomeCredit Credit)>> CreditsAsync(GatewayFixture server, string ns, string value) =>
        [.. (await EventsAsync(server, ns, value)).Select(e => (e.Event.Id, e.OutcomeCredit)).OrderBy(e => e.Id, StringComparer.Ordinal)];
}
