using Cdp.CrashKit;
using Cdp.Grains.Hosting;
using Cdp.Orleans.Streams;
using Cdp.StorageContract;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Streams;

namespace Cdp.Silo.Tests.Cluster;

/// <summary>Partitions whose log is pushed through streams, here those of Orleans that are kept in memory.</summary>
public sealed class PushedLogTests
{
    private const int Partitions = 4;

    private static readonly TimeSpan DeliveryLimit = TimeSpan.FromSeconds(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_pushed_is_not_read()
    {
        var (silos, log, _) = await StartAsync();
        await using var started = silos;
        await CompareAsync(silos, () => Task.CompletedTask);
        var before = log.Reads;
        Assert.InRange(before, 0, Partitions * 20);
    }

    /// <summary>Records that a stream loses, brings twice, or in another order, with a silo that is killed.</summary>
    [Fact]
    public async Task What_a_stream_loses_doubles_or_shuffles_is_applied_once()
    {
        var (silos, log, _) = await StartAsync();
        await using var started = silos;
        log.Fault = (push, entries) => (push % 7) switch
        {
            0 => [],
            1 => [.. entries, .. entries],
            2 => entries.Reverse(),
            3 => entries.Skip(1),
            _ => entries,
        };
        await CompareAsync(silos, async () =>
        {
            await silos.KillAsync(silos.Silos[1]);
            await silos.StartOneAsync();
        });
        Assert.True(log.Reads > Partitions, "Nothing was lost.");
    }

    /// <summary>No customer can be written for longer than the streams deliver and their cache keeps.</summary>
    [Fact]
    public async Task A_subscriber_that_fails_for_longer_than_the_delivery_limit_skips_nothing()
    {
        var (silos, log, history) = await StartAsync();
        await using var started = silos;
        await CompareAsync(silos, async () =>
        {
            history.Broken = true;
            var end = await EndAsync(log);
            var until = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(until) < 4 * DeliveryLimit || await EndAsync(log) < end + 600) await Task.Delay(50, Token);
            history.Broken = false;
        });
        Assert.Contains(silos.Errors, error => error.Message.Contains("delivery", StringComparison.OrdinalIgnoreCase) || error is TimeoutException);
    }

    private static async Task<long> EndAsync(PushingLog log)
    {
        var sum = 0L;
        for (var partition = 0; partition < log.Partitions; partition++) sum += await log.EndAsync(partition, Token);
        return sum;
    }

    private static async Task CompareAsync(TestSilos silos, Func<Task> outage)
    {
        // Senders do not wait for what is not applied, but send more of it.
        var run = new CrashRun("", seed: 31) { CallTimeout = DeliveryLimit };
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(silos.NextClient, outage, outages: 1, Token));
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed; {silos.Errors.Count} errors were handled");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
    }

    private static async Task<(TestSilos Silos, PushingLog Log, MemoryHistory History)> StartAsync()
    {
        var (log, history) = (new PushingLog(Partitions), new MemoryHistory());
        var silos = await TestSilos.StartAsync(2, new TestSilosOptions
        {
            Stores = new GrainStores(log, new MemoryStateStore(), history, new MemoryCustomerIndex()),
            LogPushes = true,
            Configure = silo =>
            {
                silo.AddMemoryStreams(LogStreams.Provider, streams =>
                {
                    streams.ConfigureStreamPubSub(StreamPubSubType.ImplicitOnly);
                    streams.ConfigurePullingAgent(agent => agent.Configure(options =>
                        (options.MaxEventDeliveryTime, options.GetQueueMsgsTimerPeriod, options.BatchContainerBatchSize) = (DeliveryLimit, TimeSpan.FromMilliseconds(10), 64)));
                });
                silo.Services.Configure<StreamCacheEvictionOptions>(LogStreams.Provider, eviction =>
                    (eviction.DataMinTimeInCache, eviction.DataMaxAgeInCache) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
                silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5));
            },
            ConfigureClient = client => client.AddMemoryStreams(LogStreams.Provider),
        });
        log.Client = silos.Client;
        return (silos, log, history);
    }
}
