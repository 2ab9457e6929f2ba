using System.Globalization;
using System.Runtime.CompilerServices;
using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Producer;
using Orleans.Streaming.EventHubs;

namespace Cdp.Silo.Tests.Azure;

/// <summary>An event hub in memory, behind the client library's own classes: what a hub keeps, in the library's own types.</summary>
internal sealed class FakeHub(int partitions)
{
    private const string Name = "events";

    private readonly Lock _gate = new();
    private readonly List<EventData>[] _kept = [.. Enumerable.Range(0, partitions).Select(_ => new List<EventData>())];
    private readonly long[] _forgotten = new long[partitions];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes every call fail while set.</summary>
    public bool Broken { get; set; }

    /// <summary>Writes.</summary>
    public EventHubProducerClient Producer => new FakeProducer(this);

    /// <summary>Reads.</summary>
    public EventHubConsumerClient Consumer => new FakeConsumer(this);

    /// <summary>Ids of the partitions.</summary>
    public string[] Ids => [.. Enumerable.Range(0, partitions).Select(partition => partition.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Drops the oldest records of a partition, as the retention does.</summary>
    public void Forget(int partition, int records)
    {
        lock (_gate)
        {
            _kept[partition].RemoveRange(0, records);
            _forgotten[partition] += records;
        }
    }

    /// <summary>A receiver as the stream provider uses it, from what comes now on.</summary>
    public IEventHubReceiver Receive(int partition)
    {
        lock (_gate) return new Receiver(this, partition, _forgotten[partition] + _kept[partition].Count);
    }

    private void Add(int partition, IEnumerable<EventData> events)
    {
        if (Broken) throw new EventHubsException(isTransient: true, Name, "The hub is away.", EventHubsException.FailureReason.ServiceCommunicationProblem);
        TaskCompletionSource waiting;
        lock (_gate)
        {
            foreach (var data in events)
            {
                var number = _forgotten[partition] + _kept[partition].Count;
                _kept[partition].Add(EventHubsModelFactory.EventData(
                    BinaryData.FromBytes(data.EventBody.ToArray()), new Dictionary<string, object>(data.Properties), null, null, number, $"{number * 100}", DateTimeOffset.UnixEpoch.AddSeconds(number)));
            }

            (waiting, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        waiting.SetResult();
    }

    private (List<EventData> Events, Task More) From(int partition, long number)
    {
        if (Broken) throw new EventHubsException(isTransient: true, Name, "The hub is away.", EventHubsException.FailureReason.ServiceCommunicationProblem);
        lock (_gate) return ([.. _kept[partition].Skip((int)Math.Max(0, number - _forgotten[partition]))], _more.Task);
    }

    private PartitionProperties Describe(string id)
    {
        if (Broken) throw new EventHubsException(isTransient: true, Name, "The hub is away.", EventHubsException.FailureReason.ServiceCommunicationProblem);
        var partition = int.Parse(id, CultureInfo.InvariantCulture);
        lock (_gate)
        {
            var end = _forgotten[partition] + _kept[partition].Count;
            return EventHubsModelFactory.PartitionProperties(Name, id, _kept[partition].Count == 0, _kept[partition].Count == 0 ? -1 : _forgotten[partition], end - 1, $"{(end - 1) * 100}", default);
        }
    }

    private sealed class FakeProducer(FakeHub hub) : EventHubProducerClient
    {
        private readonly ConditionalWeakTable<EventDataBatch, Tuple<int, List<EventData>>> _batches = [];

        public override ValueTask<EventDataBatch> CreateBatchAsync(CreateBatchOptions options, CancellationToken cancellationToken = default)
        {
            var events = new List<EventData>();
            var size = 0L;
            var batch = EventHubsModelFactory.EventDataBatch(1 << 20, events, options, data => (size += data.EventBody.ToMemory().Length + 64) <= 1 << 20);
            _batches.Add(batch, Tuple.Create(int.Parse(options.PartitionId, CultureInfo.InvariantCulture), events));
            return new(batch);
        }

        public override Task SendAsync(EventDataBatch eventBatch, CancellationToken cancellationToken = default)
        {
            Assert.True(_batches.TryGetValue(eventBatch, out var made));
            hub.Add(made.Item1, made.Item2);
            return Task.CompletedTask;
        }

        public override Task<EventHubProperties> GetEventHubPropertiesAsync(CancellationToken cancellationToken = default) =>
            Task.FromResult(EventHubsModelFactory.EventHubProperties(Name, DateTimeOffset.UnixEpoch, hub.Ids));

        public override Task<PartitionProperties> GetPartitionPropertiesAsync(string partitionId, CancellationToken cancellationToken = default) =>
            Task.FromResult(hub.Describe(partitionId));

        public override Task CloseAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    private sealed class FakeConsumer(FakeHub hub) : EventHubConsumerClient
    {
        public override Task<PartitionProperties> GetPartitionPropertiesAsync(string partitionId, CancellationToken cancellationToken = default) =>
            Task.FromResult(hub.Describe(partitionId));

        public override async IAsyncEnumerable<PartitionEvent> ReadEventsFromPartitionAsync(
            string partitionId, EventPosition startingPosition, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var partition = int.Parse(partitionId, CultureInfo.InvariantCulture);

            // A position does not say what it is, but compares.
            var next = 0L;
            while (EventPosition.FromSequenceNumber(next) != startingPosition) next++;
            while (true)
            {
                var (events, more) = hub.From(partition, next);
                foreach (var data in events)
                {
                    yield return new PartitionEvent(EventHubsModelFactory.PartitionContext("fake", Name, "cdp", partitionId), data);
                    next = data.SequenceNumber + 1;
                }

                await more.WaitAsync(cancellationToken);
            }
        }

        public override Task CloseAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    private sealed class Receiver(FakeHub hub, int partition, long from) : IEventHubReceiver
    {
        private long _next = from;

        public async Task<IEnumerable<EventData>> ReceiveAsync(int maxCount, TimeSpan waitTime)
        {
            while (true)
            {
                var (events, more) = hub.From(partition, _next);
                if (events.Count > 0)
                {
                    EventData[] taken = [.. events.Take(maxCount)];
                    _next = taken[^1].SequenceNumber + 1;
                    return taken;
                }

                try
                {
                    await more.WaitAsync(waitTime);
                }
                catch (TimeoutException)
                {
                    return [];
                }
            }
        }

        public Task CloseAsync() => Task.CompletedTask;
    }
}
