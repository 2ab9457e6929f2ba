using System.Globalization;
using Cdp.Domain.Consent;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains.Identities;
using Cdp.Rpc;
using Cdp.V1;

namespace Cdp.Gateway.Consents;

/// <summary>What customers allow their data to be used for.</summary>
internal sealed class ConsentsService(GatewayPorts ports, CustomerFinder finder, IngestService ingest, ConsentGate gate)
{
    private const int MostActs = 64;
    private const int MostRequestId = 100;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(ConsentsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Consents"))
        .Unary<RecordConsentRequest, RecordConsentResponse>("RecordConsent", RecordAsync)
        .Unary<GetConsentsRequest, GetConsentsResponse>("GetConsents", GetAsync);

    /// <summary>An act travels as an event, so that it is durable, ordered, merged and replayed like everything else.</summary>
    private async ValueTask<RecordConsentResponse> RecordAsync(RecordConsentRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        if (request.Acts.Count is 0 or > MostActs) throw Invalid("acts", $"Give 1 to {MostActs} acts.");
        for (var i = 0; i < request.Acts.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"acts[{i}].");
            if (ConsentEvents.Check(request.Acts[i], caller.Definitions, path) is { } wrong) throw RpcError.InvalidField(wrong.Field, wrong.Message, wrong.Reason).ToException();
        }

        if (request.RequestId.Length > MostRequestId) throw RpcError.InvalidField("request_id", $"Give at most {MostRequestId} characters.", "REQUEST_ID_TOO_LONG").ToException();
        var identifier = await IdentifierOfAsync(caller, request.Customer, context.CancellationToken);
        var published = await ingest.PublishAllAsync(caller, [.. EventsOf(request, identifier)], context.CancellationToken);
        await ReadTokens.WaitMirroredAsync(ports, published.Token, context.CancellationToken);
        var (id, consents) = await DescribeAsync(caller, new CustomerRef { Identifier = identifier }, newest: true, context.CancellationToken);
        return new RecordConsentResponse { CustomerId = id, Consents = { consents }, Token = published.Token };
    }

    private async ValueTask<GetConsentsResponse> GetAsync(GetConsentsRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        var (id, consents) = await DescribeAsync(caller, request.Customer, request.AfterToken.Length > 0, context.CancellationToken);
        return new GetConsentsResponse { CustomerId = id, Consents = { consents } };
    }

    private async ValueTask<(string Id, IEnumerable<PurposeConsent> Consents)> DescribeAsync(
        Caller caller, CustomerRef? customer, bool newest, CancellationToken cancellationToken)
    {
        var reply = await gate.ReadAsync(caller, customer, newest, cancellationToken) ?? throw CustomerFinder.NotFound();
        return (reply.CustomerId, ConsentRules.Describe(reply.State, caller.Definitions, ports.NowMicros));
    }

    /// <summary>By what the customer's acts find it: what was named, or the first that it was known by.</summary>
    private async ValueTask<Identifier> IdentifierOfAsync(Caller caller, CustomerRef? customer, CancellationToken cancellationToken)
    {
        if (customer?.Identifier is { } named)
        {
            CustomerFinder.Resolve(caller, named, "customer.identifier");
            return named;
        }

        var id = await finder.IdOfAsync(caller, customer, "customer", cancellationToken) ?? throw CustomerFinder.NotFound();
        await foreach (var fact in IdentityFacts.AllAsync(ports.Grains.Get<IIdentity>(caller.Tenant), id, newest: true, cancellationToken))
        {
            if ((fact.Minted?.Identifier ?? fact.Linked?.Identifier) is { Value.Length: > 0 } identifier) return identifier;
        }

        throw CustomerFinder.NotFound();
    }

    private static IEnumerable<Event> EventsOf(RecordConsentRequest request, Identifier identifier)
    {
        var id = request.RequestId.Length > 0 ? request.RequestId : Guid.NewGuid().ToString("N");
        for (var i = 0; i < request.Acts.Count; i++)
        {
            var said = new Event
            {
                Id = string.Create(CultureInfo.InvariantCulture, $"{id}/{i}"),
                Kind = EventKind.Track,
                Type = ConsentEvents.Type,
                Source = request.Source,
                Channel = request.SaidOn,
                OccurredAt = request.OccurredAt,
                Identifiers = { identifier },
            };
            ConsentEvents.Write(request.Acts[i], said.Properties);
            yield return said;
        }
    }

    private static RpcException Invalid(string field, string remedy) => RpcError.InvalidField(field, remedy, ConsentEvents.InvalidReason).ToException();
}
