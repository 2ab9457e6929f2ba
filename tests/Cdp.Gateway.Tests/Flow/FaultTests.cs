using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Flow;

/// <summary>What must hold nobody up, and count nothing twice.</summary>
public sealed class FaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_that_cannot_be_resolved_is_buried_and_those_behind_it_are_applied()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        server.HasFaults = true;
        var made = GatewayFixture.Event("ghost", "Seen", ("device", "d"));
        var logged = new LoggedEvent { Event = made.ToByteString(), Keys = { new IdentifierKey { Key = "device/1.1/AAAAAAAAAAAAAAAAAAAAAA" } } };
        for (var partition = 0; partition < server.Host.Log.Partitions; partition++)
            await server.Host.Log.AppendAsync(partition, [new AppendedEvent(new LogRecord("nobody", LogRecordFlags.None, 0, logged.ToByteArray()), logged)], Cancel);

        var token = await server.PublishAsync([.. Enumerable.Range(0, 40).Select(i => GatewayFixture.Event($"{i}", "Seen", ("device", $"d{i}")))]);

        for (var i = 0; i < 40; i++) Assert.Equal(1, (await server.ProfileAsync("device", $"d{i}", token)).Activity.EventCount);
        var partitions = await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        Assert.All(partitions.Partitions, p => Assert.Equal((p.EndPosition, 1), (p.AppliedPosition, p.DeadLetters)));
    }

    [Fact]
    public async Task A_customer_that_a_resumed_merge_hands_over_again_is_read_once()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync([.. ((string[])["z", "a", "b"]).SelectMany(d => Enumerable.Range(0, 3).Select(i => GatewayFixture.Event($"{d}{i}", "Seen", ("device", d))))]);
        var ids = new Dictionary<string, string>();
        foreach (var device in (string[])["z", "a", "b"]) ids[device] = (await server.ProfileAsync("device", device, token)).CustomerId;

        // b is merged into a, a into z; then the first merge, which did not hear of its end, goes on.
        await MergeAsync("b", "a", "a");
        await MergeAsync("a", "z", "z");
        await MergeAsync("b", "a", "z");

        var events = await server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = GatewayFixture.Ref("device", "b") }, cancellationToken: Cancel);
        Assert.Equal(9, events.Events.Count);
        Assert.All(events.Events, e => Assert.Equal(0, e.Copies));
        Assert.Equal(9, (await server.ProfileAsync("device", "z", token)).Activity.EventCount);

        async Task MergeAsync(string loser, string winner, string holder)
        {
            var sealedLoser = await Customer(loser).Seal(new SealRequest { Winner = ids[winner], IdentitySequence = 9, At = 1 }, Cancel);
            var absorbed = await Customer(holder).Absorb(
                new AbsorbRequest { Loser = ids[loser], Entries = sealedLoser.Entries, IdentitySequence = 9, At = 1, Snapshot = sealedLoser.Snapshot }, Cancel);
            Assert.Equal(CustomerStanding.Here, absorbed.Standing);
        }

        ICustomer Customer(string device) => server.Host.Grains.Get<ICustomer>($"default/{ids[device]}");
    }
}
