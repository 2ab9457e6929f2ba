using Cdp.Domain.Tenants;
using Cdp.Gateway.Keys;
using Cdp.Grains.Refolds;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Admin;

/// <summary>Changes tenants' configurations, and turns refusals into errors.</summary>
public sealed class TenantEditor(GatewayPorts ports)
{
    /// <summary>Makes one change.</summary>
    /// <exception cref="RpcException">The change was refused.</exception>
    public async ValueTask<TenantConfig> ChangeAsync(string tenant, ChangeTenantRequest change, CancellationToken cancellationToken)
    {
        var reply = await ports.Grains.Get<ITenant>(tenant).Change(change, cancellationToken);
        if (reply.RefusedReason.Length == 0)
        {
            // Customers nobody touches get to the new definitions, too. Does nothing where the change is of another kind.
            await ports.Grains.Get<IRefoldSweep>(tenant).Sweep(new SweepRequest(), cancellationToken);
            return reply.Config;
        }

        throw (reply.RefusedReason switch
        {
            TenantReasons.TenantUnknown or TenantReasons.KeyUnknown => new RpcError(Code.NotFound, reply.RefusedMessage) { Reason = reply.RefusedReason },
            TenantReasons.EtagMismatch => new RpcError(Code.Aborted, reply.RefusedMessage) { Reason = reply.RefusedReason },
            TenantReasons.TooMany => new RpcError(Code.ResourceExhausted, reply.RefusedMessage) { Reason = reply.RefusedReason },
            _ => RpcError.InvalidField(reply.RefusedField, reply.RefusedMessage, reply.RefusedReason),
        }).ToException();
    }

    /// <summary>Makes the tenant and the operator's key that a new installation starts with; again: changes nothing.</summary>
    /// <param name="operatorKey">The key's text; used only where there is none.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    /// <returns>Whether the key was stored now.</returns>
    public async ValueTask<bool> BootstrapAsync(string operatorKey, CancellationToken cancellationToken)
    {
        var config = (await ports.Grains.Get<ITenant>(ApiKeys.OperatorTenant).GetConfig(new GetTenantConfigRequest(), cancellationToken)).Config;
        if (config is not null && config.Keys.Any(k => k.Operator)) return false;
        if (config is null) await CreateAsync(new Tenant { Id = ApiKeys.OperatorTenant, DisplayName = "Default" }, cancellationToken);
        var key = new StoredKey
        {
            Operator = true,
            SecretHash = ByteString.CopyFrom(ApiKeys.Hash(operatorKey)),
            Key = new Key { Id = ApiKeys.OperatorKeyId, Roles = { Role.Admin }, DefaultPurpose = TenantDefaults.ServicePurpose, Description = "The operator's key" },
        };
        await ChangeAsync(ApiKeys.OperatorTenant, new ChangeTenantRequest { AddKey = key }, cancellationToken);
        return true;
    }

    /// <summary>Goes on with what a stop interrupted, and brings customers to the fold of this binary where that is new.</summary>
    public async ValueTask ResumeSweepsAsync(CancellationToken cancellationToken)
    {
        var directory = ports.Grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key);
        foreach (var tenant in (await directory.List(new ListTenantIdsRequest(), cancellationToken)).Tenants)
        {
            if (await ports.Definitions.GetAsync(tenant, cancellationToken) is not null)
                await ports.Grains.Get<IRefoldSweep>(tenant).Sweep(new SweepRequest(), cancellationToken);
        }
    }

    /// <summary>Makes a tenant or changes its settings.</summary>
    public async ValueTask<TenantConfig> CreateAsync(Tenant tenant, CancellationToken cancellationToken)
    {
        await ports.Grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key).Add(new AddTenantIdRequest { Tenant = tenant.Id }, cancellationToken);
        var identityKey = ByteString.CopyFrom(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        return await ChangeAsync(tenant.Id, new ChangeTenantRequest { PutTenant = tenant, IdentityKey = identityKey }, cancellationToken);
    }
}
