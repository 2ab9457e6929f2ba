using Cdp.Azure.Log;
using Cdp.CrashKit;
using Cdp.Grains.Hosting;
using Cdp.Silo.Tests.Cluster;
using Cdp.StorageContract;
using Cdp.V1;

namespace Cdp.Silo.Tests.Azure;

/// <summary>The product on Orleans' provider of Event Hubs; only the hub behind its receivers is one in memory.</summary>
public sealed class EventHubStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_pushed_by_a_hub_are_applied_once_though_silos_are_killed()
    {
        var hub = new FakeHub(4);
        await using var log = await EventHubLog.OpenAsync(hub.Producer, hub.Consumer, Token);
        await using var silos = await StartAsync(hub, log);
        var (comparison, failed) = await silos.ExplainAsync(new CrashRun("", seed: 41).OutlastAsync(
            silos.NextClient,
            async () =>
            {
                await silos.KillAsync(silos.Silos[1]);
                await silos.StartOneAsync();
            },
            outages: 2, Token));
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed; {silos.Errors.Count} errors were handled");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}\n{string.Join('\n', silos.Errors.Take(5))}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
    }

    /// <summary>The hub's retention ends: histories hold the events themselves.</summary>
    [Fact]
    public async Task What_a_hub_forgot_is_listed_and_folded_again()
    {
        var hub = new FakeHub(1);
        await using var log = await EventHubLog.OpenAsync(hub.Producer, hub.Consumer, Token);
        await using var silos = await StartAsync(hub, log);
        var client = silos.NextClient();
        var publish = new PublishEventsRequest();
        for (var i = 0; i < 40; i++) publish.Events.Add(Sold(i));
        var somebody = new CustomerRef { Identifier = publish.Events[0].Identifiers[0] };
        var read = new GetProfileRequest { Customer = somebody, Purpose = "service", AfterToken = (await client.Ingest.PublishEventsAsync(publish, cancellationToken: Token)).Token };
        Assert.Empty((await client.Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile.Monetary);
        hub.Forget(0, (int)await log.EndAsync(0, Token));

        // From here on the type is an order: what came before is folded again.
        await client.Admin.PutEventTypeAsync(
            new PutEventTypeRequest { EventType = new EventType { Name = "Ticket Sold", Role = EventRole.Order, ValuePath = "price" } }, cancellationToken: Token);
        read.AfterToken = (await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Sold(40) } }, cancellationToken: Token)).Token;
        Assert.Equal(41, Assert.Single((await client.Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile.Monetary).Orders);
        var listed = await client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = somebody, Purpose = "service", PageSize = 100 }, cancellationToken: Token);
        Assert.Equal(Enumerable.Range(0, 41).Select(i => Sold(i).Id).Order(), listed.Events.Select(found => found.Event.Id).Order());
        Assert.Empty(silos.Errors);
    }

    private static Event Sold(int number)
    {
        var sold = new Event { Id = $"e{number}", Kind = EventKind.Track, Type = "Ticket Sold", Source = "tests", Channel = "web", Properties = { ["price"] = new Value { DecimalValue = "2.50" } } };
        sold.Identifiers.Add(new Identifier { Namespace = "email", Value = "somebody@example.com" });
        return sold;
    }

    private static Task<TestSilos> StartAsync(FakeHub hub, EventHubLog log) => TestSilos.StartAsync(2, new TestSilosOptions
    {
        Stores = new GrainStores(log, new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex()),
        LogPushes = true,
        Configure = silo => FakeHubStreams.AddTo(silo, hub),
    });
}
