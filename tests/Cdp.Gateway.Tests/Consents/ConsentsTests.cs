using System.Text;
using Cdp.Client;
using Cdp.Domain.Consent;
using Cdp.EngineContract;
using Cdp.Gateway.Tests.Segments;
using Cdp.Grains.Customers;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Consents;

/// <summary>What a customer does not allow is not collected, not read, not exported in a segment and not decided.</summary>
public sealed class ConsentsTests
{
    private static readonly CustomerRef Anna = GatewayFixture.Ref("user_id", "anna");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_withdrawn_is_hidden_at_once_from_reads_segments_and_decisions()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        await server.Client.Segments.PutSegmentAsync(
            new PutSegmentRequest { Segment = new Segment { Id = "readers", Expression = "events.count > 0", Purpose = "newsletter", Channel = "email" } }, cancellationToken: Cancel);
        await server.PutAsync("all", "events.count > 0");
        await server.Client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = new Placement { Id = "mail", Channel = "email" } }, cancellationToken: Cancel);
        await server.Client.Decisions.PutActionAsync(
            new PutActionRequest { Action = new Cdp.V1.Action { Id = "letter", Purpose = "newsletter", Payloads = { new Payload { Channel = "email", Key = "l" } } } }, cancellationToken: Cancel);
        var token = await server.PublishAsync(Seen("e1"));
        await AssertAsync(server, allowed: false, token);

        var given = await RecordAsync(server, new ConsentAct { Purpose = "newsletter", Channel = "email", Granted = true, Proof = "form 7" });
        Assert.Equal((await server.ProfileAsync("user_id", "anna", token)).CustomerId, given.CustomerId);
        await AssertAsync(server, allowed: true, given.Token);

        // Of what is said of all channels and of one, the latest counts.
        await AssertAsync(server, allowed: false, (await RecordAsync(server, new ConsentAct { Purpose = "newsletter" })).Token);
        await AssertAsync(server, allowed: true, (await RecordAsync(server, new ConsentAct { Purpose = "newsletter", Granted = true })).Token);

        // After everything that is only derived is lost, the same.
        await RecordAsync(server, new ConsentAct { Purpose = "newsletter", Channel = "email" });
        await server.RestartWithoutAsync(CustomerGrain.SnapshotKind);
        await AssertAsync(server, allowed: false, token);

        var listed = Assert.Single((await server.Client.Consents.GetConsentsAsync(new GetConsentsRequest { Customer = Anna }, cancellationToken: Cancel)).Consents, c => c.Purpose == "newsletter");
        Assert.Equal((true, ConsentState.Granted, LawfulBasis.Consent, true), (listed.Allowed, listed.State, listed.LawfulBasis, listed.NeedsConsent));
        Assert.Equal([("", true), ("email", false)], listed.Acts.Select(act => (act.Channel, act.Allowed)));
    }

    [Fact]
    public async Task What_expires_ends_by_itself_also_where_nobody_touches_the_customer()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(time: time);
        await DeclareAsync(server);
        await server.Client.Segments.PutSegmentAsync(
            new PutSegmentRequest { Segment = new Segment { Id = "readers", Expression = "events.count > 0", Purpose = "newsletter" } }, cancellationToken: Cancel);
        await server.PublishAsync(Seen("e1"));
        var until = time.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds() * 1_000;
        var given = await RecordAsync(server, new ConsentAct { Purpose = "newsletter", Granted = true, ExpiresAt = new Timestamp { UnixMicros = until } });
        Assert.Single((await server.MembersAsync("readers", given.Token)).CustomerIds);
        Assert.Empty((await ReadAsync(server, Anna, "newsletter", "")).Withheld);

        time.Advance(TimeSpan.FromHours(25));
        Assert.Equal(0, (await server.CountAsync("readers")).Members);
        Assert.Empty((await server.MembersAsync("readers")).CustomerIds);
        Assert.Empty((await server.MembershipsAsync(Anna)).Memberships);
        Assert.Contains((await ReadAsync(server, Anna, "newsletter", "")).Withheld, w => w.Reason == "CONSENT");
        var listed = (await server.Client.Consents.GetConsentsAsync(new GetConsentsRequest { Customer = Anna }, cancellationToken: Cancel)).Consents.Single(c => c.Purpose == "newsletter");
        Assert.Equal((false, ConsentState.Expired), (listed.Allowed, listed.State));
    }

    [Fact]
    public async Task A_read_for_what_is_refused_is_withheld_and_every_other_read_says_so()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        var token = await server.PublishAsync(Seen("e1"));
        var refused = await RecordAsync(server, new ConsentAct { Purpose = "marketing" }, new ConsentAct { Purpose = "service" });
        Assert.All(refused.Consents.Where(c => c.Purpose is "marketing" or "service"), c => Assert.Equal((false, ConsentState.Refused), (c.Allowed, c.State)));

        var profile = await ReadAsync(server, Anna, "marketing", "", "traits.*", "identifiers.*", "activity");
        Assert.Equal(["traits.*", "identifiers.*", "activity"], profile.Withheld.Select(w => w.Field));
        Assert.Empty(profile.Traits);
        Assert.Empty(profile.Identifiers);
        Assert.Null(profile.Activity);
        foreach (var call in Reads(server, "marketing"))
        {
            var error = await Assert.ThrowsAsync<CallException>(() => call);
            Assert.Equal((Code.PermissionDenied, ConsentRules.MissingReason), (error.StatusCode, error.Reason));
        }

        foreach (var call in Reads(server, "delivery")) await call;
        Assert.Equal(4, (await ReadAsync(server, Anna, "delivery", token, "activity")).Activity.EventCount + 1);
    }

    [Fact]
    public async Task An_event_that_may_not_be_collected_leaves_nothing_behind()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        await server.Client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = "Page Read", Purpose = "analysis" } }, cancellationToken: Cancel);

        var first = await PublishAsync(server, Page("p1"), Seen("e1"));
        Assert.Equal(("p1", ConsentRules.MissingReason, "type", 1), (Assert.Single(first.Refused).EventId, first.Refused[0].Reason, first.Refused[0].Field, first.Accepted));
        await server.ProfileAsync("user_id", "anna", first.Token);

        // What is said in the same batch counts, and what was said before.
        var act = GatewayFixture.Event("c1", ConsentEvents.Type, ("user_id", "anna"));
        ConsentEvents.Write(new ConsentAct { Purpose = "analysis", Granted = true }, act.Properties);
        Assert.Empty((await PublishAsync(server, Page("p2"), act)).Refused);
        await RecordAsync(server, new ConsentAct { Purpose = "analysis", Channel = "web" });
        Assert.Equal(ConsentRules.MissingReason, Assert.Single((await PublishAsync(server, Page("p3"))).Refused).Reason);
        Assert.Equal(ConsentRules.MissingReason, Assert.Single((await server.Client.Interactions.ExchangeAsync(new ExchangeRequest { Events = { Page("p4") } }, cancellationToken: Cancel)).Published.Refused).Reason);

        var kept = new StringBuilder();
        for (var partition = 0; partition < server.Stores.Log.Partitions; partition++)
        {
            foreach (var payload in (await server.Stores.Log.ReadAsync(partition, 0, int.MaxValue, Cancel)).Select(r => r.Record.Payload)) kept.Append(Encoding.UTF8.GetString(payload.Span));
        }

        Assert.DoesNotContain("secret p1", kept.ToString(), StringComparison.Ordinal);
        Assert.Contains("secret p2", kept.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret p3", kept.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret p4", kept.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_signal_of_a_browser_refuses_what_heeds_it_until_the_customer_allows_it_all_the_same()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        await RecordAsync(server, new ConsentAct { Purpose = "ads", Granted = true });
        var token = await server.PublishAsync(Seen("e1"));
        Assert.Empty((await ReadAsync(server, Anna, "ads", token)).Withheld);
        var signalled = Seen("e2");
        signalled.Context["Sec-GPC"] = new Value { StringValue = "1" };
        token = await server.PublishAsync(signalled);
        Assert.NotEmpty((await ReadAsync(server, Anna, "ads", token)).Withheld);
        Assert.Empty((await ReadAsync(server, Anna, "service", token)).Withheld);
        var listed = (await server.Client.Consents.GetConsentsAsync(new GetConsentsRequest { Customer = Anna }, cancellationToken: Cancel)).Consents.Single(c => c.Purpose == "ads");
        Assert.Equal((false, ConsentState.RefusedBySignal), (listed.Allowed, listed.State));

        await RecordAsync(server, new ConsentAct { Purpose = "ads", Granted = true });
        Assert.Empty((await ReadAsync(server, Anna, "ads", token)).Withheld);
    }

    [Fact]
    public async Task What_is_said_before_a_merge_counts_after_it_for_both()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        await server.Client.Consents.RecordConsentAsync(
            new RecordConsentRequest { Customer = GatewayFixture.Ref("cookie", "ck"), Acts = { new ConsentAct { Purpose = "marketing" } } }, cancellationToken: Cancel);
        var token = await server.PublishAsync(Seen("e1"));
        Assert.Empty((await ReadAsync(server, Anna, "marketing", token)).Withheld);
        token = await server.PublishAsync(GatewayFixture.Event("e2", "Login", ("user_id", "anna"), ("cookie", "ck")));
        Assert.NotEmpty((await ReadAsync(server, Anna, "marketing", token)).Withheld);
        Assert.NotEmpty((await ReadAsync(server, GatewayFixture.Ref("cookie", "ck"), "marketing", token)).Withheld);
    }

    [Fact]
    public async Task A_customer_may_be_named_by_its_id_and_a_request_sent_again_counts_once()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        var id = (await server.ProfileAsync("user_id", "anna", await server.PublishAsync(Seen("e1")))).CustomerId;
        var request = new RecordConsentRequest
        {
            Customer = new CustomerRef { CustomerId = id }, Acts = { new ConsentAct { Purpose = "newsletter", Granted = true } }, RequestId = "r-1", SaidOn = "store", Source = "till",
        };
        for (var i = 0; i < 2; i++) Assert.Equal(id, (await server.Client.Consents.RecordConsentAsync(request, cancellationToken: Cancel)).CustomerId);
        var act = Assert.Single((await server.Client.Consents.GetConsentsAsync(new GetConsentsRequest { Customer = Anna }, cancellationToken: Cancel)).Consents.Single(c => c.Purpose == "newsletter").Acts);
        Assert.Equal(("till", "store", "r-1/0"), (act.Source, act.SaidOn, act.EventId));
        Assert.Equal(2, (await ReadAsync(server, Anna, "service", "", "activity")).Activity.EventCount);
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await DeclareAsync(server);
        await WrongAsync(new RecordConsentRequest { Customer = Anna }, "acts", ConsentEvents.InvalidReason);
        await WrongAsync(With(new ConsentAct { Purpose = "unheard" }), "acts[0].purpose", "PURPOSE_UNDECLARED");
        await WrongAsync(With(new ConsentAct { Purpose = "ads", Channel = new string('c', 65) }), "acts[0].channel", ConsentEvents.InvalidReason);
        await WrongAsync(With(new ConsentAct { Purpose = "ads", Proof = new string('p', 201) }), "acts[0].proof", ConsentEvents.InvalidReason);
        await WrongAsync(With(new ConsentAct { Purpose = "ads", ExpiresAt = new Timestamp() }), "acts[0].expires_at", ConsentEvents.InvalidReason);
        await WrongAsync(With(new ConsentAct { Purpose = "ads" }, r => r.Source = new string('s', 65)), "source", "SOURCE_TOO_LONG");
        await WrongAsync(With(new ConsentAct { Purpose = "ads" }, r => r.RequestId = new string('r', 101)), "request_id", "REQUEST_ID_TOO_LONG");
        await WrongAsync(With(new ConsentAct { Purpose = "ads" }, r => r.Customer = null), "customer", "CUSTOMER_MISSING");
        await Calls.RefusedAsync(server.Client.Consents.GetConsentsAsync(new GetConsentsRequest { Customer = Anna }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");

        var bare = await PublishAsync(server, GatewayFixture.Event("c1", ConsentEvents.Type, ("user_id", "anna")));
        Assert.Equal((ConsentEvents.InvalidReason, "properties.purpose"), (Assert.Single(bare.Refused).Reason, bare.Refused[0].Field));
        await PurposeAsync(new Purpose { Id = "x", LawfulBasis = LawfulBasis.Consent }, "purpose.needs_consent");
        await PurposeAsync(new Purpose { Id = "x", LawfulBasis = LawfulBasis.Contract, NeedsConsent = true }, "purpose.needs_consent");
        await PurposeAsync(new Purpose { Id = "x", LawfulBasis = LawfulBasis.LegalObligation, RefusedByGpc = true }, "purpose.refused_by_gpc");
        var segment = server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = "s", Expression = "events.count > 0", Channel = "web" } }, cancellationToken: Cancel);
        Assert.Equal("segment.channel", Assert.Single((await Calls.RefusedAsync(segment, Code.InvalidArgument, "FIELD_INVALID")).FieldViolations).Field);

        async Task WrongAsync(RecordConsentRequest request, string field, string reason)
        {
            var error = await Calls.RefusedAsync(server.Client.Consents.RecordConsentAsync(request, cancellationToken: Cancel), Code.InvalidArgument, reason);
            Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        }

        async Task PurposeAsync(Purpose purpose, string field)
        {
            var error = await Calls.RefusedAsync(server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = purpose }, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
            Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        }

        static RecordConsentRequest With(ConsentAct act, Action<RecordConsentRequest>? with = null)
        {
            var request = new RecordConsentRequest { Customer = Anna, Acts = { act } };
            with?.Invoke(request);
            return request;
        }
    }

    [Fact]
    public async Task A_purpose_that_begins_to_need_consent_empties_the_segments_that_serve_it()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(time: time);
        await server.Client.Segments.PutSegmentAsync(
            new PutSegmentRequest { Segment = new Segment { Id = "targets", Expression = "events.count > 0", Purpose = "marketing" } }, cancellationToken: Cancel);
        var token = await server.PublishAsync(Seen("e1"));
        Assert.Equal(1, (await server.CountAsync("targets", token)).Members);
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "marketing", NeedsConsent = true } }, cancellationToken: Cancel);
        Assert.Equal(0, (await server.BackfilledAsync("targets", time)).Members);
    }

    private static async Task AssertAsync(GatewayFixture server, bool allowed, string token)
    {
        Assert.Equal(allowed ? 0 : 1, (await ReadOnAsync(server, "email", Anna, "newsletter", token)).Withheld.Count(w => w is { Field: "activity", Reason: "CONSENT" }));
        Assert.Equal(allowed ? 1 : 0, (await server.CountAsync("readers", token)).Members);
        Assert.Equal(allowed ? 1 : 0, (await server.MembersAsync("readers", token)).CustomerIds.Count);
        Assert.Equal(allowed ? ["all", "readers"] : ["all"], (await server.MembershipsAsync(Anna, token)).Memberships.Select(m => m.Segment));
        var explained = await server.ExplainAsync("readers", Anna, token);
        Assert.Equal((allowed, !allowed, true), (explained.Member, explained.ConsentMissing, explained.Explanation.Value.BoolValue));
        var decided = await server.Client.Decisions.DecideAsync(
            new DecideRequest { Placement = "mail", Identifiers = { Anna.Identifier }, Purpose = "service", AfterToken = token }, cancellationToken: Cancel);
        Assert.Equal(allowed ? [] : ["consent"], decided.Removed.Select(r => r.Rule));
        var why = await server.Client.Decisions.ExplainDecisionAsync(new ExplainDecisionRequest { DecisionId = decided.DecisionId, Purpose = "service" }, cancellationToken: Cancel);
        Assert.Equal(decided, why.Decision);
    }

    private static IEnumerable<Task> Reads(GatewayFixture server, string purpose)
    {
        yield return server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = Anna, Purpose = purpose }, cancellationToken: Cancel);
        yield return server.Client.Segments.ListMembershipsAsync(new ListMembershipsRequest { Customer = Anna, Purpose = purpose }, cancellationToken: Cancel);
        yield return server.Client.Decisions.ListDecisionsAsync(new ListDecisionsRequest { Customer = Anna, Purpose = purpose }, cancellationToken: Cancel);
        yield return server.Client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = Anna, Purpose = purpose }, cancellationToken: Cancel);
    }

    private static async Task DeclareAsync(GatewayFixture server)
    {
        Purpose[] purposes =
        [
            new() { Id = "newsletter", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true },
            new() { Id = "ads", LawfulBasis = LawfulBasis.LegitimateInterests, RefusedByGpc = true },
            new() { Id = "analysis", NeedsConsent = true },
            new() { Id = "delivery", LawfulBasis = LawfulBasis.Contract },
        ];
        foreach (var purpose in purposes) await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = purpose }, cancellationToken: Cancel);
    }

    private static async Task<RecordConsentResponse> RecordAsync(GatewayFixture server, params ConsentAct[] acts) =>
        await server.Client.Consents.RecordConsentAsync(new RecordConsentRequest { Customer = Anna, Acts = { acts } }, cancellationToken: Cancel);

    private static async Task<PublishEventsResponse> PublishAsync(GatewayFixture server, params Event[] events) =>
        await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, cancellationToken: Cancel);

    private static async Task<Profile> ReadAsync(GatewayFixture server, CustomerRef customer, string purpose, string token, params string[] fields) =>
        await ReadOnAsync(server, string.Empty, customer, purpose, token, fields);

    private static async Task<Profile> ReadOnAsync(GatewayFixture server, string channel, CustomerRef customer, string purpose, string token, params string[] fields) =>
        (await server.Client.Profiles.GetProfileAsync(
            new GetProfileRequest { Customer = customer, Purpose = purpose, AfterToken = token, Channel = channel, Fields = { fields } }, cancellationToken: Cancel)).Profile;

    private static Event Seen(string id) => GatewayFixture.Event(id, "Product Viewed", ("user_id", "anna"));

    private static Event Page(string id)
    {
        var made = GatewayFixture.Event(id, "Page Read", ("user_id", "anna"));
        made.Properties["text"] = new Value { StringValue = $"secret {id}" };
        return made;
    }
}
