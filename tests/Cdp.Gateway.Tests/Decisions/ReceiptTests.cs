using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Decisions;

/// <summary>Invariant 11: decisions are entries, from which they are replayed.</summary>
public sealed class ReceiptTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_decision_is_replayed_to_the_same_bytes_after_a_restart_edits_and_what_was_learned_since()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        foreach (var id in (string[])["a", "b", "c", "d"]) await server.ActAsync(id);
        await server.ActAsync("e", a => a.Eligibility = "orders.count > 5");
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Order Completed", ("user_id", "u1")));
        var decisions = new List<DecideResponse>();
        foreach (var request in new[] { DecisionCalls.Request(("user_id", "u1")), DecisionCalls.Request() })
        {
            foreach (var (omit, propensity, consistency) in new[] { (false, true, DecisionConsistency.Async), (true, false, DecisionConsistency.Sync) })
            {
                (request.OmitRemoved, request.WithPropensity, request.Consistency, request.AfterToken) = (omit, propensity, consistency, token);
                var decision = await server.DecideAsync(request);
                decisions.Add(decision);
                Assert.Equal([OutcomeCredit.Credited], await server.RecordAsync(DecisionCalls.Outcome("o", decision, decision.Ranked[0].ActionId, OutcomeKind.Accepted)));
            }
        }

        Assert.Equal(4, decisions.Select(d => d.DecisionId).Distinct(StringComparer.Ordinal).Count());
        await server.ActAsync("a", a => a.DisplayName = "Other");
        await server.Client.Decisions.DeleteActionAsync(new DeleteActionRequest { Id = "b" }, cancellationToken: Cancel);
        await server.PlaceAsync(p => p.Slots = 1);
        var before = await ExplainAllAsync();

        await server.RestartWithoutAsync("customer", "model");

        var after = await ExplainAllAsync();
        for (var i = 0; i < decisions.Count; i++)
        {
            Assert.Equal(decisions[i].ToByteString(), after[i].Decision.ToByteString());
            Assert.Equal(before[i].ToByteString(), after[i].ToByteString());
            Assert.Equal(("home", 1, (long)i), (after[i].Placement, after[i].PlacementVersion, after[i].ModelVersion));
            Assert.Equal(["", "a", "b", "c", "d"], after[i].Candidates.Select(c => c.ActionId).Order(StringComparer.Ordinal));
            Assert.Equal(1, after[i].Candidates.Sum(c => c.Propensity), 3);
        }

        // Names of what is gone are still known.
        var listed = await server.Client.Decisions.ListDecisionsAsync(new ListDecisionsRequest { Customer = GatewayFixture.Ref("user_id", "u1"), Purpose = "service" }, cancellationToken: Cancel);
        Assert.Equal(decisions.Take(2).Reverse().Select(d => string.Join(' ', d.Actions())), listed.Decisions.Select(d => string.Join(' ', d.ActionIds)));

        async Task<List<ExplainDecisionResponse>> ExplainAllAsync()
        {
            var all = new List<ExplainDecisionResponse>();
            foreach (var decision in decisions) all.Add(await server.ExplainAsync(decision.DecisionId));
            return all;
        }
    }

    [Fact]
    public async Task A_decision_that_never_was_is_not_found()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Order Completed", ("user_id", "u1")));
        var customer = (await server.ProfileAsync("user_id", "u1", token)).CustomerId;
        foreach (var id in (string[])[$"{customer}.0.0.0000000000000000", "cnobody.1.1.0000000000000000", ".0.1.0000000000000000"])
            await Calls.RefusedAsync(server.ExplainAsync(id), Code.NotFound, "DECISION_UNKNOWN");
        foreach (var id in (string[])["", "x", "a/b.1.1.0000000000000000", $"{customer}.0.0.0"])
            await Calls.RefusedAsync(server.ExplainAsync(id), Code.InvalidArgument, "DECISION_ID_INVALID");
    }

    [Fact]
    public async Task A_purpose_hears_nothing_of_what_it_may_not_see()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PlaceAsync();
        await server.Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = "monetary", Purposes = { "service" } } }, cancellationToken: Cancel);
        await server.ActAsync("rich", a => a.Eligibility = "orders.count >= 1");
        await server.ActAsync("all");
        var request = DecisionCalls.Request(("user_id", "u1"));
        request.AfterToken = await server.PublishAsync(GatewayFixture.Event("1", "Order Completed", ("user_id", "u1")));
        request.OmitRemoved = true;
        var service = await server.DecideAsync(request);
        request.Purpose = "marketing";
        request.OmitRemoved = false;
        var marketing = await server.DecideAsync(request);

        Assert.Contains("rich", service.Actions());
        Assert.Equal("purpose", Assert.Single(marketing.Removed).Rule);
        await Calls.RefusedAsync(ExplainForMarketingAsync(service), Code.PermissionDenied, "FIELD_WITHHELD");
        Assert.Equal(marketing, (await ExplainForMarketingAsync(marketing)).Decision);

        Task<ExplainDecisionResponse> ExplainForMarketingAsync(DecideResponse decision) => server.Client.Decisions.ExplainDecisionAsync(
            new ExplainDecisionRequest { DecisionId = decision.DecisionId, Purpose = "marketing" }, cancellationToken: Cancel);
    }
}
