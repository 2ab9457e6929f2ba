using Cdp.Domain.Tenants;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;
using Partition = Cdp.V1.Partition;

namespace Cdp.Gateway.Admin;

/// <summary>Tenants, keys and what events mean.</summary>
internal sealed class AdminService(GatewayPorts ports, TenantEditor tenants, AuditedCalls audited)
{
    private const int MostTenantId = 40;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(AdminReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Admin"))
        .Unary("PutTenant", audited.Act<PutTenantRequest, PutTenantResponse>(PutTenantAsync, r => r.Tenant?.Id ?? ""))
        .Unary<GetTenantRequest, GetTenantResponse>("GetTenant", (_, context) => new(new GetTenantResponse { Tenant = ConfigOf(context).Tenant }))
        .Unary<ListTenantsRequest, ListTenantsResponse>("ListTenants", ListTenantsAsync)
        .Unary("DeleteTenant", audited.Act<DeleteTenantRequest, DeleteTenantResponse>(DeleteTenantAsync, r => r.TenantId))
        .Unary("CreateKey", audited.Act<CreateKeyRequest, CreateKeyResponse>(CreateKeyAsync, r => string.Join(',', r.Roles), r => r.TenantId))
        .Unary<ListKeysRequest, ListKeysResponse>("ListKeys", ListKeysAsync)
        .Unary("RevokeKey", audited.Act<RevokeKeyRequest, RevokeKeyResponse>(RevokeKeyAsync, r => r.KeyId, r => r.TenantId))
        .Unary("RotateKey", audited.Act<RotateKeyRequest, RotateKeyResponse>(RotateKeyAsync, r => r.KeyId, r => r.TenantId))
        .Unary("PutEventType", audited.Act<PutEventTypeRequest, PutEventTypeResponse>(PutEventTypeAsync, r => r.EventType?.Name ?? ""))
        .Unary<ListEventTypesRequest, ListEventTypesResponse>("ListEventTypes", (_, context) => new(new ListEventTypesResponse { EventTypes = { ConfigOf(context).EventTypes } }))
        .Unary("PutPurpose", audited.Act<PutPurposeRequest, PutPurposeResponse>(PutPurposeAsync, r => r.Purpose?.Id ?? ""))
        .Unary<ListPurposesRequest, ListPurposesResponse>("ListPurposes", (_, context) => new(new ListPurposesResponse { Purposes = { ConfigOf(context).Purposes } }))
        .Unary("PutFieldPolicy", audited.Act<PutFieldPolicyRequest, PutFieldPolicyResponse>(PutFieldPolicyAsync, r => r.FieldPolicy?.Field ?? ""))
        .Unary<ListFieldPoliciesRequest, ListFieldPoliciesResponse>("ListFieldPolicies", (_, context) => new(new ListFieldPoliciesResponse { FieldPolicies = { ConfigOf(context).FieldPolicies } }))
        .Unary<ListPartitionsRequest, ListPartitionsResponse>("ListPartitions", ListPartitionsAsync);

    private static TenantConfig ConfigOf(ServerCallContext context) => Authenticator.CallerOf(context).Definitions.Config;

    private async ValueTask<PutTenantResponse> PutTenantAsync(PutTenantRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var tenant = request.Tenant ?? throw Missing("tenant");
        if (tenant.Id.Length is 0 or > MostTenantId || !tenant.Id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw RpcError.InvalidField("tenant.id", $"Give 1 to {MostTenantId} of a-z, 0-9, '-'.", TenantReasons.FieldInvalid).ToException();
        if (tenant.TimeZone.Length > 0 && !TimeZoneInfo.TryFindSystemTimeZoneById(tenant.TimeZone, out _))
            throw RpcError.InvalidField("tenant.time_zone", "Give an IANA name, e.g. \"Europe/Berlin\".", TenantReasons.FieldInvalid).ToException();
        if (tenant.Id != caller.Tenant && !caller.IsOperator) throw OperatorOnly();
        return new PutTenantResponse { Tenant = (await tenants.CreateAsync(tenant, context.CancellationToken)).Tenant };
    }

    private async ValueTask<ListTenantsResponse> ListTenantsAsync(ListTenantsRequest request, ServerCallContext context)
    {
        if (!Authenticator.CallerOf(context).IsOperator) throw OperatorOnly();
        var response = new ListTenantsResponse();
        foreach (var id in await TenantIds.AllAsync(ports.Grains, context.CancellationToken))
        {
            if (await ports.Definitions.GetAsync(id, context.CancellationToken) is { Config.Tenant: var tenant }) response.Tenants.Add(tenant);
        }

        return response;
    }

    private async ValueTask<DeleteTenantResponse> DeleteTenantAsync(DeleteTenantRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        if (!caller.IsOperator) throw OperatorOnly();
        if (request.TenantId.Length == 0) throw Missing("tenant_id");
        return new DeleteTenantResponse { Deletion = await tenants.Removal.DeleteAsync(request.TenantId, caller.Key.Id, context.CancellationToken) };
    }

    private async ValueTask<CreateKeyResponse> CreateKeyAsync(CreateKeyRequest request, ServerCallContext context)
    {
        var tenant = TenantOf(context, request.TenantId);
        var (id, text) = ApiKeys.Make(tenant);
        var stored = new StoredKey
        {
            SecretHash = ByteString.CopyFrom(ApiKeys.Hash(text)),
            Key = new Key
            {
                Id = id,
                Roles = { request.Roles },
                Source = request.Source,
                DefaultPurpose = request.DefaultPurpose,
                Description = request.Description,
                AllowedChannels = { request.AllowedChannels },
                AllowedEventTypes = { request.AllowedEventTypes },
                SourceBound = request.SourceBound,
                ExpiresAt = request.ExpiresAt,
                RequestsPerSecond = request.RequestsPerSecond,
                EventsPerSecond = request.EventsPerSecond,
            },
        };
        var config = await tenants.ChangeAsync(tenant, new ChangeTenantRequest { AddKey = stored }, context.CancellationToken);
        return new CreateKeyResponse { Key = config.Keys.First(k => k.Key.Id == id).Key, Secret = text };
    }

    private async ValueTask<ListKeysResponse> ListKeysAsync(ListKeysRequest request, ServerCallContext context)
    {
        var definitions = await ports.Definitions.GetAsync(TenantOf(context, request.TenantId), context.CancellationToken);
        var response = new ListKeysResponse();
        if (definitions is not null) response.Keys.AddRange(definitions.Config.Keys.Select(k => k.Key));
        return response;
    }

    private async ValueTask<RevokeKeyResponse> RevokeKeyAsync(RevokeKeyRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var tenant = TenantOf(context, request.TenantId);
        if (tenant == caller.Tenant && request.KeyId == caller.Key.Id)
            throw RpcError.InvalidField("key_id", "A key cannot revoke itself; use another one, so that you are not locked out.", "KEY_IN_USE").ToException();
        await CheckOperatorAsync(caller, tenant, request.KeyId, context.CancellationToken);
        var config = await tenants.ChangeAsync(tenant, new ChangeTenantRequest { RevokeKey = request.KeyId }, context.CancellationToken);
        return new RevokeKeyResponse { Key = config.Keys.First(k => k.Key.Id == request.KeyId).Key };
    }

    private async ValueTask<RotateKeyResponse> RotateKeyAsync(RotateKeyRequest request, ServerCallContext context)
    {
        var tenant = TenantOf(context, request.TenantId);
        await CheckOperatorAsync(Authenticator.CallerOf(context), tenant, request.KeyId, context.CancellationToken);
        var text = ApiKeys.Make(tenant, request.KeyId);
        var rotation = new RotateStoredKey
        {
            Id = request.KeyId,
            SecretHash = ByteString.CopyFrom(ApiKeys.Hash(text)),
            OverlapSeconds = request.HasOverlapSeconds ? request.OverlapSeconds : KeyChanges.DefaultOverlapSeconds,
        };
        var config = await tenants.ChangeAsync(tenant, new ChangeTenantRequest { RotateKey = rotation }, context.CancellationToken);
        return new RotateKeyResponse { Key = config.Keys.First(k => k.Key.Id == request.KeyId).Key, Secret = text };
    }

    /// <summary>The operator's key is the operator's alone to end or to renew: an admin of its tenant would become the operator by that.</summary>
    private async ValueTask CheckOperatorAsync(Caller caller, string tenant, string keyId, CancellationToken cancellationToken)
    {
        if (caller.IsOperator) return;
        var definitions = await ports.Definitions.GetAsync(tenant, cancellationToken);
        if (definitions?.Config.Keys.FirstOrDefault(k => k.Key.Id == keyId) is { Operator: true })
            throw new RpcError(Code.PermissionDenied, "Only the operator's key may revoke or rotate the operator's key.") { Reason = "OPERATOR_ONLY" }.ToException();
    }

    private async ValueTask<PutEventTypeResponse> PutEventTypeAsync(PutEventTypeRequest request, ServerCallContext context)
    {
        var type = request.EventType ?? throw Missing("event_type");
        var config = await ChangeAsync(context, new ChangeTenantRequest { PutEventType = type });
        return new PutEventTypeResponse { EventType = config.EventTypes.First(t => t.Name == type.Name) };
    }

    private async ValueTask<PutPurposeResponse> PutPurposeAsync(PutPurposeRequest request, ServerCallContext context)
    {
        var purpose = request.Purpose ?? throw Missing("purpose");
        var config = await ChangeAsync(context, new ChangeTenantRequest { PutPurpose = purpose });
        return new PutPurposeResponse { Purpose = config.Purposes.First(p => p.Id == purpose.Id) };
    }

    private async ValueTask<PutFieldPolicyResponse> PutFieldPolicyAsync(PutFieldPolicyRequest request, ServerCallContext context)
    {
        var policy = request.FieldPolicy ?? throw Missing("field_policy");
        var config = await ChangeAsync(context, new ChangeTenantRequest { PutFieldPolicy = policy });
        return new PutFieldPolicyResponse { FieldPolicy = config.FieldPolicies.First(p => p.Field == policy.Field) };
    }

    private async ValueTask<ListPartitionsResponse> ListPartitionsAsync(ListPartitionsRequest request, ServerCallContext context)
    {
        var response = new ListPartitionsResponse { LogEpoch = ports.Log.Epoch };
        for (var p = 0; p < ports.Log.Partitions; p++)
        {
            var end = await ports.Log.EndAsync(p, context.CancellationToken);
            var partition = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(p));
            var status = await partition.GetStatus(new GetPartitionStatusRequest(), context.CancellationToken);
            response.Partitions.Add(new Partition
            {
                Number = p, EndPosition = end, AppliedPosition = status.Applied, CommittedPosition = status.Committed, DeadLetters = status.DeadLetters,
            });
        }

        return response;
    }

    private ValueTask<TenantConfig> ChangeAsync(ServerCallContext context, ChangeTenantRequest change) =>
        tenants.ChangeAsync(Authenticator.CallerOf(context).Tenant, change, context.CancellationToken);

    private static string TenantOf(ServerCallContext context, string named)
    {
        var caller = Authenticator.CallerOf(context);
        if (named.Length == 0 || named == caller.Tenant) return caller.Tenant;
        return caller.IsOperator ? named : throw OperatorOnly();
    }

    private static RpcException Missing(string field) => RpcError.InvalidField(field, "Give it.", TenantReasons.FieldInvalid).ToException();

    private static RpcException OperatorOnly() =>
        new RpcError(Code.PermissionDenied, "Only the operator's key may work on other tenants.") { Reason = "OPERATOR_ONLY" }.ToException();
}
