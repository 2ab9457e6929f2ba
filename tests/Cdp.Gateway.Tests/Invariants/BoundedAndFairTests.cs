using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>Invariant 10: bounded and fair. A slow customer delays its own events, a tenant that is too fast only itself.</summary>
public sealed class BoundedAndFairTests
{
    private const int Others = 12;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_slow_customer_delays_its_own_events_and_those_of_nobody_else_in_its_partition()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        var others = new List<string>();
        for (var i = 0; i < Others; i++) others.Add(await server.MeetAsync($"other-{i}"));
        var hold = server.History.HoldNext(slow);
        await server.SeeAsync("slow");
        await hold.Reached;

        for (var i = 0; i < Others; i++)
        {
            await server.SeeAsync($"other-{i}");
            await server.History.ReachesAsync(others[i], 3);
            Assert.Equal(2, await server.FoldedAsync(others[i]));
            Assert.Equal(2, await server.VisibleAsync($"other-{i}"));
        }

        // It answers meanwhile, with what is durable.
        Assert.Equal(1, await server.VisibleAsync("slow"));
        hold.Release();
        await server.History.ReachesAsync(slow, 3);
        Assert.Equal(2, await server.FoldedAsync(slow));
    }

    [Fact]
    public async Task A_reader_of_another_partition_does_not_wait_for_a_slow_customer()
    {
        await using var server = await HeldServer.StartAsync(partitions: 4);
        var hold = server.History.HoldNext(await server.MeetAsync("slow"));
        var held = HeldServer.PartitionOf(await server.SeeAsync("slow"));
        await hold.Reached;

        var elsewhere = 0;
        for (var i = 0; i < 20; i++)
        {
            var token = await server.SeeAsync($"other-{i}");
            if (HeldServer.PartitionOf(token) == held) continue;
            Assert.Equal(1, (await server.Server.ProfileAsync("user_id", $"other-{i}", token)).Activity.EventCount);
            elsewhere++;
        }

        Assert.NotEqual(0, elsewhere);
        hold.Release();
    }

    [Fact]
    public async Task What_waits_for_a_slow_customer_goes_to_it_in_one_call_and_in_order()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        var other = await server.MeetAsync("other");
        var hold = server.History.HoldNext(slow);
        for (var i = 0; i < 6; i++) await server.SeeAsync("slow");
        await hold.Reached;

        // Delivered behind the others: they wait now, none of them on its way.
        await server.SeeAsync("other");
        await server.History.ReachesAsync(other, 3);
        Assert.Equal(2, await server.History.LengthAsync(slow, Cancel));
        hold.Release();
        await server.History.ReachesAsync(slow, 8);

        var slices = (await server.History.ReadAsync(slow, 0, int.MaxValue, Cancel)).Select(row => State.V1.HistorySlice.Parser.ParseFrom(row.Bytes.Span)).ToList();
        Assert.InRange(slices.Count, 2, 3);
        var positions = slices.SelectMany(slice => slice.Entries).Where(e => e.Event is not null).Select(e => e.Event.Position).ToList();
        Assert.Equal(7, positions.Count);
        Assert.Equal(positions.Order(), positions);
    }

    [Fact]
    public async Task A_tenant_with_too_much_unapplied_has_to_wait_and_another_does_not()
    {
        await using var server = await HeldServer.StartAsync(partitions: 2, maxBacklogBytes: 100);
        await server.Server.PutTenantAsync("other");
        using var other = await server.Server.ClientOfAsync(Role.Admin, "other");
        var slow = await server.MeetAsync("slow");
        var hold = server.History.HoldNext(slow);
        var held = HeldServer.PartitionOf(await server.SeeAsync("slow"));
        await hold.Reached;
        var ends = await EndsAsync(server);

        // Of this batch one partition is full: nothing of it is taken in, in neither.
        var batch = new PublishEventsRequest { Events = { Enumerable.Range(0, 20).Select(i => server.Seen($"another-{i}")) } };
        var refused = await Calls.RefusedAsync(
            server.Server.Client.Ingest.PublishEventsAsync(batch, cancellationToken: Cancel), Code.ResourceExhausted, "BACKLOG_FULL");
        Assert.True(refused.RetryDelay > TimeSpan.Zero);
        Assert.Equal(ends, await EndsAsync(server));

        var theirs = await other.Ingest.PublishEventsAsync(batch, cancellationToken: Cancel);
        Assert.Equal(20, theirs.Accepted);
        Assert.True((await EndsAsync(server))[held] > ends[held]);

        hold.Release();
        await server.Server.ProfileAsync("user_id", "slow", await TokenOfAllAsync(server));
        Assert.Equal(20, (await server.Server.Client.Ingest.PublishEventsAsync(batch, cancellationToken: Cancel)).Accepted);
        await AssertCountsAsync(server.Server.Client, await TokenOfAllAsync(server));
        await AssertCountsAsync(other, theirs.Token);
    }

    /// <summary>A token of all that is in the log.</summary>
    private static async Task<string> TokenOfAllAsync(HeldServer server)
    {
        var token = new Cdp.Grains.V1.ReadToken { LogEpoch = server.Server.Stores.Log.Epoch };
        var ends = await EndsAsync(server);
        for (var p = 0; p < ends.Length; p++) token.Marks.Add(new Cdp.Grains.V1.PartitionMark { Partition = p, End = ends[p] });
        return ReadTokens.Encode(token);
    }

    private static async Task AssertCountsAsync(CdpClient client, string token)
    {
        for (var i = 0; i < 20; i++)
        {
            var request = new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", $"another-{i}"), Purpose = "service", AfterToken = token };
            Assert.Equal(1, (await client.Profiles.GetProfileAsync(request, cancellationToken: Cancel)).Profile.Activity.EventCount);
        }
    }

    private static async Task<long[]> EndsAsync(HeldServer server)
    {
        var log = server.Server.Stores.Log;
        return [.. await Task.WhenAll(Enumerable.Range(0, log.Partitions).Select(p => log.EndAsync(p, Cancel).AsTask()))];
    }
}
