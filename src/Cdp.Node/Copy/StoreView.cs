using Cdp.Grains.Hosting;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.Node.Replay;
using Cdp.SingleNode.Hosting;
using Cdp.Storage;

namespace Cdp.Node.Copy;

/// <summary>What a store's customers and segments look like to those who call them.</summary>
/// <param name="Customers">Number of customers.</param>
/// <param name="Events">Events that they fold.</param>
/// <param name="Members">Members of all segments.</param>
/// <param name="Digest">Over every customer's profile, see <see cref="CustomerDigests"/>.</param>
internal sealed record StoreView(long Customers, long Events, long Members, string Digest)
{
    /// <summary>Asks every customer and every segment of a store that nobody serves.</summary>
    public static async Task<StoreView> ReadAsync(
        IStore store, IReadOnlyList<string> tenants, TimeProvider time, Action<string, Exception> handled, CancellationToken cancellationToken)
    {
        await using var host = await SingleNodeHost.StartAsync(
            new GrainStores(store.Log, store.State, store.History, store.Customers),
            new SingleNodeOptions { Feeds = false, OnHandledError = handled }, time, cancellationToken);
        var pass = await new CustomerDigests(host.Grains, store.Customers).ReadAsync(tenants, refold: false, keepEach: false, cancellationToken);
        var members = 0L;
        foreach (var tenant in tenants)
        {
            if (await host.Definitions.GetAsync(tenant, cancellationToken) is not { } definitions) continue;
            foreach (var segment in definitions.Segments.All)
            {
                var request = new CountShardRequest { Segment = segment.Stored.Number };
                var shards = Enumerable.Range(0, SegmentShards.Count).Select(shard => host.Grains.Get<ISegment>(SegmentShards.KeyOf(tenant, shard)).Count(request, cancellationToken).AsTask());
                members += (await Task.WhenAll(shards)).Sum(reply => reply.Members);
            }
        }

        return new StoreView(pass.Customers, pass.Events, members, pass.Digest);
    }
}
