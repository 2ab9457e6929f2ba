using Cdp.Gateway.Tests.Decisions;
using Cdp.Gateway.Tests.Segments;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Events;

/// <summary>Where is my event? Whatever became of it, a trace says so.</summary>
public sealed class EventTraceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_is_found_by_its_id_alone_by_an_identifier_and_by_its_token()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("e-1", "Login", ("user_id", "ann"), ("device", "d1")));
        await server.PublishAsync([.. Enumerable.Range(0, 50).Select(i => GatewayFixture.Event($"x-{i}", "Login", ("user_id", $"u{i}")))]);
        var profile = await server.ProfileAsync("user_id", "ann", token);
        foreach (var request in (TraceEventRequest[])[new(), new() { Token = token }, new() { Identifier = new Identifier { Namespace = "device", Value = "d1" } }])
        {
            (request.EventId, request.Source) = ("e-1", "tests");
            var trace = await TraceAsync(server, request);
            Assert.Equal((EventState.Applied, "Login", "web", "tests", "operator"), (trace.State, trace.Type, trace.Channel, trace.Source, trace.KeyId));
            Assert.Equal(profile.CustomerId, trace.CustomerId);
            Assert.Equal(["user_id", "device"], trace.Facts.Select(fact => (fact.Minted?.Identifier ?? fact.Linked.Identifier).Namespace));
            Assert.Null(trace.Event);
            Assert.Empty(trace.Withheld);
        }

        Assert.Equal("e-1", (await TraceAsync(server, new TraceEventRequest { EventId = "e-1", Source = "tests", WithContent = true })).Event.Id);
    }

    [Fact]
    public async Task The_segments_that_an_event_moved_its_customer_into_and_out_of_are_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("few", "events.count < 3");
        await server.PutAsync("many", "events.count >= 3");
        await server.PutAsync("all", "events.count > 0");
        await server.PublishAsync(Of("1", "ann"));
        await server.PublishAsync(Of("2", "ann"));
        await server.ProfileAsync("user_id", "ann", await server.PublishAsync(Of("3", "ann"), Of("4", "ann")));

        Assert.Equal(("all few", ""), await MovedAsync("1"));
        Assert.Equal(("", ""), await MovedAsync("2"));
        Assert.Equal(("many", "few"), await MovedAsync("3"));
        Assert.Equal(("", ""), await MovedAsync("4"));

        // A merge moves as well: that of the event that caused it.
        await server.PublishAsync(GatewayFixture.Event("b1", "Login", ("email", "b@example.org")), GatewayFixture.Event("c1", "Login", ("phone", "+4915112345678")));
        await server.AllLearnedAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("m1", "Login", ("email", "b@example.org"), ("phone", "+4915112345678")));
        await server.ProfileAsync("email", "b@example.org", token);
        Assert.Equal(("many", "few"), await MovedAsync("m1"));
        Assert.Contains((await TraceAsync(server, new TraceEventRequest { EventId = "m1", Source = "tests" })).Facts, fact => fact.Merged is not null);

        async Task<(string Entered, string Left)> MovedAsync(string id)
        {
            var trace = await TraceAsync(server, new TraceEventRequest { EventId = id, Source = "tests" });
            Assert.Equal((EventState.Applied, ValueStatus.Ok), (trace.State, trace.SegmentsStatus));
            return (string.Join(' ', trace.SegmentsEntered), string.Join(' ', trace.SegmentsLeft));
        }
    }

    [Fact]
    public async Task A_copy_leads_to_the_one_that_counts_and_a_changed_copy_is_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(Of("1", "ann"));
        var changed = Of("1", "ann");
        changed.Channel = "store";
        await server.ProfileAsync("user_id", "ann", await server.PublishAsync(changed));
        var trace = await TraceAsync(server, new TraceEventRequest { EventId = "1", Source = "tests" });
        Assert.Equal((EventState.Applied, "web"), (trace.State, trace.Channel));
        var copy = Assert.Single(trace.Copies);
        Assert.True(copy.OtherContent);
        Assert.True(copy.ReceivedAt.UnixMicros >= trace.ReceivedAt.UnixMicros);
        Assert.NotEqual(trace.Position, copy.Position);
    }

    [Fact]
    public async Task The_outcome_that_an_event_carries_is_traced_to_its_decision()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("offer");
        await server.ProfileAsync("user_id", "ann", await server.PublishAsync(Of("0", "ann")));
        var decision = await server.DecideAsync(DecisionCalls.Request(("user_id", "ann")));
        var sold = Of("1", "ann");
        sold.Outcome = new EventOutcome { DecisionId = decision.DecisionId, ActionId = decision.Ranked[0].ActionId, Kind = OutcomeKind.Accepted };
        await server.ProfileAsync("user_id", "ann", await server.PublishAsync(sold));
        Assert.Equal(OutcomeCredit.Credited, (await TraceAsync(server, new TraceEventRequest { EventId = "1", Source = "tests" })).OutcomeCredit);
    }

    [Fact]
    public async Task What_was_refused_is_found_with_its_reason_and_what_never_was_is_not()
    {
        await using var server = await GatewayFixture.StartAsync();
        var wrong = Of("bad-1", "ann");
        wrong.Channel = new string('c', 65);
        var refused = Assert.Single((await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { wrong } }, cancellationToken: Cancel)).Refused);
        await server.AllLearnedAsync();
        var trace = await TraceAsync(server, new TraceEventRequest { EventId = "bad-1", Source = "tests" });
        Assert.Equal((EventState.DeadLetter, refused.Reason, refused.Field, refused.Message), (trace.State, trace.DeadLetter.Reason, trace.DeadLetter.Field, trace.DeadLetter.Message));
        Assert.Equal("", trace.CustomerId);

        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "bad-2", Source = "tests" }), Code.NotFound, "EVENT_NOT_FOUND");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "bad-1", Source = "others" }), Code.NotFound, "EVENT_NOT_FOUND");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest()), Code.InvalidArgument, "ID_MISSING");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = new string('i', 129) }), Code.InvalidArgument, "ID_TOO_LONG");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "1", Source = new string('s', 65) }), Code.InvalidArgument, "SOURCE_TOO_LONG");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "1", SearchEvents = -1 }), Code.InvalidArgument, "FIELD_INVALID");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "1", Token = "no token" }), Code.InvalidArgument, "TOKEN_MALFORMED");
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "1", Purpose = "undeclared" }), Code.InvalidArgument, "PURPOSE_UNDECLARED");
    }

    [Fact]
    public async Task Only_as_many_events_are_looked_through_as_asked_for()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(Of("old", "ann"));
        await server.PublishAsync([.. Enumerable.Range(0, 40).Select(i => Of($"x-{i}", "ann"))]);
        await server.AllLearnedAsync();
        await Calls.RefusedAsync(TraceAsync(server, new TraceEventRequest { EventId = "old", Source = "tests", SearchEvents = 4 }), Code.NotFound, "EVENT_NOT_FOUND");
        Assert.Equal(EventState.Applied, (await TraceAsync(server, new TraceEventRequest { EventId = "old", Source = "tests", SearchEvents = 400 })).State);
        Assert.Equal(EventState.Applied, (await TraceAsync(server, new TraceEventRequest { EventId = "old", Source = "tests", SearchEvents = 4, Identifier = new Identifier { Namespace = "user_id", Value = "ann" } })).State);
    }

    [Fact]
    public async Task Before_it_is_applied_an_event_is_pending_and_after_its_customer_is_erased_it_is_erased()
    {
        await using var held = await Invariants.HeldServer.StartAsync();
        var hold = held.History.HoldNext(await held.MeetAsync("u1"));
        var token = await held.Server.PublishAsync(Of("late", "u1"));
        await hold.Reached;
        Assert.Equal(EventState.Pending, (await TraceAsync(held.Server, new TraceEventRequest { EventId = "late", Source = "tests", Token = token })).State);
        hold.Release();
        await held.Server.ProfileAsync("user_id", "u1", token);
        Assert.Equal(EventState.Applied, (await TraceAsync(held.Server, new TraceEventRequest { EventId = "late", Source = "tests" })).State);
        await held.Server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("user_id", "u1") }, cancellationToken: Cancel);
        await Calls.RefusedAsync(TraceAsync(held.Server, new TraceEventRequest { EventId = "late", Source = "tests" }), Code.NotFound, "EVENT_NOT_FOUND");
    }

    [Fact]
    public async Task What_the_purpose_may_not_see_or_the_customer_forbids_is_withheld()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("all", "events.count > 0");
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "ads", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true } }, cancellationToken: Cancel);
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "count" } }, cancellationToken: Cancel);
        foreach (var field in (string[])["recent_events", "segments", "identifiers.*"])
            await server.Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = field, Purposes = { "service", "ads" } } }, cancellationToken: Cancel);
        await server.ProfileAsync("user_id", "ann", await server.PublishAsync(Of("1", "ann")));

        var forbidden = await TraceAsync(server, new TraceEventRequest { EventId = "1", Source = "tests", Purpose = "ads", WithContent = true });
        Assert.Equal((EventState.Applied, "", "", ""), (forbidden.State, forbidden.CustomerId, forbidden.Type, forbidden.Channel));
        Assert.Equal(("customer", "CONSENT"), (Assert.Single(forbidden.Withheld).Field, forbidden.Withheld[0].Reason));
        Assert.True(forbidden is { Event: null, Facts.Count: 0, SegmentsEntered.Count: 0 });

        var narrow = await TraceAsync(server, new TraceEventRequest { EventId = "1", Source = "tests", Purpose = "count", WithContent = true });
        Assert.Equal(["recent_events", "segments"], narrow.Withheld.Select(w => w.Field).Order(StringComparer.Ordinal));
        Assert.Equal((ValueStatus.Withheld, "", ""), (narrow.SegmentsStatus, narrow.Type, Assert.Single(narrow.Facts).Minted.Identifier.Value));
        Assert.Null(narrow.Event);

        var seen = await TraceAsync(server, new TraceEventRequest { EventId = "1", Source = "tests", Purpose = "service", WithContent = true });
        Assert.Equal(("ann", "all"), (Assert.Single(seen.Facts).Minted.Identifier.Value, Assert.Single(seen.SegmentsEntered)));
        Assert.NotNull(seen.Event);
    }

    [Fact]
    public async Task A_server_that_started_again_traces_what_was_before()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.ProfileAsync("user_id", "ann", await server.PublishAsync(Of("1", "ann")));
        await server.RestartAsync();
        Assert.Equal(EventState.Applied, (await TraceAsync(server, new TraceEventRequest { EventId = "1", Source = "tests" })).State);
    }

    private static Event Of(string id, string user) => GatewayFixture.Event(id, "Login", ("user_id", user));

    private static async Task<TraceEventResponse> TraceAsync(GatewayFixture server, TraceEventRequest request) =>
        await server.Client.Events.TraceEventAsync(request, cancellationToken: Cancel);
}
