using System.Globalization;
using Cdp.Domain.Consent;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Gateway.Consents;

/// <summary>What customers allow their data to be used for.</summary>
internal sealed class ConsentsService(GatewayPorts ports, FirstIdentifiers identifiers, IngestService ingest, ConsentGate gate, AuditedCalls audited)
{
    private const int MostActs = 64;
    private const int MostRequestId = 100;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(ConsentsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Consents"))
        .Unary<RecordConsentRequest, RecordConsentResponse>("RecordConsent", RecordAsync)
        .Unary("GetConsents", audited.Read<GetConsentsRequest, GetConsentsResponse>(GetAsync, (_, reply) => reply.CustomerId, fields: "consents"));

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
        CheckScope(caller, request);
        var identifier = await identifiers.OfAsync(caller, request.Customer, context.CancellationToken);
        var published = await ingest.PublishAllAsync(caller, [.. EventsOf(request, identifier)], context.CancellationToken);
        await ReadTokens.WaitMirroredAsync(ports, published.Token, context.CancellationToken);
        var described = await DescribeAsync(caller, new CustomerRef { Identifier = identifier }, newest: true, context.CancellationToken);
        return new RecordConsentResponse { CustomerId = described.CustomerId, Consents = { described.Consents }, Token = published.Token };
    }

    /// <summary>The events of the acts are events like others: of the key's source, channels and types.</summary>
    private static void CheckScope(Caller caller, RecordConsentRequest request)
    {
        if (caller.Scope?.Check(new EventHead { Type = ConsentEvents.Type, Source = request.Source, Channel = request.SaidOn }) is not { } refusal) return;
        throw IngestService.Refused(refusal.Reason == KeyScope.ChannelForbidden ? refusal with { Field = "said_on" } : refusal);
    }

    private async ValueTask<GetConsentsResponse> GetAsync(GetConsentsRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        return await DescribeAsync(caller, request.Customer, request.AfterToken.Length > 0, context.CancellationToken);
    }

    /// <summary>What a customer allows.</summary>
    /// <exception cref="RpcException">There is no such customer.</exception>
    internal async ValueTask<GetConsentsResponse> DescribeAsync(Caller caller, CustomerRef? customer, bool newest, CancellationToken cancellationToken)
    {
        var reply = await gate.ReadAsync(caller, customer, newest, cancellationToken) ?? throw CustomerFinder.NotFound();
        return new GetConsentsResponse
        {
            CustomerId = reply.CustomerId, Consents = { ConsentRules.Describe(reply.State, caller.Definitions, ports.NowMicros) }, Restricted = reply.State.Restricted,
        };
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
