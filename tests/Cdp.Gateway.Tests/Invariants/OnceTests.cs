using Cdp.Gateway.Tests.Composed;
using Cdp.Grains.Customers;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>Invariant 3: of one customer's events of the same source and id, one counts, however and whenever they come.</summary>
public sealed class OnceTests
{
    /// <summary>Kind of the states that hold filters of event ids.</summary>
    private const string FilterKind = "event-filter";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SettableTime _time = new() { Now = Start };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copies_in_one_batch_in_another_and_after_a_restart_count_once_and_are_listed()
    {
        await using var server = await GatewayFixture.StartAsync();
        var seen = GatewayFixture.Event("v-1", "Product Viewed", ("device", "d1"));
        await server.PublishAsync(seen, seen);
        var token = await server.PublishAsync(seen);
        Assert.Equal(1, (await server.ProfileAsync("device", "d1", token)).Activity.EventCount);

        await server.RestartAsync();
        token = await server.PublishAsync(seen);

        Assert.Equal(1, (await server.ProfileAsync("device", "d1", token)).Activity.EventCount);
        Assert.Equal(3, (await SingleEventAsync(server, token)).Copies);
    }

    [Fact]
    public async Task A_year_later_it_is_still_known()
    {
        await using var server = await GatewayFixture.StartAsync(time: _time);
        await server.PublishAsync(GatewayFixture.Event("v-1", "Product Viewed", ("device", "d1")));
        _time.Now = Start.AddYears(1);

        var token = await server.PublishAsync(GatewayFixture.Event("v-1", "Product Viewed", ("device", "d1")));

        var profile = await server.ProfileAsync("device", "d1", token);
        Assert.Equal(1, profile.Activity.EventCount);
        Assert.Equal(Micros(Start), profile.Activity.LastSeen.UnixMicros);
    }

    [Fact]
    public async Task More_than_512_events_later_it_is_known_by_a_filter_and_found_in_the_history()
    {
        const int Count = 600;
        await using var server = await GatewayFixture.StartAsync();
        var events = Enumerable.Range(0, Count).Select(i => GatewayFixture.Event($"v-{i}", "Product Viewed", ("device", "d1"))).ToArray();
        foreach (var chunk in events.Chunk(100)) await server.ProfileAsync("device", "d1", await server.PublishAsync(chunk));
        var customer = (await server.ProfileAsync("device", "d1", "")).CustomerId;
        Assert.True((await server.States.ReadAsync(FilterKind, $"default/{customer}/0", Cancel)).Exists);

        await AssertAllAreKnownAsync();
        await server.RestartAsync();
        await AssertAllAreKnownAsync();
        await server.RestartWithoutAsync(FilterKind);
        await AssertAllAreKnownAsync();

        async Task AssertAllAreKnownAsync()
        {
            var token = await server.PublishAsync([.. events[..20], .. events[^20..]]);
            Assert.Equal(Count, (await server.ProfileAsync("device", "d1", token)).Activity.EventCount);
        }
    }

    [Fact]
    public async Task A_copy_of_other_content_counts_nothing_and_is_marked()
    {
        await using var server = await GatewayFixture.StartAsync(time: _time);
        await server.PublishAsync(WithPlan("gold"));
        var token = await server.PublishAsync(WithPlan("silver"), WithPlan("gold"));

        var profile = await server.ProfileAsync("device", "d1", token);

        Assert.Equal(1, profile.Activity.EventCount);
        Assert.Equal("gold", Assert.Single(profile.Traits).Value.StringValue);
        var copies = (await EntriesAsync(server, profile.CustomerId)).Where(e => e.Copy is not null).Select(e => e.Copy);
        Assert.Equal([(1, true), (2, false)], copies.Select(c => ((int)c.Event.Position, c.OtherContent)));
    }

    [Fact]
    public async Task The_copy_received_first_counts_though_it_arrived_last()
    {
        await using var server = await GatewayFixture.StartAsync(time: _time);
        await server.PublishAsync(WithPlan("gold"));

        // By the clock of another front door.
        _time.Now = Start.AddMinutes(-10);
        var token = await server.PublishAsync(WithPlan("silver"));

        var profile = await server.ProfileAsync("device", "d1", token);
        Assert.Equal((1, "silver"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Value.StringValue));
        var listed = await SingleEventAsync(server, token);
        Assert.Equal((1, 1), (listed.Position, listed.Copies));

        // The same moment: the position decides.
        token = await server.PublishAsync(WithPlan("bronze"));
        Assert.Equal("silver", Assert.Single((await server.ProfileAsync("device", "d1", token)).Traits).Value.StringValue);
    }

    [Fact]
    public async Task The_same_id_from_another_source_is_another_event()
    {
        await using var server = await GatewayFixture.StartAsync();
        var other = GatewayFixture.Event("v-1", "Product Viewed", ("device", "d1"));
        other.Source = "elsewhere";
        var token = await server.PublishAsync(GatewayFixture.Event("v-1", "Product Viewed", ("device", "d1")), other);
        Assert.Equal(2, (await server.ProfileAsync("device", "d1", token)).Activity.EventCount);
    }

    [Fact]
    public async Task Copies_under_two_customers_become_one_when_these_merge()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(GatewayFixture.Event("same", "Product Viewed", ("device", "d1")), GatewayFixture.Event("left", "Product Viewed", ("device", "d1")));
        var token = await server.PublishAsync(GatewayFixture.Event("same", "Product Viewed", ("user_id", "u1")), GatewayFixture.Event("right", "Product Viewed", ("user_id", "u1")));
        Assert.Equal(2, (await server.ProfileAsync("device", "d1", token)).Activity.EventCount);
        Assert.Equal(2, (await server.ProfileAsync("user_id", "u1", token)).Activity.EventCount);

        token = await server.PublishAsync(GatewayFixture.Event("login", "Signed In", ("user_id", "u1"), ("device", "d1")));
        await AssertFourAsync();
        token = await server.PublishAsync(GatewayFixture.Event("same", "Product Viewed", ("user_id", "u1")), GatewayFixture.Event("right", "Product Viewed", ("device", "d1")));
        await AssertFourAsync();
        await server.RestartWithoutAsync(CustomerGrain.SnapshotKind);
        await AssertFourAsync();

        async Task AssertFourAsync()
        {
            Assert.Equal(4, (await server.ProfileAsync("device", "d1", token)).Activity.EventCount);
            Assert.Equal(4, (await server.ProfileAsync("user_id", "u1", token)).Activity.EventCount);
        }
    }

    private static Event WithPlan(string plan)
    {
        var made = GatewayFixture.Event("v-1", "Product Viewed", ("device", "d1"));
        made.Traits = new TraitChanges { Set = { ["plan"] = new Value { StringValue = plan } } };
        return made;
    }

    private static async Task<CustomerEvent> SingleEventAsync(GatewayFixture server, string token)
    {
        var request = new ListEventsRequest { Customer = GatewayFixture.Ref("device", "d1"), AfterToken = token };
        return Assert.Single((await server.Client.Profiles.ListEventsAsync(request, cancellationToken: Cancel)).Events);
    }

    private static async Task<List<HistoryEntry>> EntriesAsync(GatewayFixture server, string customer) =>
        [.. (await server.Stores.History.ReadAsync($"default/{customer}", 0, int.MaxValue, Cancel)).SelectMany(row => HistorySlice.Parser.ParseFrom(row.Bytes.Span).Entries)];

    private static long Micros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;
}
