using Azure.Messaging.EventHubs;
using Cdp.Azure;
using Cdp.Azure.Streams;
using Cdp.Orleans.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Statistics;
using Orleans.Streaming.EventHubs;

namespace Cdp.Silo.Tests.Azure;

/// <summary>Orleans' provider of Event Hubs as the product sets it up, its receivers being those of a hub in memory.</summary>
internal sealed class FakeHubStreams(
    FakeHub hub, EventHubOptions options, EventHubReceiverOptions receiver, EventHubStreamCachePressureOptions pressure, StreamCacheEvictionOptions eviction,
    StreamStatisticOptions statistics, IServiceProvider services, ILoggerFactory loggers, IEnvironmentStatisticsProvider environment)
    : EventHubAdapterFactory(LogStreams.Provider, options, receiver, pressure, eviction, statistics, new LogDataAdapter(), services, loggers, environment)
{
    /// <summary>Adds it to a silo.</summary>
    public static void AddTo(ISiloBuilder silo, FakeHub hub) =>
        EventHubStreams.Configure(new Configurator(hub, services => services(silo.Services)));

    /// <inheritdoc/>
    public override void Init()
    {
        EventHubReceiverFactory = (settings, _, _) => hub.Receive(int.Parse(settings.Partition, System.Globalization.CultureInfo.InvariantCulture));
        base.Init();
    }

    /// <inheritdoc/>
    protected override void InitEventHubClient()
    {
    }

    /// <inheritdoc/>
    protected override Task<string[]> GetPartitionIdsAsync() => Task.FromResult(hub.Ids);

    private sealed class Configurator(FakeHub hub, Action<Action<IServiceCollection>> configure)
        : SiloRecoverableStreamConfigurator(LogStreams.Provider, configure, (services, name) => Create(hub, services, name)), ISiloEventHubStreamConfigurator
    {
        private static FakeHubStreams Create(FakeHub hub, IServiceProvider services, string name)
        {
            var options = services.GetOptionsByName<EventHubOptions>(name);
            options.ConfigureEventHubConnection(_ => new EventHubConnection("hub.example", "events", new global::Azure.AzureSasCredential("none")), "events", "cdp");
            var streams = ActivatorUtilities.CreateInstance<FakeHubStreams>(
                services, hub, options, services.GetOptionsByName<EventHubReceiverOptions>(name), services.GetOptionsByName<EventHubStreamCachePressureOptions>(name),
                services.GetOptionsByName<StreamCacheEvictionOptions>(name), services.GetOptionsByName<StreamStatisticOptions>(name));
            streams.Init();
            return streams;
        }
    }
}
