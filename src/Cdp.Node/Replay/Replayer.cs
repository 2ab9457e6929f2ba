using Cdp.Domain.Identity;
using Cdp.Grains;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Grains.Tenants;
using Cdp.Node.Hosting;
using Cdp.SingleNode.Hosting;
using Cdp.Storage.Sqlite;

namespace Cdp.Node.Replay;

/// <summary>
/// Drops what is derived in a data directory and makes it again: from the histories and the identity records, or, these
/// records kept, from the log. Nobody else may have the directory open.
/// </summary>
/// <remarks>
/// A replay that was interrupted leaves a marker, so that no node serves what is incomplete; the next replay drops
/// everything again.
/// </remarks>
/// <param name="dataDirectory">The directory.</param>
/// <param name="options">What to do.</param>
/// <param name="time">The clock.</param>
/// <param name="phase">Hears what begins now.</param>
/// <param name="handled">Hears of errors that were handled by trying again.</param>
/// <param name="steps">Hears of recovery steps.</param>
public sealed class Replayer(
    string dataDirectory, ReplayOptions options, TimeProvider time, Action<string> phase, Action<string, Exception> handled, IStepObserver steps)
{
    private const int PageSize = 1_000;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="StoreInUseException">A process has the directory open; the message names it.</exception>
    /// <exception cref="StorageException">The files cannot be read or written.</exception>
    public async Task<ReplayReport> RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await using var store = await SqliteStore.OpenAsync(dataDirectory);
        var tenants = Tenants(store);
        var unfinished = ReplayMarker.Read(dataDirectory);

        // Histories that an interrupted replay dropped come back from the log only.
        var fromLog = options.FromLog || unfinished is true;
        var before = options.Compare && unfinished is null ? await DigestAsync(store, tenants, cancellationToken) : null;
        ReplayMarker.Write(dataDirectory, fromLog);
        phase(fromLog ? "dropping histories and everything derived" : "dropping everything derived");
        await DropAsync(store, tenants, fromLog, cancellationToken);

        CustomerDigests.Pass after;
        long decided = 0, decisions = 0;
        await using (var host = await StartAsync(store, cancellationToken))
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

        ReplayMarker.Remove(dataDirectory);
        return new ReplayReport(
            tenants.Count, after.Customers, after.Merged, after.Events, await RecordsAsync(store, cancellationToken), decisions, decisions - decided,
            after.Digest, before?.Digest, before is null ? [] : after.DifferentFrom(before), time.GetElapsedTime(started));
    }

    private static List<string> Tenants(SqliteStore store)
    {
        var tenants = new List<string>();
        while (store.Maintenance.StateKeys(TenantGrain.StateKind, tenants.LastOrDefault(""), PageSize) is { Count: > 0 } page) tenants.AddRange(page);
        return tenants;
    }

    private async Task<CustomerDigests.Pass> DigestAsync(SqliteStore store, IReadOnlyList<string> tenants, CancellationToken cancellationToken)
    {
        phase("customers as they are");
        await using var host = await StartAsync(store, cancellationToken);
        return await new CustomerDigests(host.Grains, store.Customers).ReadAsync(tenants, refold: false, keepEach: true, cancellationToken);
    }

    private static async Task DropAsync(SqliteStore store, IReadOnlyList<string> tenants, bool fromLog, CancellationToken cancellationToken)
    {
        foreach (var kind in DerivedStates.Caches) await store.Maintenance.DropStatesAsync(kind, cancellationToken);
        foreach (var tenant in tenants) await store.Maintenance.DropHistoriesAsync(SegmentGrain.JournalPrefix(tenant), cancellationToken);
        if (fromLog)
        {
            foreach (var kind in DerivedStates.Progress) await store.Maintenance.DropStatesAsync(kind, cancellationToken);
            foreach (var tenant in tenants) await store.Maintenance.DropHistoriesAsync($"{tenant}/{CustomerIds.Prefix}", cancellationToken);
        }

        foreach (var tenant in tenants)
        {
            while (await store.Customers.PageAsync(tenant, "", PageSize, cancellationToken) is { Count: > 0 } page)
                await Task.WhenAll(page.Select(id => store.Customers.RemoveAsync(tenant, id, cancellationToken).AsTask()));
        }
    }

    private Task<SingleNodeHost> StartAsync(SqliteStore store, CancellationToken cancellationToken) => SingleNodeHost.StartAsync(
        new SingleNodeStores(store.Log, store.State, store.History, store.Customers),
        new SingleNodeOptions
        {
            Feeds = false,
            Steps = steps,
            OnHandledError = handled,
            Engine = new() { OnFault = fault => handled($"loading a grain of kind {fault.Kind} again, failed during {fault.During}", fault.Exception) },
        },
        time,
        cancellationToken);

    private static async Task<long> RecordsAsync(SqliteStore store, CancellationToken cancellationToken)
    {
        var records = 0L;
        for (var partition = 0; partition < store.Log.Partitions; partition++) records += await store.Log.EndAsync(partition, cancellationToken);
        return records;
    }
}
