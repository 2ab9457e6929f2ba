using Cdp.Gateway.Keys;
using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Admin;

/// <summary>
/// Deletes tenants, step by step; each step may be taken again, by whoever goes on after a stop. Nobody is let in any more; what was
/// taken in before is applied, so that nothing is under way; nothing is written any more; everything goes; one line is left, so that
/// the id is not used again.
/// </summary>
/// <remarks>docs/decisions/0024-deleting-a-tenant.md</remarks>
public sealed class TenantRemoval(GatewayPorts ports)
{
    private readonly Lock _gate = new();

    // The last attempt of each tenant, be it that it failed.
    private readonly Dictionary<string, Task<TenantDeletion>> _attempts = new(StringComparer.Ordinal);

    /// <summary>Deletes a tenant, or goes on with it, or tells of it. Giving up the waiting stops nothing.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="requestedBy">Id of the key.</param>
    /// <param name="cancellationToken">Gives up the waiting.</param>
    /// <exception cref="RpcException">There is no such tenant, or it cannot be deleted.</exception>
    public async ValueTask<TenantDeletion> DeleteAsync(string tenant, string requestedBy, CancellationToken cancellationToken)
    {
        if (tenant == ApiKeys.OperatorTenant)
            throw RpcError.InvalidField("tenant_id", $"'{tenant}' is the tenant of the operator's key, without which no other can be managed. Name another.", "TENANT_NEEDED").ToException();
        if (ports.Tenants is null)
        {
            throw new RpcError(Code.FailedPrecondition, "The states of this installation are with a provider of Orleans that cannot list what it keeps, so that nothing could vouch for a deletion. Erase the tenant's customers one by one, or move it to the profile Postgres.")
            {
                Reason = "STORE_CANNOT_LIST",
            }.ToException();
        }

        var config = await ChangeAsync(tenant, new ChangeTenantRequest { BeginDeletion = new BeginTenantDeletion { RequestedBy = requestedBy } }, cancellationToken);
        return await Attempt(config, ports.Tenants).WaitAsync(cancellationToken);
    }

    /// <summary>Goes on with a deletion that was begun, beside everything else: it may take long.</summary>
    public void Resume(TenantConfig config)
    {
        if (ports.Tenants is { } store) _ = Attempt(config, store);
    }

    /// <summary>Why the last attempt to delete a tenant failed here; null: it did not, or is under way.</summary>
    public Exception? FailureOf(string tenant)
    {
        lock (_gate) return _attempts.GetValueOrDefault(tenant)?.Exception?.InnerException;
    }

    /// <summary>One at a time, whoever waits for it.</summary>
    private Task<TenantDeletion> Attempt(TenantConfig config, ITenantStore store)
    {
        lock (_gate)
        {
            if (_attempts.GetValueOrDefault(config.Tenant.Id) is { IsFaulted: false } known) return known;
            return _attempts[config.Tenant.Id] = Task.Run(() => CarryOutAsync(config, store));
        }
    }

    private async Task<TenantDeletion> CarryOutAsync(TenantConfig config, ITenantStore store)
    {
        var tenant = config.Tenant.Id;
        if (config.Tenant.Deletion.EndedAt is null)
        {
            ports.Steps.Reached(RecoverySteps.TenantDeletionBegun);
            await KnownAsync();
            await ReadTokens.WaitMirroredAsync(ports, await ReadTokens.OfNowAsync(ports, CancellationToken.None), CancellationToken.None);
            await ChangeAsync(tenant, new ChangeTenantRequest { Seal = new SealTenant() }, CancellationToken.None);
            ports.Steps.Reached(RecoverySteps.TenantSealed);
            await KnownAsync();

            // What came in while somebody had not heard means nothing, but stands in the log.
            var ends = new long[ports.Log.Partitions];
            for (var partition = 0; partition < ends.Length; partition++) ends[partition] = await ports.Log.EndAsync(partition, CancellationToken.None);
            var places = await store.RemoveAsync(tenant, ends, CancellationToken.None);
            ports.Steps.Reached(RecoverySteps.TenantRemoved);
            config = await ChangeAsync(tenant, new ChangeTenantRequest { EndDeletion = new EndTenantDeletion { Places = { places } } }, CancellationToken.None);
        }

        // Before anybody is told, and before nobody looks after it any more: a restore of an older backup has to know of it.
        if (ports.Erasures is { } ledger) await ledger.NoteAsync(ErasureNote.OfTenant(config.Tenant.Deletion), CancellationToken.None);
        await ports.Grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key).Remove(new RemoveTenantIdRequest { Tenant = tenant }, CancellationToken.None);
        return config.Tenant.Deletion;
    }

    /// <summary>Returns when every process has certainly heard of the step before: at once where there is only this one.</summary>
    private Task KnownAsync() => ports.NewsDelay > TimeSpan.Zero ? Task.Delay(ports.NewsDelay, ports.Time) : Task.CompletedTask;

    private ValueTask<TenantConfig> ChangeAsync(string tenant, ChangeTenantRequest change, CancellationToken cancellationToken) =>
        TenantEditor.ApplyAsync(ports, tenant, change, cancellationToken);
}
