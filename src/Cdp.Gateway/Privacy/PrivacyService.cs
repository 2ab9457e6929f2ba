using Cdp.Domain.Consent;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains.Erasures;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Privacy;

/// <summary>What a customer may ask for: to be forgotten, to be told everything, to be left alone.</summary>
internal sealed class PrivacyService(GatewayPorts ports, CustomerFinder finder, FirstIdentifiers identifiers, IngestService ingest, ConsentGate consents, CustomerExport export, AuditedCalls audited)
{
    private const int MostReason = 200;
    private const int MostReceiptId = 40;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(PrivacyReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Privacy"))
        .Unary("EraseCustomer", audited.ActOn<EraseCustomerRequest, EraseCustomerResponse>(EraseAsync, r => r.Customer))
        .Unary<GetErasureReceiptRequest, GetErasureReceiptResponse>("GetErasureReceipt", GetReceiptAsync)
        .ServerStreaming("ExportCustomer", audited.ActOn<ExportCustomerRequest, ExportCustomerResponse>(export.ExportAsync, r => r.Customer))
        .Unary("RestrictCustomer", audited.ActOn<RestrictCustomerRequest, RestrictCustomerResponse>(RestrictAsync, r => r.Customer));

    private async ValueTask<EraseCustomerResponse> EraseAsync(EraseCustomerRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        CheckReason(request.Reason);

        // Everything that was taken in before is to be erased with it, also what is not applied yet.
        await ReadTokens.WaitAsync(ports, await ReadTokens.OfNowAsync(ports, context.CancellationToken), context.CancellationToken);
        var id = await finder.IdOfAsync(caller, request.Customer, "customer", context.CancellationToken) ?? throw CustomerFinder.NotFound();
        var erase = new EraseRequest { Customer = id, RequestedBy = caller.Key.Id, Reason = request.Reason };
        var reply = await EraseAsync(caller, erase, context.CancellationToken);
        if (!reply.Found) throw CustomerFinder.NotFound();
        return new EraseCustomerResponse
        {
            Receipt = Read(reply.Receipt), SignedReceipt = reply.Receipt.Receipt, Signature = reply.Receipt.Signature, PublicKey = reply.PublicKey,
        };
    }

    private async ValueTask<EraseReply> EraseAsync(Caller caller, EraseRequest erase, CancellationToken cancellationToken)
    {
        try
        {
            return await Overtaken.AgainAsync(ports.Grains.Get<IErasure>(caller.Tenant).Erase, erase, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new RpcError(Code.Unavailable, $"The erasure goes on. Send the call again with customer_id \"{erase.Customer}\": it answers when it has ended.")
            {
                Reason = "ERASURE_UNDER_WAY", RetryDelay = TimeSpan.FromSeconds(5),
            }.ToException();
        }
    }

    private async ValueTask<GetErasureReceiptResponse> GetReceiptAsync(GetErasureReceiptRequest request, ServerCallContext context)
    {
        if (request.Id.Length is 0 or > MostReceiptId || !request.Id.All(char.IsAsciiHexDigitLower))
            throw RpcError.InvalidField("id", "Pass ErasureReceipt.id as it is.", TenantReasons.FieldInvalid).ToException();
        var erasures = ports.Grains.Get<IErasure>(Authenticator.CallerOf(context).Tenant);
        var reply = await erasures.ReadReceipt(new ReadReceiptRequest { Id = request.Id }, context.CancellationToken);
        if (reply.Receipt is null) throw new RpcError(Code.NotFound, "There is no receipt of this id.") { Reason = "RECEIPT_UNKNOWN" }.ToException();
        return new GetErasureReceiptResponse
        {
            Receipt = Read(reply.Receipt), SignedReceipt = reply.Receipt.Receipt, Signature = reply.Receipt.Signature, PublicKey = reply.PublicKey,
        };
    }

    /// <summary>A restriction travels as an event, like consent.</summary>
    private async ValueTask<RestrictCustomerResponse> RestrictAsync(RestrictCustomerRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        CheckReason(request.Reason);
        var identifier = await identifiers.OfAsync(caller, request.Customer, context.CancellationToken);
        var reference = new CustomerRef { Identifier = identifier };
        if (await finder.IdOfAsync(caller, reference, "customer", context.CancellationToken) is null) throw CustomerFinder.NotFound();
        var said = new Event
        {
            Id = Guid.NewGuid().ToString("N"), Kind = EventKind.Track, Type = ConsentEvents.RestrictionType, Source = IdentitiesService.PlatformSource, Identifiers = { identifier },
        };
        said.Properties[ConsentEvents.RestrictedName] = new Value { BoolValue = request.Restricted };
        if (request.Reason.Length > 0) said.Properties["reason"] = new Value { StringValue = request.Reason };
        var published = await ingest.PublishOwnAsync(caller, said, context.CancellationToken);
        await ReadTokens.WaitMirroredAsync(ports, published.Token, context.CancellationToken);
        var state = await consents.ReadAsync(caller, reference, newest: true, context.CancellationToken) ?? throw CustomerFinder.NotFound();
        return new RestrictCustomerResponse { CustomerId = state.CustomerId, Restricted = state.State.Restricted, Token = published.Token };
    }

    private static ErasureReceipt Read(StoredReceipt stored) => ErasureReceipt.Parser.ParseFrom(stored.Receipt);

    private static void CheckReason(string reason)
    {
        if (reason.Length > MostReason) throw RpcError.InvalidField("reason", $"Give at most {MostReason} characters.", "REASON_TOO_LONG").ToException();
    }
}
