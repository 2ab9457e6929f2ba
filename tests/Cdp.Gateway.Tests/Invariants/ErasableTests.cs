using Cdp.Gateway.Tests.Composed;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>
/// Invariant 14: erasable, event by event: one is erased without moving another; no fold, replay, merge or resend brings it
/// back; and an id that was never minted is nobody. Of whole customers: <see cref="Privacy.ErasureTests"/>.
/// </summary>
public sealed class ErasableTests
{
    private const string Nobody = "c0000000000000000000000nobody";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_erased_event_is_gone_from_every_fold_and_no_other_moves()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(Events());
        var before = await ListAsync(server, token);
        await EraseAsync(server.Stores.Log, before);

        await AssertGoneAsync(server, token, before);
        token = await server.PublishAsync(Events());
        await AssertGoneAsync(server, token, before);
    }

    [Fact]
    public async Task What_is_sent_again_of_an_erased_event_is_erased_as_well_also_after_a_replay()
    {
        var stores = ComposedNode.Stores.New();
        List<CustomerEvent> before;
        string token, customer;
        await using (var server = await GatewayFixture.StartAsync(Of(stores)))
        {
            token = await server.PublishAsync(Events());
            customer = (await server.ProfileAsync("user_id", "u1", token)).CustomerId;
            before = await ListAsync(server, token);
            await EraseAsync(stores.Log, before);
            await server.ProfileAsync("user_id", "u1", await server.PublishAsync(Events()));
        }

        await AssertNoSecretAsync(stores.Log);
        for (var round = 0; round < 2; round++)
        {
            stores = await stores.ForReplayAsync();
            await using var replayed = await GatewayFixture.StartAsync(Of(stores));
            Assert.Equal(customer, (await replayed.ProfileAsync("user_id", "u1", token)).CustomerId);
            await AssertGoneAsync(replayed, token, before);

            token = await replayed.PublishAsync(Events());
            await AssertGoneAsync(replayed, token, before);
            await AssertNoSecretAsync(stores.Log);
        }
    }

    [Fact]
    public async Task It_does_not_matter_which_copy_was_erased_nor_in_which_order_a_replay_meets_them()
    {
        var stores = ComposedNode.Stores.New();
        List<CustomerEvent> before;
        string token;
        await using (var server = await GatewayFixture.StartAsync(Of(stores)))
        {
            token = await server.PublishAsync(Events());
            before = await ListAsync(server, token);
            var ends = await EndsAsync(stores.Log);
            token = await server.PublishAsync(Events());
            await server.ProfileAsync("user_id", "u1", token);

            // The copy that does not count, alone.
            var secret = Assert.Single(before, e => e.Event.Id == "secret");
            Assert.True(await ErasedEvents.EraseAsync(stores.Log, secret.Partition, ends[secret.Partition] + 2, Cancel));
        }

        await using var replayed = await GatewayFixture.StartAsync(Of(stores = await stores.ForReplayAsync()));
        var profile = await replayed.ProfileAsync("user_id", "u1", token, "traits.*", "activity");
        Assert.Equal((4, "name"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Name));
        await AssertNoSecretAsync(stores.Log);
    }

    [Fact]
    public async Task A_merge_with_a_customer_that_has_a_copy_does_not_bring_an_erased_event_back()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync([.. Events().Select(e => Under(e, "device", "d1"))]);
        await server.ProfileAsync("device", "d1", token);
        token = await server.PublishAsync(Events());
        await EraseAsync(server.Stores.Log, await ListAsync(server, token));

        token = await server.PublishAsync(GatewayFixture.Event("together", "Product Viewed", ("user_id", "u1"), ("device", "d1")));

        var profile = await server.ProfileAsync("user_id", "u1", token, "traits.*", "activity");
        Assert.Equal((5, "name"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Name));
        await AssertNoSecretAsync(server.Stores.Log);
    }

    [Fact]
    public async Task An_event_that_was_erased_before_it_was_applied_is_known_when_it_is_sent_again()
    {
        var stores = ComposedNode.Stores.New();
        await using (var server = await GatewayFixture.StartAsync(Of(stores)))
        {
            var token = await server.PublishAsync(Events());
            await EraseAsync(stores.Log, await ListAsync(server, token));
        }

        // Nothing of the log was ever applied, and nobody decided who anybody is.
        stores = await stores.ForReplayAsync() with { History = new MemoryHistory() };
        await using var first = await GatewayFixture.StartAsync(Of(stores));
        var again = await first.PublishAsync(Events());

        var profile = await first.ProfileAsync("user_id", "u1", again, "traits.*", "activity");
        Assert.Equal((4, "name"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Name));
        await AssertNoSecretAsync(stores.Log);
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

    private static async Task EraseAsync(IEventLog log, List<CustomerEvent> events)
    {
        var secret = Assert.Single(events, e => e.Event.Id == "secret");
        Assert.True(await ErasedEvents.EraseAsync(log, secret.Partition, secret.Position, Cancel));
    }

    private static async Task AssertGoneAsync(GatewayFixture server, string token, List<CustomerEvent> before)
    {
        await server.RestartWithoutAsync(CustomerGrain.SnapshotKind);
        var profile = await server.ProfileAsync("user_id", "u1", token, "traits.*", "activity");
        Assert.Equal((4, "name"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Name));
        Assert.Equal(
            before.Where(e => e.Event.Id != "secret").Select(e => (e.Event.Id, e.Partition, e.Position)),
            (await ListAsync(server, token)).Select(e => (e.Event.Id, e.Partition, e.Position)));
    }

    private static async Task AssertNoSecretAsync(IEventLog log)
    {
        for (var partition = 0; partition < log.Partitions; partition++)
        {
            foreach (var payload in (await log.ReadAsync(partition, 0, int.MaxValue, Cancel)).Select(r => r.Record.Payload)) Assert.DoesNotContain("measles", Bytes.Text(payload), StringComparison.Ordinal);
        }
    }

    private static async Task<long[]> EndsAsync(MemoryEventLog log) =>
        await Task.WhenAll(Enumerable.Range(0, log.Partitions).Select(p => log.EndAsync(p, Cancel).AsTask()));

    private static Event Under(Event made, string ns, string value)
    {
        made.Identifiers.Clear();
        made.Identifiers.Add(new Identifier { Namespace = ns, Value = value });
        return made;
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

    private static GrainStores Of(ComposedNode.Stores stores) => new(stores.Log, stores.States, stores.History, stores.Index);
}
