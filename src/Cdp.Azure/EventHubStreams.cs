using Cdp.Azure.Log;
using Cdp.Azure.Streams;
using Cdp.Orleans.Streams;
using Orleans.Streams;

namespace Cdp.Azure;

/// <summary>Has Orleans' Event Hubs provider push the log to the partitions' grains.</summary>
public static class EventHubStreams
{
    /// <summary>Most records of one delivery.</summary>
    private const int MostRecords = 512;

    /// <summary>Pushes the records of a hub.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="address">The hub; nobody else may read with its consumer group.</param>
    public static ISiloBuilder AddLogStreams(this ISiloBuilder silo, EventHubAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return silo.AddEventHubStreams(LogStreams.Provider, streams =>
        {
            streams.ConfigureEventHub(hub => hub.Configure(options => options.ConfigureEventHubConnection(_ => address.Connect(), address.EventHub, address.ConsumerGroup)));
            Configure(streams);
        });
    }

    /// <summary>Everything but the connection.</summary>
    internal static void Configure(ISiloEventHubStreamConfigurator streams)
    {
        streams.UseDataAdapter((_, _) => new LogDataAdapter());
        streams.ConfigureComponent<IStreamQueueCheckpointerFactory>((_, _) => new FromNow());
        streams.ConfigurePartitionReceiver(receiver => receiver.Configure(options => options.StartFromNow = true));
        streams.ConfigureStreamPubSub(StreamPubSubType.ImplicitOnly);
        streams.ConfigurePullingAgent(agent => agent.Configure(options =>
            (options.BatchContainerBatchSize, options.GetQueueMsgsTimerPeriod) = (MostRecords, TimeSpan.FromMilliseconds(10))));
    }
}
