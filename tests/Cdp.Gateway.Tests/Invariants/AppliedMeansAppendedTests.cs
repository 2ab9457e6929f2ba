using Cdp.Grains.Customers;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>Invariant 2: an event is applied once its entry stands in the customer's history; a snapshot is only a cache of it.</summary>
public sealed class AppliedMeansAppendedTests
{
    private const int Customers = 4;

    /// <summary>Kind of the states that hold filters of event ids.</summary>
    private const string FilterKind = "event-filter";

    [Fact]
    public async Task Losing_every_snapshot_changes_nothing()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = "";
        for (var i = 0; i < 120; i++)
        {
            var seen = GatewayFixture.Event($"e{i}", "Product Viewed", ("device", $"d{i % Customers}"), ("user_id", $"u{i % Customers}"));
            seen.Properties["category"] = new Value { StringValue = $"c{i % 7}" };
            seen.OccurredAt = new Timestamp { UnixMicros = 1_700_000_000_000_000 + (i * 600_000_000L * (i % 2 == 0 ? 1 : -1)) };
            token = await server.PublishAsync(seen);
        }

        // One of them was merged from two.
        token = await server.PublishAsync(GatewayFixture.Event("login", "Signed In", ("device", "d0"), ("email", "a@example.com")));
        token = await server.PublishAsync(GatewayFixture.Event("visit", "Product Viewed", ("cookie", "k")));
        token = await server.PublishAsync(GatewayFixture.Event("again", "Signed In", ("cookie", "k"), ("email", "a@example.com")));

        var before = await StatesAsync(server, token);
        await server.RestartWithoutAsync(CustomerGrain.SnapshotKind, FilterKind);
        Assert.Equal(before, await StatesAsync(server, token));
    }

    [Fact]
    public async Task An_event_is_in_the_history_before_a_reader_can_see_it()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        var hold = server.History.HoldNext(slow);
        await server.SeeAsync("slow");
        await hold.Reached;

        Assert.Equal(1, await server.VisibleAsync("slow"));
        Assert.Equal(2, await server.History.LengthAsync(slow, TestContext.Current.CancellationToken));
        hold.Release();
        await server.History.ReachesAsync(slow, 3);
        Assert.Equal(2, await server.FoldedAsync(slow));
    }

    /// <summary>Digest of each customer's state as it stands, and the whole profile as it is read.</summary>
    private static async Task<List<(ByteString Digest, string Profile)>> StatesAsync(GatewayFixture server, string token)
    {
        var all = new List<(ByteString, string)>();
        for (var i = 0; i < Customers; i++)
        {
            var profile = await server.ProfileAsync("user_id", $"u{i}", token, "traits.*", "activity", "monetary", "sessions", "products", "recent_events", "identifiers.*");
            var customer = server.Host.Grains.Get<ICustomer>($"default/{profile.CustomerId}");
            var reply = await customer.Refold(new RefoldRequest { AsItStands = true }, TestContext.Current.CancellationToken);
            all.Add((reply.Digest, profile.ToString()));
        }

        return all;
    }
}
