using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;

namespace Cdp.Gateway.Identities;

/// <summary>Recognises customers across identifiers.</summary>
internal sealed class IdentitiesService(GatewayPorts ports, CustomerFinder finder, IngestService ingest, ConsentGate consents, TenantEditor tenants, AuditedCalls audited)
{
    /// <summary>Type of the event that states a link.</summary>
    public const string LinkEventType = "cdp.identity.link";

    /// <summary>Source of the events that the platform makes.</summary>
    public const string PlatformSource = "cdp";

    private const int DefaultPage = 200;
    private const int MostReason = 512;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(IdentitiesReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Identities"))
        .Unary("ResolveIdentifier", audited.Read<ResolveIdentifierRequest, ResolveIdentifierResponse>(ResolveAsync, (_, reply) => reply.CustomerId, fields: "customer_id"))
        .Unary("DescribeIdentity", audited.Read<DescribeIdentityRequest, DescribeIdentityResponse>(DescribeAsync, (_, reply) => reply.CustomerId, r => r.Purpose, "identifiers"))
        .Unary<LinkIdentifiersRequest, LinkIdentifiersResponse>("LinkIdentifiers", LinkAsync)
        .Unary("PutNamespace", audited.Act<PutNamespaceRequest, PutNamespaceResponse>(PutNamespaceAsync, r => r.Namespace?.Name ?? ""))
        .Unary<ListNamespacesRequest, ListNamespacesResponse>("ListNamespaces", ListNamespacesAsync);

    private async ValueTask<ResolveIdentifierResponse> ResolveAsync(ResolveIdentifierRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        CustomerFinder.Resolve(caller, request.Identifier, "identifier");
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        var id = await StandingIdAsync(caller, new CustomerRef { Identifier = request.Identifier }, request.AfterToken.Length > 0, context.CancellationToken);
        return new ResolveIdentifierResponse { CustomerId = id };
    }

    private async ValueTask<DescribeIdentityResponse> DescribeAsync(DescribeIdentityRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var purpose = ReadPurposes.Of(caller, request.Purpose);
        var view = caller.Definitions.View(purpose, [ProfileFields.AllIdentifiers]);
        var size = Pages.SizeOf(request.PageSize, DefaultPage, PageTokens.IsFactToken(request.PageToken));
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        var id = await finder.IdOfAsync(caller, request.Customer, "customer", context.CancellationToken) ?? throw CustomerFinder.NotFound();
        var describe = new DescribeGroupRequest { Customer = id, PageSize = size, PageToken = request.PageToken, Newest = request.AfterToken.Length > 0 };
        var group = await Overtaken.AgainAsync(ports.Grains.Get<IIdentity>(caller.Tenant).Describe, describe, context.CancellationToken);
        if (!group.Found) throw CustomerFinder.NotFound();
        await consents.RequireAsync(caller, new CustomerRef { CustomerId = group.Customer }, purpose, describe.Newest, context.CancellationToken);
        var response = new DescribeIdentityResponse { CustomerId = group.Customer, NextPageToken = group.NextPageToken };
        response.FormerCustomerIds.AddRange(group.Former);
        response.Facts.AddRange(group.Facts.Select(fact => IdentityFacts.Shown(fact, view.Identifiers)));
        return response;
    }

    /// <summary>Links travel as events, so that they are durable, ordered and replayed like everything else.</summary>
    private async ValueTask<LinkIdentifiersResponse> LinkAsync(LinkIdentifiersRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        if (request.Identifiers.Count is < 2 or > EventLimits.MaxIdentifiers)
            throw RpcError.InvalidField("identifiers", $"Name 2 to {EventLimits.MaxIdentifiers} identifiers of one person.", "IDENTIFIERS_COUNT").ToException();
        if (request.Reason.Length > MostReason) throw RpcError.InvalidField("reason", $"Give at most {MostReason} characters.", "REASON_TOO_LONG").ToException();
        if (request.RequestId.Length > EventLimits.MaxIdLength) throw RpcError.InvalidField("request_id", $"Give at most {EventLimits.MaxIdLength} characters.", "REQUEST_ID_TOO_LONG").ToException();
        for (var i = 0; i < request.Identifiers.Count; i++) CustomerFinder.Resolve(caller, request.Identifiers[i], $"identifiers[{i}]");

        var link = new Event
        {
            Id = request.RequestId.Length > 0 ? request.RequestId : Guid.NewGuid().ToString("N"),
            Kind = EventKind.Track,
            Type = LinkEventType,
            Source = PlatformSource,
        };
        link.Identifiers.AddRange(request.Identifiers);
        if (request.Reason.Length > 0) link.Properties["reason"] = new Value { StringValue = request.Reason };
        var published = await ingest.PublishOwnAsync(caller, link, context.CancellationToken);
        await ReadTokens.WaitAsync(ports, published.Token, context.CancellationToken);

        var strongest = caller.Identifiers.Resolve(request.Identifiers)[0];
        var anchor = request.Identifiers.First(i => caller.Identifiers.Resolve(i.Namespace, i.Value).Key == strongest.Key);
        var response = new LinkIdentifiersResponse { Token = published.Token };
        response.CustomerId = await StandingIdAsync(caller, new CustomerRef { Identifier = anchor }, newest: true, context.CancellationToken);
        await AddRefusalsAsync(caller, response, link.Id, context.CancellationToken);
        return response;
    }

    private async ValueTask AddRefusalsAsync(Caller caller, LinkIdentifiersResponse response, string eventId, CancellationToken cancellationToken)
    {
        await foreach (var fact in IdentityFacts.AllAsync(ports.Grains.Get<IIdentity>(caller.Tenant), response.CustomerId, newest: true, cancellationToken))
        {
            if (fact.Refused is not null && fact.Evidence?.EventId == eventId && fact.Evidence.Source == PlatformSource)
                response.Refused.Add(fact.Refused);
        }
    }

    private async ValueTask<PutNamespaceResponse> PutNamespaceAsync(PutNamespaceRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var declared = request.Namespace ?? throw RpcError.InvalidField("namespace", "Give a namespace.", TenantReasons.FieldInvalid).ToException();
        var config = await tenants.ChangeAsync(caller.Tenant, new ChangeTenantRequest { PutNamespace = declared }, context.CancellationToken);
        return new PutNamespaceResponse { Namespace = config.Namespaces.First(n => n.Name == declared.Name) };
    }

    private static ValueTask<ListNamespacesResponse> ListNamespacesAsync(ListNamespacesRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var response = new ListNamespacesResponse();
        foreach (var rule in caller.Identifiers.Rules.All)
        {
            response.Namespaces.Add(caller.Definitions.Config.Namespaces.FirstOrDefault(n => n.Name == rule.Name) ?? new Namespace
            {
                Name = rule.Name,
                Kind = rule.Kind,
                MaxPerCustomer = rule.Limit == int.MaxValue ? -1 : rule.Limit,
                Priority = rule.Priority,
                Normalization = rule.Normalization,
            });
        }

        return new(response);
    }

    /// <summary>The customer that stands for a reference now, merges followed.</summary>
    private async ValueTask<string> StandingIdAsync(Caller caller, CustomerRef reference, bool newest, CancellationToken cancellationToken)
    {
        var id = await finder.IdOfAsync(caller, reference, string.Empty, cancellationToken) ?? throw CustomerFinder.NotFound();
        var confirm = new ConfirmCustomerRequest { Customer = id, Newest = newest };
        var confirmed = await Overtaken.AgainAsync(ports.Grains.Get<IIdentity>(caller.Tenant).Confirm, confirm, cancellationToken);
        if (confirmed.Erased) throw CustomerFinder.NotFound();
        return confirmed.MergedInto.Length > 0 ? confirmed.MergedInto : id;
    }
}
