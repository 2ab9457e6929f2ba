using Cdp.EngineContract;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Decisions;

/// <summary>What is answered to the question "what now?", and for whom.</summary>
public sealed class DecideTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_visitor_of_whom_nothing_is_known_gets_a_decision_and_no_customer_comes_of_it()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("banner");
        await server.ActAsync("vip", a => a.Eligibility = "orders.count >= 1");
        await server.ActAsync("night", a => a.Eligibility = "call.context.hour >= 22 and call.channel == \"web\"");
        var request = DecisionCalls.Request(("device", "d9"));
        request.Context["hour"] = new Value { IntValue = 23 };

        var decision = await server.DecideAsync(request);

        Assert.Equal(["banner", "night"], decision.Actions().Order(StringComparer.Ordinal));
        Assert.Equal(("vip", "eligibility"), (Assert.Single(decision.Removed).ActionId, decision.Removed[0].Rule));
        Assert.Equal("", decision.CustomerId);
        Assert.Equal("banner", decision.Ranked.Single(r => r.ActionId == "banner").Payload.Data.ToStringUtf8());
        await Calls.RefusedAsync(
            server.Client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = GatewayFixture.Ref("device", "d9"), Purpose = "service" }, cancellationToken: Cancel),
            Code.NotFound, "CUSTOMER_NOT_FOUND");
        Assert.Empty(await server.Stores.Customers.PageAsync("default", "", 10, Cancel));

        // Whoever is nobody at all is asked about no less.
        Assert.Equal(["banner"], (await server.DecideAsync(DecisionCalls.Request())).Actions());
    }

    [Fact]
    public async Task A_customer_is_found_by_id_or_by_the_strongest_identifier_that_is_anybody_s()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("thanks", a => a.Eligibility = "orders.count == 1");
        var request = DecisionCalls.Request(("device", "d1"), ("user_id", "nobody"));
        request.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Order Completed", ("device", "d1")));

        var decision = await server.DecideAsync(request);

        Assert.Equal(["thanks"], decision.Actions());
        Assert.Equal((await server.ProfileAsync("device", "d1", "")).CustomerId, decision.CustomerId);
        var byId = DecisionCalls.Request();
        byId.CustomerId = decision.CustomerId;
        Assert.Equal(decision.CustomerId, (await server.DecideAsync(byId)).CustomerId);
        byId.CustomerId = "c" + new string('0', 26);
        Assert.Equal("", (await server.DecideAsync(byId)).CustomerId);
    }

    [Fact]
    public async Task An_action_is_removed_by_the_rule_that_names_why()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("promotion", a => a.Rules.Add(new ActionRule { Name = "open_complaint", RemovedWhen = "traits.complaint == \"open\"" }));
        var complaint = GatewayFixture.Event("1", "Complaint", ("user_id", "u1"));
        complaint.Traits = new TraitChanges { Set = { ["complaint"] = new Value { StringValue = "open" } } };
        var request = DecisionCalls.Request(("user_id", "u1"));
        request.AfterToken = await server.PublishAsync(complaint);

        var decision = await server.DecideAsync(request);

        Assert.Empty(decision.Actions());
        Assert.Equal("nothing", decision.Fallback.Data.ToStringUtf8());
        var removed = Assert.Single(decision.Removed);
        Assert.Equal(("promotion", "open_complaint"), (removed.ActionId, removed.Rule));
        Assert.Contains("traits.complaint", removed.Text, StringComparison.Ordinal);

        complaint = GatewayFixture.Event("2", "Complaint", ("user_id", "u1"));
        complaint.Traits = new TraitChanges { Set = { ["complaint"] = new Value { StringValue = "closed" } } };
        request.AfterToken = await server.PublishAsync(complaint);
        Assert.Equal(["promotion"], (await server.DecideAsync(request)).Actions());
    }

    [Fact]
    public async Task A_cap_holds_under_16_concurrent_callers_and_over_restarts()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(checkMessages: true, time);
        await server.PlaceAsync(p => p.ReservationSeconds = 60);
        await server.ActAsync("offer", a => a.Cap = new ActionCap { MaxShown = 5, PeriodSeconds = 3_600 });
        var request = DecisionCalls.Request(("user_id", "u1"));
        request.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));

        var decisions = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ => await server.DecideAsync(request)));

        var offered = decisions.Where(d => d.Actions().Any()).ToList();
        Assert.Equal(5, offered.Count);
        Assert.All(offered, d => Assert.Equal(DecisionConsistency.Sync, d.Consistency));
        Assert.All(decisions.Except(offered), d => Assert.Equal("cap", Assert.Single(d.Removed).Rule));

        // Two of them were shown; what was reserved for the others ends after a minute.
        Assert.Equal(
            [OutcomeCredit.Credited, OutcomeCredit.Credited],
            await server.RecordAsync([.. offered.Take(2).Select((d, i) => DecisionCalls.Outcome($"{i}", d, "offer", OutcomeKind.Shown))]));
        await server.RestartWithoutAsync("customer");
        Assert.Empty((await server.DecideAsync(request)).Actions());
        time.Advance(TimeSpan.FromSeconds(61));
        decisions = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ => await server.DecideAsync(request)));
        Assert.Equal(3, decisions.Count(d => d.Actions().Any()));
    }

    [Fact]
    public async Task A_dry_run_reserves_nothing_and_teaches_nothing()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("offer", a => a.Cap = new ActionCap { MaxShown = 1 });
        var request = DecisionCalls.Request(("user_id", "u1"));
        request.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        request.Mode = DecisionMode.DryRun;

        var dry = await server.DecideAsync(request);
        Assert.Equal(["offer"], dry.Actions());
        Assert.Equal([OutcomeCredit.DryRun], await server.RecordAsync(DecisionCalls.Outcome("o", dry, "offer", OutcomeKind.Accepted)));
        Assert.Equal(["offer"], (await server.DecideAsync(request)).Actions());

        request.Mode = DecisionMode.Force;
        var live = await server.DecideAsync(request);
        Assert.Equal(("offer", 0L), (live.Ranked[0].ActionId, live.Ranked[0].Trials));
        Assert.Equal("cap", Assert.Single((await server.DecideAsync(request)).Removed).Rule);
    }

    [Fact]
    public async Task Decisions_of_merged_customers_are_one_list_and_one_cap()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.ActAsync("offer", a => a.Cap = new ActionCap { MaxShown = 2 });
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("device", "d1")), GatewayFixture.Event("2", "Product Viewed", ("device", "d2")));
        var decisions = new List<DecideResponse>();
        foreach (var device in (string[])["d1", "d2"])
        {
            var one = DecisionCalls.Request(("device", device));
            one.AfterToken = token;
            decisions.Add(await server.DecideAsync(one));
        }

        Assert.All(decisions, d => Assert.Equal(["offer"], d.Actions()));
        token = await server.PublishAsync(
            GatewayFixture.Event("3", "Signed In", ("device", "d1"), ("email", "a@example.com")), GatewayFixture.Event("4", "Signed In", ("device", "d2"), ("email", "a@example.com")));
        var both = DecisionCalls.Request(("device", "d1"));
        both.AfterToken = token;
        var refused = await server.DecideAsync(both);

        Assert.Equal("cap", Assert.Single(refused.Removed).Rule);
        Assert.Equal([OutcomeCredit.Credited, OutcomeCredit.Credited], await server.RecordAsync([.. decisions.Select((d, i) => DecisionCalls.Outcome($"{i}", d, "offer", OutcomeKind.Accepted))]));
        await server.RestartWithoutAsync("customer");
        Assert.Equal("cap", Assert.Single((await server.DecideAsync(both)).Removed).Rule);
        Assert.Equal([OutcomeCredit.Duplicate, OutcomeCredit.Duplicate], await server.RecordAsync([.. decisions.Select((d, i) => DecisionCalls.Outcome($"{i}", d, "offer", OutcomeKind.Accepted))]));

        var listed = new List<DecisionSummary>();
        var list = new ListDecisionsRequest { Customer = GatewayFixture.Ref("device", "d2"), Purpose = "service", PageSize = 1 };
        do
        {
            var page = await server.Client.Decisions.ListDecisionsAsync(list, cancellationToken: Cancel);
            listed.Add(Assert.Single(page.Decisions));
            list.PageToken = page.NextPageToken;
        }
        while (list.PageToken.Length > 0);

        Assert.Equal(4, listed.Count);
        Assert.Equal(listed.OrderByDescending(d => d.DecidedAt.UnixMicros).Select(d => d.DecisionId), listed.Select(d => d.DecisionId));
        Assert.Equal(decisions.Select(d => d.DecisionId).Order(StringComparer.Ordinal), listed.Where(d => d.ActionIds.Count > 0).Select(d => d.DecisionId).Order(StringComparer.Ordinal));
        Assert.All(decisions, d => Assert.Contains(d.DecisionId, listed.Select(l => l.DecisionId)));
        foreach (var decision in decisions) Assert.Equal(decision.ToByteString(), (await server.ExplainAsync(decision.DecisionId)).Decision.ToByteString());
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_with_its_field()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await RefusedAsync(r => r.Placement = "elsewhere", Code.NotFound, "PLACEMENT_UNKNOWN");
        await RefusedAsync(r => r.Slots = 4, Code.InvalidArgument, "FIELD_INVALID");
        await RefusedAsync(r => r.Slots = -1, Code.InvalidArgument, "FIELD_INVALID");
        await RefusedAsync(r => r.Mode = (DecisionMode)9, Code.InvalidArgument, "FIELD_INVALID");
        await RefusedAsync(r => r.Consistency = (DecisionConsistency)9, Code.InvalidArgument, "FIELD_INVALID");
        await RefusedAsync(r => r.Purpose = "mischief", Code.InvalidArgument, "PURPOSE_UNDECLARED");
        await RefusedAsync(r => r.CustomerId = "a/b", Code.InvalidArgument, "CUSTOMER_ID_INVALID");
        await RefusedAsync(r => r.Context["x"] = new Value { StringValue = new string('x', 9_000) }, Code.InvalidArgument, "FIELD_INVALID");
        await RefusedAsync(r => r.Context.Add(Enumerable.Range(0, 65).ToDictionary(i => $"x{i}", i => new Value { IntValue = i })), Code.InvalidArgument, "FIELD_INVALID");
        await RefusedAsync(r => r.Identifiers.Add(new Identifier { Namespace = "No Namespace", Value = "x" }), Code.InvalidArgument, "NAMESPACE_INVALID");
        await RefusedAsync(r => r.AfterToken = "?", Code.InvalidArgument, "TOKEN_MALFORMED");

        // The limit is the context's: that the rest of the call is long is nobody's fault.
        var wordy = DecisionCalls.Request([.. Enumerable.Range(0, 20).Select(i => ("device", new string('d', 500) + i))]);
        wordy.Context["x"] = new Value { StringValue = "short" };
        Assert.NotEmpty((await server.DecideAsync(wordy)).DecisionId);

        async Task RefusedAsync(Action<DecideRequest> spoil, Code code, string reason)
        {
            var request = DecisionCalls.Request();
            spoil(request);
            await Calls.RefusedAsync(server.DecideAsync(request), code, reason);
        }
    }
}
