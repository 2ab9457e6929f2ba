using System.Security.Cryptography;
using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Keys;
using Cdp.Grains.Decisions;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;

namespace Cdp.Gateway.Decisions;

/// <summary>What now, for this customer? Decides, explains, and hears what became of it.</summary>
internal sealed class DecisionsService(GatewayPorts ports, CustomerFinder finder, ConsentGate consents, TenantEditor tenants, AuditedCalls audited)
{
    private const int MostContextNames = 64;
    private const int MostContextBytes = 8 * 1024;

    private readonly ActionCatalog _catalog = new(ports, tenants);
    private readonly OutcomeRecorder _outcomes = new(ports, finder);
    private readonly DecisionReader _reader = new(ports, finder, consents);

    /// <summary>Reads decisions.</summary>
    public DecisionReader Reader => _reader;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(Cdp.V1.DecisionsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Decisions"))
        .Unary("PutAction", audited.Act<PutActionRequest, PutActionResponse>(_catalog.PutActionAsync, r => r.ValidateOnly ? null : r.Action?.Id ?? ""))
        .Unary<GetActionRequest, GetActionResponse>("GetAction", ActionCatalog.GetActionAsync)
        .Unary<ListActionsRequest, ListActionsResponse>("ListActions", ActionCatalog.ListActionsAsync)
        .Unary("DeleteAction", audited.Act<DeleteActionRequest, DeleteActionResponse>(_catalog.DeleteActionAsync, r => r.Id))
        .Unary("PutPlacement", audited.Act<PutPlacementRequest, PutPlacementResponse>(_catalog.PutPlacementAsync, r => r.ValidateOnly ? null : r.Placement?.Id ?? ""))
        .Unary<GetPlacementRequest, GetPlacementResponse>("GetPlacement", ActionCatalog.GetPlacementAsync)
        .Unary<ListPlacementsRequest, ListPlacementsResponse>("ListPlacements", ActionCatalog.ListPlacementsAsync)
        .UnaryEncoded<DecideRequest>("Decide", DecideAsync)
        .Unary<RecordOutcomesRequest, RecordOutcomesResponse>("RecordOutcomes", _outcomes.RecordAsync)
        .Unary("ExplainDecision", audited.Read<ExplainDecisionRequest, ExplainDecisionResponse>(_reader.ExplainAsync, (r, _) => CustomerOf(r.DecisionId), r => r.Purpose, "decisions"))
        .Unary("ListDecisions", audited.ReadOf<ListDecisionsRequest, ListDecisionsResponse>(_reader.ListAsync, r => r.Customer, r => r.Purpose, "decisions"));

    /// <summary>The customer of a decision; one for nobody is named itself.</summary>
    private static string CustomerOf(string decisionId) => DecisionId.TryParse(decisionId, out var id) && id.Customer.Length > 0 ? id.Customer : decisionId;

    private async ValueTask<ReadOnlyMemory<byte>> DecideAsync(DecideRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        Check(caller, request, path: string.Empty);
        var call = new DecideCustomerRequest { Call = request, Purpose = ReadPurposes.Of(caller, request.Purpose), Newest = request.AfterToken.Length > 0 };
        if (request.AfterToken.Length > 0) await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        return await FindAndDecideAsync(caller, call, context.CancellationToken) is { } reply
            ? reply.Response.Memory
            : await DecideForNobodyAsync(caller, call.Call, call.Purpose, context.CancellationToken);
    }

    /// <summary>Decides for a visitor: whom a call names is not known.</summary>
    /// <returns>An encoded <see cref="DecideResponse"/>.</returns>
    internal async ValueTask<ReadOnlyMemory<byte>> DecideForNobodyAsync(Caller caller, DecideRequest call, string purpose, CancellationToken cancellationToken)
    {
        // The time is the decision's, whoever keeps it.
        var id = new DecisionId(string.Empty, 0, ports.NowMicros, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        var visitor = new DecideVisitorRequest { Call = call, Purpose = purpose };
        return (await ports.Grains.Get<IVisitorDecision>($"{caller.Tenant}/{id}").Decide(visitor, cancellationToken)).Response.Memory;
    }

    /// <summary>Has the customer decide that the request's first call names; null where it names none that is known.</summary>
    internal async ValueTask<DecideCustomerReply?> FindAndDecideAsync(Caller caller, DecideCustomerRequest call, CancellationToken cancellationToken)
    {
        if (call.Call.CustomerId.Length > 0 && await DecideAsync(caller, new CustomerRef { CustomerId = call.Call.CustomerId }, call, cancellationToken) is { } named) return named;
        if (call.Call.Identifiers.Count == 0) return null;

        // The only one is the strongest: where it led to a customer before, it needs neither normalising nor hashing.
        if (call.Call.Identifiers.Count == 1 && finder.Knows(caller, call.Call.Identifiers[0])
            && await DecideAsync(caller, new CustomerRef { Identifier = call.Call.Identifiers[0] }, call, cancellationToken) is { } known) return known;
        var identifiers = caller.Identifiers.Resolve(call.Call.Identifiers);
        if (identifiers.RefusedIndex >= 0)
            throw RpcError.InvalidField($"identifiers[{identifiers.RefusedIndex}].value", identifiers.Refusal.Message, identifiers.Refusal.Reason).ToException();
        for (var i = 0; i < identifiers.Count; i++)
        {
            var reference = new CustomerRef { Identifier = call.Call.Identifiers[identifiers.KeyAt(i).Index] };
            if (await DecideAsync(caller, reference, call, cancellationToken) is { } reply) return reply;
        }

        return null;
    }

    private ValueTask<DecideCustomerReply?> DecideAsync(Caller caller, CustomerRef customer, DecideCustomerRequest call, CancellationToken cancellationToken) => finder.CallAsync(
        caller, customer, "customer", static (customer, call, cancellationToken) => customer.Decide(call, cancellationToken), call,
        static r => (r.Standing, r.ForwardedTo), cancellationToken);

    /// <summary>Refuses a call that cannot be decided.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="request">The call.</param>
    /// <param name="path">Where it stands in what was sent, for errors; empty or ending in a dot.</param>
    /// <exception cref="RpcException">It cannot.</exception>
    internal static void Check(Caller caller, DecideRequest request, string path)
    {
        var placement = ActionCatalog.Find(caller, request.Placement, $"{path}placement");
        if (request.CustomerId.Length > 0) CustomerFinder.RequireId(request.CustomerId, "customer_id");
        if (request.Identifiers.Count > EventLimits.MaxIdentifiers)
            throw RpcError.InvalidField("identifiers", $"Name at most {EventLimits.MaxIdentifiers} identifiers of one person.", "IDENTIFIERS_COUNT").ToException();
        if (request.Slots < 0 || request.Slots > placement.Slots) throw Invalid($"{path}slots", $"Give 1 to {placement.Slots}, the placement's, or 0 for as many.");
        if (!Enum.IsDefined(request.Mode)) throw Invalid($"{path}mode", "Give LIVE, DRY_RUN or FORCE.");
        if (!Enum.IsDefined(request.Consistency)) throw Invalid($"{path}consistency", "Give SYNC or ASYNC.");
        if (request.Context.Count > MostContextNames || IsContextTooLong(request))
            throw Invalid("context", $"Give at most {MostContextNames} names and {MostContextBytes} bytes.");
    }

    /// <summary>Measures the whole first: that takes no copy, and is hardly ever too long.</summary>
    private static bool IsContextTooLong(DecideRequest request) =>
        request.CalculateSize() > MostContextBytes && new DecideRequest { Context = { request.Context } }.CalculateSize() > MostContextBytes;

    private static RpcException Invalid(string field, string message) => RpcError.InvalidField(field, message, TenantReasons.FieldInvalid).ToException();
}
