using Cdp.Gateway.Tests.Composed;
using Cdp.Grains.Customers;
using Cdp.Grains.V1;
using Cdp.SingleNode.Hosting;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>
/// Invariant 14: erasable. What of it is built: one event is blanked without moving another, no fold and no replay
/// brings it back, and an id that was never minted is nobody.
/// </summary>
public sealed class ErasableTests
{
    private const string Nobody = "c0000000000000000000000nobody";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_blanked_event_is_gone_from_every_fold_and_no_other_moves()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(Events());
        var before = await ListAsync(server, token);
        var secret = before.Single(e => e.Event.Id == "secret");
        Assert.True(await server.Stores.Log.BlankAsync(secret.Partition, secret.Position, Cancel));

        await AssertGoneAsync();
        token = await server.PublishAsync(Events());
        await AssertGoneAsync();

        async Task AssertGoneAsync()
        {
            await server.RestartAsync();
            server.States.DropKind(CustomerGrain.SnapshotKind);
            await server.RestartAsync();
            var profile = await server.ProfileAsync("user_id", "u1", token, "traits.*", "activity");
            Assert.Equal((4, "name"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Name));
            Assert.Equal(
                before.Where(e => e.Event.Id != "secret").Select(e => (e.Event.Id, e.Partition, e.Position)),
                (await ListAsync(server, token)).Select(e => (e.Event.Id, e.Partition, e.Position)));
        }
    }

    [Fact]
    public async Task A_replay_of_the_log_does_not_bring_a_blanked_event_back()
    {
        var stores = ComposedNode.Stores.New();
        string token, customer;
        await using (var server = await GatewayFixture.StartAsync(Of(stores)))
        {
            token = await server.PublishAsync(Events());
            customer = (await server.ProfileAsync("user_id", "u1", token)).CustomerId;
            var secret = (await ListAsync(server, token)).Single(e => e.Event.Id == "secret");
            await stores.Log.BlankAsync(secret.Partition, secret.Position, Cancel);
        }

        await using var replayed = await GatewayFixture.StartAsync(Of(await stores.ForReplayAsync()));

        var profile = await replayed.ProfileAsync("user_id", "u1", token, "traits.*", "activity");
        Assert.Equal((customer, 4, "name"), (profile.CustomerId, profile.Activity.EventCount, Assert.Single(profile.Traits).Name));
    }

    [Fact]
    public async Task An_id_that_was_never_minted_is_gone_to_every_call_and_none_makes_it()
    {
        await using var server = await GatewayFixture.StartAsync();
        var reference = new CustomerRef { CustomerId = Nobody };
        await Calls.RefusedAsync(
            server.Client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = reference, Purpose = "service" }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        await Calls.RefusedAsync(
            server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = reference }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");

        var key = $"default/{Nobody}";
        var customer = server.Host.Grains.Get<ICustomer>(key);
        Assert.Equal(CustomerStanding.Gone, (await customer.Apply(new ApplyRequest(), Cancel)).Standing);
        Assert.Equal(CustomerStanding.Gone, (await customer.ReadProfile(new ReadProfileRequest { Purpose = "service" }, Cancel)).Standing);
        Assert.Equal(CustomerStanding.Gone, (await customer.ReadEvents(new ReadEventsRequest { PageSize = 1 }, Cancel)).Standing);
        Assert.Equal(CustomerStanding.Gone, (await customer.Refold(new RefoldRequest(), Cancel)).Standing);
        Assert.Equal(CustomerStanding.Gone, (await customer.Absorb(new AbsorbRequest { Loser = "c1" }, Cancel)).Standing);

        await server.RestartAsync();
        Assert.False((await server.States.ReadAsync(CustomerGrain.SnapshotKind, key, Cancel)).Exists);
        Assert.Equal(0, await server.Stores.History.LengthAsync(key, Cancel));
        Assert.Empty(await server.Stores.Customers.PageAsync("default", "", 10, Cancel));
    }

    /// <summary>Five events of a customer; one of them sets what is to be forgotten.</summary>
    private static Event[] Events()
    {
        var events = ((string[])["a", "b", "secret", "c", "d"]).Select(id => GatewayFixture.Event(id, "Product Viewed", ("user_id", "u1"))).ToArray();
        events[0].Traits = new TraitChanges { Set = { ["name"] = new Value { StringValue = "Ann" } } };
        events[2].Traits = new TraitChanges { Set = { ["illness"] = new Value { StringValue = "measles" } } };
        return events;
    }

    private static async Task<List<CustomerEvent>> ListAsync(GatewayFixture server, string token) =>
        [.. (await server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = GatewayFixture.Ref("user_id", "u1"), AfterToken = token }, cancellationToken: Cancel)).Events];

    private static SingleNodeStores Of(ComposedNode.Stores stores) => new(stores.Log, stores.States, stores.History, stores.Index);
}
