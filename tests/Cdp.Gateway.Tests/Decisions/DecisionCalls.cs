using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Decisions;

/// <summary>What the tests of decisions say to a server.</summary>
internal static class DecisionCalls
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task PlaceAsync(this GatewayFixture server, Action<Placement>? change = null)
    {
        var placement = new Placement { Id = "home", Channel = "web", Slots = 3, Fallback = PayloadOf("nothing") };
        change?.Invoke(placement);
        await server.Client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = placement }, cancellationToken: Cancel);
    }

    public static async Task<Cdp.V1.Action> ActAsync(this GatewayFixture server, string id, Action<Cdp.V1.Action>? change = null)
    {
        var action = new Cdp.V1.Action { Id = id, DisplayName = id.ToUpperInvariant(), Payloads = { PayloadOf(id) } };
        change?.Invoke(action);
        return (await server.Client.Decisions.PutActionAsync(new PutActionRequest { Action = action }, cancellationToken: Cancel)).Action;
    }

    public static DecideRequest Request(params (string Namespace, string Value)[] identifiers) => new()
    {
        Placement = "home",
        Purpose = "service",
        Identifiers = { identifiers.Select(i => new Identifier { Namespace = i.Namespace, Value = i.Value }) },
    };

    public static Task<DecideResponse> DecideAsync(this GatewayFixture server, DecideRequest request) => server.Client.Decisions.DecideAsync(request, cancellationToken: Cancel);

    public static Task<ExplainDecisionResponse> ExplainAsync(this GatewayFixture server, string decision) =>
        server.Client.Decisions.ExplainDecisionAsync(new ExplainDecisionRequest { DecisionId = decision, Purpose = "service" }, cancellationToken: Cancel);

    public static async Task<List<OutcomeCredit>> RecordAsync(this GatewayFixture server, params Outcome[] outcomes)
    {
        var response = await server.Client.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { outcomes } }, cancellationToken: Cancel);
        Assert.Equal(outcomes.Select(o => o.Id), response.Results.Select(r => r.OutcomeId));
        Assert.All(response.Results, r => Assert.Equal(r.Credit == OutcomeCredit.Credited, r.Message.Length == 0));
        return [.. response.Results.Select(r => r.Credit)];
    }

    /// <summary>Waits until all that is in the log is applied and learned from.</summary>
    public static async Task AllLearnedAsync(this GatewayFixture server)
    {
        for (var p = 0; p < server.Host.Log.Partitions; p++)
        {
            var wait = new WaitAppliedRequest { Position = await server.Host.Log.EndAsync(p, Cancel), Mirrored = true };
            await server.Host.Grains.Get<IPartition>(GrainCatalog.PartitionKey(p)).WaitApplied(wait, Cancel);
        }
    }

    public static Outcome Outcome(string id, DecideResponse decision, string action, OutcomeKind kind) =>
        new() { Id = id, DecisionId = decision.DecisionId, ActionId = action, Kind = kind };

    /// <summary>An event that carries an outcome.</summary>
    public static Event Event(string id, DecideResponse decision, string action, OutcomeKind kind, params (string Namespace, string Value)[] identifiers)
    {
        var made = GatewayFixture.Event(id, "Offer Answered", identifiers);
        made.Outcome = new EventOutcome { DecisionId = decision.DecisionId, ActionId = action, Kind = kind };
        return made;
    }

    public static IEnumerable<string> Actions(this DecideResponse response) => response.Ranked.Where(r => r.ActionId.Length > 0).Select(r => r.ActionId);

    private static Payload PayloadOf(string text) => new() { Channel = "web", Data = ByteString.CopyFromUtf8(text) };
}
