using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.Storage.Log;
using Cdp.V1;

namespace Cdp.Storage;

/// <summary>What a store keeps of tenants.</summary>
public sealed class StoreTenants(IStore store) : ITenantStore
{
    private const int PageSize = 1000;

    /// <summary>Records that are erased together: they share flushes.</summary>
    private const int AtOnce = 1024;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ErasedPlace>> RemoveAsync(string tenant, IReadOnlyList<long> logEnds, CancellationToken cancellationToken)
    {
        var log = await EraseLogAsync(tenant, logEnds, cancellationToken).ConfigureAwait(false);
        var customers = await RemoveCustomersAsync(tenant, cancellationToken).ConfigureAwait(false);
        var histories = await store.Maintenance.DropHistoriesAsync(Within(tenant), cancellationToken).ConfigureAwait(false);
        var states = await DropStatesAsync(tenant, cancellationToken).ConfigureAwait(false);
        var left = await store.Maintenance.ForgetAsync(cancellationToken).ConfigureAwait(false);
        return
        [
            log,
            new ErasedPlace { Place = "customer index", Items = customers, Left = left },
            new ErasedPlace { Place = "histories", Items = histories, Left = left },
            new ErasedPlace { Place = "states", Items = states, Left = left },
        ];
    }

    private static string Within(string tenant) => $"{tenant}/";

    private async Task<ErasedPlace> EraseLogAsync(string tenant, IReadOnlyList<long> ends, CancellationToken cancellationToken)
    {
        var place = new ErasedPlace { Place = "log" };
        if (store.Log.Forgets)
        {
            place.Left = "copies in the event hub, which nothing reads any more and which it forgets after its retention";
            return place;
        }

        place.Left = "positions with the tenant's id";
        for (var partition = 0; partition < ends.Count; partition++)
            place.Items += await EraseLogAsync(tenant, partition, ends[partition], cancellationToken).ConfigureAwait(false);
        return place;
    }

    private async Task<long> EraseLogAsync(string tenant, int partition, long end, CancellationToken cancellationToken)
    {
        var erased = 0L;
        await foreach (var page in LogPages.ReadAsync(store.Log, partition, from: 0, cancellationToken).ConfigureAwait(false))
        {
            foreach (var chunk in page.Where(placed => placed.Position < end && placed.Record.Tenant == tenant).Chunk(AtOnce))
            {
                // Those of an earlier attempt count, too, but are left as they are.
                erased += chunk.Length;
                var under = chunk.Where(placed => !ErasedEvents.IsWhollyErased(placed.Record))
                    .Select(placed => ErasedEvents.EraseWhollyAsync(store.Log, partition, placed.Position, cancellationToken).AsTask());
                await Task.WhenAll(under).ConfigureAwait(false);
            }

            if (page[^1].Position >= end) break;
        }

        return erased;
    }

    private async Task<long> RemoveCustomersAsync(string tenant, CancellationToken cancellationToken)
    {
        var removed = 0L;
        var after = "";
        while (await store.Customers.PageAsync(tenant, after, PageSize, cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
        {
            await Task.WhenAll(page.Select(id => store.Customers.RemoveAsync(tenant, id, cancellationToken).AsTask())).ConfigureAwait(false);
            removed += page.Count;
            after = page[^1];
        }

        return removed;
    }

    private async Task<long> DropStatesAsync(string tenant, CancellationToken cancellationToken)
    {
        var dropped = 0L;
        foreach (var kind in (await store.Maintenance.StateKindsAsync(cancellationToken).ConfigureAwait(false)).Where(TenantKinds.AreTenants))
        {
            var own = await store.State.ReadAsync(kind, tenant, cancellationToken).ConfigureAwait(false);
            if (own.Exists && await store.State.ClearAsync(kind, tenant, own.Tag, cancellationToken).ConfigureAwait(false)) dropped++;
            dropped += await store.Maintenance.DropStatesAsync(kind, Within(tenant), cancellationToken).ConfigureAwait(false);
        }

        return dropped;
    }
}
