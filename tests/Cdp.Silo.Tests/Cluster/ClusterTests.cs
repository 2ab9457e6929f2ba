using Cdp.CrashKit;
using Cdp.Grains.Hosting;
using Cdp.StorageContract;
using Cdp.V1;
using Orleans.Configuration;

namespace Cdp.Silo.Tests.Cluster;

/// <summary>Three silos and a gateway on each.</summary>
public sealed class ClusterTests
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_silo_acknowledged_every_silo_reads()
    {
        await using var silos = await TestSilos.StartAsync(3);
        for (var i = 0; i < 60; i++)
        {
            var made = new Event { Id = $"e{i}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web" };
            made.Identifiers.Add(new Identifier { Namespace = "email", Value = $"somebody{i % 10}@example.com" });
            var published = await silos.NextClient().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
            var profile = (await silos.NextClient().Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile;
            Assert.Equal((i / 10) + 1, profile.Activity.EventCount);
        }

        Assert.Empty(silos.Errors);
    }

    [Fact]
    public async Task A_silo_that_comes_takes_its_share_of_the_partitions_and_one_that_goes_leaves_it_to_the_others()
    {
        await using var silos = await TestSilos.StartAsync(1);
        await silos.PartitionsAsync(8);
        await silos.StartOneAsync();
        await silos.PartitionsAsync(4, 4);
        var third = await silos.StartOneAsync();
        await silos.PartitionsAsync(2, 3, 3);
        await silos.StopAsync(third);
        await silos.PartitionsAsync(4, 4);
        Assert.Empty(silos.Errors);
    }

    [Fact]
    public async Task A_reader_waits_for_a_token_longer_than_a_call_between_silos_may_last()
    {
        var history = new MemoryHistory();
        await using var silos = await TestSilos.StartAsync(2, new TestSilosOptions
        {
            Stores = new GrainStores(new MemoryEventLog(8), new MemoryStateStore(), history, new MemoryCustomerIndex()),
            Configure = silo => silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = CallLimit),
        });
        history.Broken = true;
        var made = new Event { Id = "e1", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web" };
        made.Identifiers.Add(new Identifier { Namespace = "email", Value = "somebody@example.com" });
        var published = await silos.NextClient().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
        var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
        var reads = silos.Silos.Select(silo => silos.ClientOf(silo).Profiles.GetProfileAsync(read, cancellationToken: Token)).ToList();
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < 3 * CallLimit) await Task.Delay(50, Token);
        Assert.DoesNotContain(reads, one => one.IsCompleted);

        history.Broken = false;

        foreach (var one in reads) Assert.Equal(1, (await one).Profile.Activity.EventCount);
    }

    [Fact]
    public async Task Silos_that_are_killed_under_load_lose_nothing_and_count_nothing_twice()
    {
        await using var silos = await TestSilos.StartAsync(3);
        var run = new CrashRun("", seed: 11);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(
            silos.NextClient,
            async () =>
            {
                await silos.KillAsync(silos.Silos[1]);
                await silos.StartOneAsync();
            },
            outages: 10, Token));
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed");
    }
}
