using System.Collections.Concurrent;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.SingleNode.Hosting;
using Cdp.State.V1;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>Invariant 4: a position is committed when every hand-over up to it has returned, and not before.</summary>
public sealed class CommitFollowsHandOversTests
{
    private const int Others = 12;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_position_stays_before_an_event_that_is_not_durable_at_its_customer_and_goes_on_after_it()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        var others = await MeetOthersAsync(server);
        var held = await server.Server.Stores.Log.EndAsync(0, Cancel);
        var hold = server.History.HoldNext(slow);
        await server.SeeAsync("slow");
        await hold.Reached;

        // Each a batch of its own, and all of them in flight.
        foreach (var (user, key) in others)
        {
            await server.SeeAsync(user);
            await server.History.ReachesAsync(key, 3);
            var status = await server.StatusAsync();
            Assert.Equal(held, status.Applied);
            Assert.InRange(status.Committed, 0, held);
            Assert.InRange((await StoredAsync(server)).Committed, 0, held);
        }

        hold.Release();
        await server.Server.ProfileAsync("user_id", "slow", await server.SeeAsync("slow"));
        await server.Server.Host.StopAsync();
        Assert.Equal(held + 1 + Others + 1, (await StoredAsync(server)).Committed);
    }

    [Fact]
    public async Task A_successor_is_delivered_again_what_was_under_way_and_neither_counts_anything_twice()
    {
        await using var server = await HeldServer.StartAsync();
        server.Server.HasFaults = true;
        var slow = await server.MeetAsync("slow");
        var others = await MeetOthersAsync(server);
        var hold = server.History.HoldNext(slow);
        await server.SeeAsync("slow");
        await hold.Reached;
        foreach (var (user, key) in others)
        {
            await server.SeeAsync(user);
            await server.History.ReachesAsync(key, 3);
        }

        // The first is cut off in the middle of a hand-over, and does not know that another took its place.
        var errors = new ConcurrentQueue<Exception>();
        await using (var successor = await SingleNodeHost.StartAsync(
            server.Server.Stores, new SingleNodeOptions { OnHandledError = (_, error) => errors.Enqueue(error) }, TimeProvider.System, Cancel))
        {
            var end = await server.Server.Stores.Log.EndAsync(0, Cancel);
            await successor.Grains.Get<IPartition>(GrainCatalog.PartitionKey(0)).WaitApplied(new WaitAppliedRequest { Position = end }, Cancel);
            foreach (var key in others.Values.Append(slow))
            {
                var customer = successor.Grains.Get<Cdp.Grains.Customers.ICustomer>(key);
                Assert.Equal(2, (await customer.Refold(new RefoldRequest { AsItStands = true }, Cancel)).Events);
            }
        }

        Assert.Empty(errors);
        hold.Release();

        var token = await server.Server.PublishAsync([.. others.Keys.Append("slow").Select(server.Seen)]);
        foreach (var user in others.Keys.Append("slow"))
            Assert.Equal(3, (await server.Server.ProfileAsync("user_id", user, token)).Activity.EventCount);
    }

    private static async Task<Dictionary<string, string>> MeetOthersAsync(HeldServer server)
    {
        var others = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < Others; i++) others[$"other-{i}"] = await server.MeetAsync($"other-{i}");
        return others;
    }

    private static async Task<PartitionState> StoredAsync(HeldServer server) =>
        PartitionState.Parser.ParseFrom((await server.Server.States.ReadAsync(PartitionGrain.StateKind, GrainCatalog.PartitionKey(0), Cancel)).Value.Span);
}
