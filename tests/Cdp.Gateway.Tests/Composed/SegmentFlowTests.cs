using Cdp.EngineContract;
using Cdp.Gateway.Tests.Segments;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>The life of a segment on a whole node: events, edits, merges, restarts and its end.</summary>
public sealed class SegmentFlowTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_follows_events_edits_merges_and_restarts_and_ends()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(checkMessages: true, time);
        var early = await server.PublishAsync(Order("0", ("device", "d0")));
        await server.ProfileAsync("device", "d0", early);
        await server.PutAsync("buyers", "orders.count >= 2");

        // Two devices, an order each: nobody has two.
        var token = await server.PublishAsync(Order("1", ("device", "d1")), Order("2", ("device", "d2")), Order("3", ("user_id", "u3")), Order("4", ("user_id", "u3")));
        Assert.Equal(1, (await server.CountAsync("buyers", token)).Members);
        var u3 = (await server.ProfileAsync("user_id", "u3", token)).CustomerId;
        Assert.Equal([u3], (await server.MembersAsync("buyers")).CustomerIds);

        // A login shows that they are one, who has two.
        token = await server.PublishAsync(GatewayFixture.Event("5", "Signed In", ("device", "d1"), ("email", "a@example.com")), GatewayFixture.Event("6", "Signed In", ("device", "d2"), ("email", "a@example.com")));
        var merged = await server.MembersAsync("buyers", token);
        var winner = (await server.ProfileAsync("device", "d2", token)).CustomerId;
        Assert.Equal(((string[])[u3, winner]).Order(StringComparer.Ordinal), merged.CustomerIds.Order(StringComparer.Ordinal));
        Assert.Equal(2, (await server.CountAsync("buyers")).Members);
        foreach (var device in (string[])["d1", "d2"])
        {
            var explained = await server.ExplainAsync("buyers", GatewayFixture.Ref("device", device));
            Assert.Equal((winner, true), (explained.CustomerId, explained.Member));
        }

        await server.BackfilledAsync("buyers", time);
        await server.RestartAsync();
        Assert.Equal(2, (await server.CountAsync("buyers", token)).Members);

        // Edited: whoever bought at all, also those of whom nothing was heard since.
        Assert.Equal(2, (await server.PutAsync("buyers", "orders.count >= 1")).Version);
        token = await server.PublishAsync(Order("7", ("user_id", "u7")));
        Assert.InRange((await server.CountAsync("buyers", token)).Members, 3, 4);
        await server.RestartAsync();
        Assert.Equal(4, (await server.BackfilledAsync("buyers", time)).Members);

        // And out again, where an event says so.
        await server.PutAsync("buyers", "orders.count >= 1 and not traits.leaving");
        await server.PutAsync("buyers", "orders.count >= 1 and coalesce(traits.leaving, false) == false");
        var leaving = GatewayFixture.Event("8", "Unsubscribed", ("user_id", "u7"));
        leaving.Traits = new TraitChanges { Set = { ["leaving"] = new Value { BoolValue = true } } };
        token = await server.PublishAsync(leaving);
        Assert.Empty((await server.MembershipsAsync(GatewayFixture.Ref("user_id", "u7"), token)).Memberships);
        await server.CountAsync("buyers", token);
        Assert.Equal(3, (await server.BackfilledAsync("buyers", time)).Members);

        await server.Client.Segments.DeleteSegmentAsync(new DeleteSegmentRequest { Id = "buyers" }, cancellationToken: Cancel);
        await Calls.RefusedAsync(server.CountAsync("buyers"), Code.NotFound, "SEGMENT_UNKNOWN");
        Assert.Empty((await server.MembershipsAsync(GatewayFixture.Ref("user_id", "u3"))).Memberships);
        await server.PutAsync("buyers", "orders.count >= 99");
        Assert.Equal(0, (await server.BackfilledAsync("buyers", time)).Members);
    }

    private static Event Order(string id, params (string Namespace, string Value)[] identifiers) => GatewayFixture.Event(id, "Order Completed", identifiers);
}
