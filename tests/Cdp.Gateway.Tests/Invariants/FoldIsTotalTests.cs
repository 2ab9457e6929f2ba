using Cdp.EngineContract;
using Cdp.Gateway.Tests.Composed;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using DeadLetter = Cdp.State.V1.DeadLetter;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>Invariant 13: the fold is total. What it throws on is kept aside, and a new version of it folds again.</summary>
public sealed class FoldIsTotalTests
{
    private const int Customers = 80;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_on_which_the_fold_throws_becomes_a_dead_letter_and_those_around_it_count()
    {
        await using var server = await HeldServer.StartAsync();
        var key = await server.MeetAsync("u1");
        var first = (await server.Server.Stores.Log.ReadAsync(0, 0, 1, Cancel))[0].Record;
        var bad = LoggedEvent.Parser.ParseFrom(first.Payload.Span);
        (bad.IdHashLow, bad.Event) = (bad.IdHashLow + 1, ByteString.CopyFrom(0x0F, 0xFF));
        await server.Server.Host.Log.AppendAsync(0, [new AppendedEvent(first with { Payload = bad.ToByteArray() }, bad)], Cancel);

        var token = await server.SeeAsync("u1");

        await AssertKeptAsideAsync();
        await server.Server.RestartWithoutAsync(CustomerGrain.SnapshotKind);
        await AssertKeptAsideAsync();

        async Task AssertKeptAsideAsync()
        {
            Assert.Equal(2, (await server.Server.ProfileAsync("user_id", "u1", token)).Activity.EventCount);
            Assert.Equal(2, (await server.Server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = GatewayFixture.Ref("user_id", "u1") }, cancellationToken: Cancel)).Events.Count);
            var status = await server.StatusAsync();
            Assert.Equal((3, 1), (status.Applied, status.DeadLetters));
            var letter = DeadLetter.Parser.ParseFrom((await server.Server.States.ReadAsync(PartitionGrain.DeadLetterKind, $"default/0000/{1:D19}", Cancel)).Value.Span);
            Assert.Equal((1, "FOLD_FAILED"), (letter.Position, letter.Reason));
            Assert.Equal(4, await server.History.LengthAsync(key, Cancel) - 1);
        }
    }

    [Fact]
    public async Task A_changed_meaning_of_a_type_folds_a_customer_again_at_its_next_event()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(Sold("1", "u1", "7.50"));
        Assert.Empty((await server.ProfileAsync("user_id", "u1", token)).Monetary);

        await ChangeMeaningAsync(server);
        token = await server.PublishAsync(Sold("2", "u1", "2.50"));

        var monetary = Assert.Single((await server.ProfileAsync("user_id", "u1", token)).Monetary);
        Assert.Equal((2, "10"), (monetary.Orders, monetary.NetRevenue.Amount));
    }

    [Fact]
    public async Task A_changed_meaning_of_a_type_folds_customers_that_nobody_touches_by_a_sweep()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(checkMessages: false, time);
        var token = await server.PublishAsync([.. Enumerable.Range(0, Customers).SelectMany(i => (Event[])[Sold($"a{i}", $"u{i}", "7.50"), Sold($"b{i}", $"u{i}", $"{i}.25")])]);
        await server.ProfileAsync("user_id", "u0", token);
        await ChangeMeaningAsync(server);

        var sweep = server.Host.Grains.Get<IRefoldSweep>("default");
        for (var second = 0; second < 600 && !(await sweep.Sweep(new SweepRequest(), Cancel)).Done; second++) time.Advance(TimeSpan.FromSeconds(1));

        var expected = await CanonicalOracle.CustomersAsync(server.Stores.Log, server.Host.Definitions.Find("default")!);
        Assert.Equal(Customers, expected.Count);
        var profiles = new Dictionary<string, ByteString>();
        foreach (var (keys, profile) in expected)
            profiles[(await server.Host.Grains.Get<IIdentityLink>($"default/{keys.Single()}").Resolve(new ResolveLinkRequest(), Cancel)).Customer] = profile;
        var version = server.Host.Definitions.Find("default")!.Version;
        await server.Host.StopAsync();
        foreach (var (customer, profile) in profiles)
        {
            var row = await server.States.ReadAsync(CustomerGrain.SnapshotKind, $"default/{customer}", Cancel);
            var snapshot = CustomerSnapshot.Parser.ParseFrom(row.Value.Span);
            Assert.Equal((version, false), (snapshot.DefinitionsVersion, snapshot.Bookkeeping.FoldAgain));
            Assert.Equal(profile, snapshot.Profile.ToByteString());
            Assert.Single(snapshot.Profile.Monetary);
        }
    }

    private static Event Sold(string id, string user, string price)
    {
        var made = GatewayFixture.Event(id, "Ticket Sold", ("user_id", user));
        made.Properties["price"] = new Value { DecimalValue = price };
        return made;
    }

    private static async Task ChangeMeaningAsync(GatewayFixture server) => await server.Client.Admin.PutEventTypeAsync(
        new PutEventTypeRequest { EventType = new EventType { Name = "Ticket Sold", Role = EventRole.Order, ValuePath = "price" } }, cancellationToken: Cancel);
}
