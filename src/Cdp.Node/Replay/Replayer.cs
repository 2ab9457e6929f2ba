using Cdp.Domain.Identity;
using Cdp.Grains;
using Cdp.Grains.Hosting;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Node.Hosting;
using Cdp.SingleNode.Hosting;
using Cdp.Storage;

namespace Cdp.Node.Replay;

/// <summary>
/// Drops what is derived in a store and makes it again: from the histories and the identity records, or, these
/// records kept, from the log. Nobody else may have the store open.
/// </summary>
/// <remarks>
/// A replay that was interrupted leaves a marker, so that no node serves what is incomplete; the next replay drops
/// everything again.
/// </remarks>
/// <param name="store">The store.</param>
/// <param name="options">What to do.</param>
/// <param name="time">The clock.</param>
/// <param name="phase">Hears what begins now.</param>
/// <param name="handled">Hears of errors that were handled by trying again.</param>
/// <param name="steps">Hears of recovery steps.</param>
public sealed class Replayer(
    IStore store, ReplayOptions options, TimeProvider time, Action<string> phase, Action<string, Exception> handled, IStepObserver steps)
{
    private const int PageSize = 1_000;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="StorageException">The store cannot be read or written.</exception>
    public async Task<ReplayReport> RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var tenants = await NodeStore.TenantsAsync(store, cancellationToken);
        var unfinished = await UnfinishedWork.ReadAsync(store.State, cancellationToken);
        if (unfinished == UnfinishedWork.Copy) throw new StorageException($"A copy into this store was interrupted. {UnfinishedWork.CopyRemedy}");

        // Histories that an interrupted replay dropped come back from the log only.
        var fromLog = options.FromLog || unfinished == UnfinishedWork.ReplayFromLog;
        var before = options.Compare && unfinished is null ? await DigestAsync(tenants, cancellationToken) : null;
        await UnfinishedWork.BeginAsync(store.State, fromLog ? UnfinishedWork.ReplayFromLog : UnfinishedWork.ReplayFromHistory, cancellationToken);
        phase(fromLog ? "dropping histories and everything derived" : "dropping everything derived");
        await DropAsync(tenants, fromLog, cancellationToken);

        CustomerDigests.Pass after;
        long decided = 0, decisions = 0;
        await using (var host = await StartAsync(cancellationToken))
        {
            phase("identities");
            var identities = new IdentityRebuild(store, host.Grains);
            foreach (var tenant in tenants)
            {
                decided += await identities.LengthAsync(tenant, cancellationToken);
                await identities.RunAsync(tenant, cancellationToken);
            }

            if (fromLog)
            {
                phase("events");
                var feed = new LogFeed(host);
                await (options.Seed is { } seed ? feed.RunAsync(seed, cancellationToken) : feed.RunAsync(cancellationToken));
            }

            phase("customers");
            after = await new CustomerDigests(host.Grains, store.Customers).ReadAsync(tenants, refold: true, keepEach: before is not null, cancellationToken);
            foreach (var tenant in tenants) decisions += await identities.LengthAsync(tenant, cancellationToken);
        }

        await UnfinishedWork.EndAsync(store.State, cancellationToken);
        return new ReplayReport(
            tenants.Count, after.Customers, after.Merged, after.Events, await RecordsAsync(cancellationToken), decisions, decisions - decided,
            after.Digest, before?.Digest, before is null ? [] : after.DifferentFrom(before), time.GetElapsedTime(started));
    }

    private async Task<CustomerDigests.Pass> DigestAsync(IReadOnlyList<string> tenants, CancellationToken cancellationToken)
    {
        phase("customers as they are");
        await using var host = await StartAsync(cancellationToken);
        return await new CustomerDigests(host.Grains, store.Customers).ReadAsync(tenants, refold: false, keepEach: true, cancellationToken);
    }

    private async Task DropAsync(IReadOnlyList<string> tenants, bool fromLog, CancellationToken cancellationToken)
    {
        foreach (var kind in DerivedStates.Caches) await store.Maintenance.DropStatesAsync(kind, "", cancellationToken);
        foreach (var tenant in tenants) await store.Maintenance.DropHistoriesAsync(SegmentGrain.JournalPrefix(tenant), cancellationToken);
        if (fromLog)
        {
            foreach (var kind in DerivedStates.Progress) await store.Maintenance.DropStatesAsync(kind, "", cancellationToken);
            foreach (var tenant in tenants)
            {
                await store.Maintenance.DropHistoriesAsync($"{tenant}/{CustomerIds.Prefix}", cancellationToken);
                await store.Maintenance.DropHistoriesAsync(PartitionGrain.DeadLetterLists(tenant), cancellationToken);
            }
        }

        foreach (var tenant in tenants)
        {
            while (await store.Customers.PageAsync(tenant, "", PageSize, cancellationToken) is { Count: > 0 } page)
                await Task.WhenAll(page.Select(id => store.Customers.RemoveAsync(tenant, id, cancellationToken).AsTask()));
        }
    }

    private Task<SingleNodeHost> StartAsync(CancellationToken cancellationToken) => SingleNodeHost.StartAsync(
        new GrainStores(store.Log, store.State, store.History, store.Customers),
        new SingleNodeOptions
        {
            Feeds = false,
            Steps = steps,
            OnHandledError = handled,
            Engine = new() { OnFault = fault => handled($"loading a grain of kind {fault.Kind} again, failed during {fault.During}", fault.Exception) },
        },
        time,
        cancellationToken);

    private async Task<long> RecordsAsync(CancellationToken cancellationToken)
    {
        var records = 0L;
        for (var partition = 0; partition < store.Log.Partitions; partition++) records += await store.Log.EndAsync(partition, cancellationToken);
        return records;
    }
}
