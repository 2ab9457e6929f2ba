using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Producer;
using Cdp.Grains.Ports;

namespace Cdp.Azure.Log;

/// <summary>
/// An event hub as the log. A position is a sequence number: they are dense in each partition of a hub. The hub keeps
/// records for its retention only; histories keep what they need longer.
/// </summary>
/// <remarks>
/// The hub does not say which positions an append got. <see cref="AppendAsync"/> asks for the partition's end afterwards and
/// answers as if its records were the last ones: a token then waits for a few records more at worst, never for fewer.
/// One event cannot be erased from a hub; <see cref="BlankAsync"/> says so.
/// </remarks>
public sealed class EventHubLog : IEventLog, IAsyncDisposable
{
    /// <summary>Most positions without a payload of one read.</summary>
    private const int MostLost = 512;

    private readonly EventHubProducerClient _producer;
    private readonly EventHubConsumerClient _consumer;
    private readonly End[] _ends;

    private EventHubLog(EventHubProducerClient producer, EventHubConsumerClient consumer, EventHubProperties hub)
    {
        (_producer, _consumer) = (producer, consumer);
        _ends = [.. hub.PartitionIds.Select((_, partition) => new End(() => AskEndAsync(partition)))];
        Epoch = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{hub.Name} {hub.CreatedOn.UtcTicks}"))).ToString("x16", CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public int Partitions => _ends.Length;

    /// <inheritdoc/>
    /// <remarks>Of the hub's name and the time when it was made: one that was deleted and made anew is another log.</remarks>
    public string Epoch { get; }

    /// <inheritdoc/>
    public bool Forgets => true;

    /// <summary>Opens a hub.</summary>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public static Task<EventHubLog> OpenAsync(EventHubAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return OpenAsync(new EventHubProducerClient(address.Connect()), new EventHubConsumerClient(address.ConsumerGroup, address.Connect()), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        await TryAsync(() => SendAsync(partition, records)).ConfigureAwait(false);
        return await _ends[partition].AskAsync().ConfigureAwait(false) - records.Count;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        var hub = await TryAsync(() => _consumer.GetPartitionPropertiesAsync(Id(partition), cancellationToken)).ConfigureAwait(false);
        var end = EndOf(hub);
        if (from >= end) return [];
        if (!hub.IsEmpty && hub.BeginningSequenceNumber <= from)
            return await TryAsync(() => ReceiveAsync(partition, from, end, maxBytes, cancellationToken)).ConfigureAwait(false);

        // Gone with the retention before anybody took them: positions without a payload, so that the partition goes on.
        var first = hub.IsEmpty ? end : Math.Min(end, hub.BeginningSequenceNumber);
        var lost = new List<PositionedRecord>();
        for (var position = from; position < first && lost.Count < MostLost; position++)
            lost.Add(new PositionedRecord(position, new LogRecord("", LogRecordFlags.Blanked, 0, default)));
        return lost;
    }

    /// <inheritdoc/>
    /// <remarks>Each is a call; nothing that runs often asks a log that forgets.</remarks>
    public async ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(positions);
        var records = new LogRecord?[positions.Count];
        for (var i = 0; i < records.Length; i++)
        {
            var (partition, position) = positions[i];
            if (partition < 0 || partition >= Partitions || position < 0) continue;
            var found = await ReadAsync(partition, position, maxBytes: 1, cancellationToken).ConfigureAwait(false);
            if (found.Count > 0 && found[0].Position == position) records[i] = found[0].Record;
        }

        return records;
    }

    /// <inheritdoc/>
    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => new(_ends[partition].AskAsync().WaitAsync(cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: a hub keeps every record until its retention ends.</exception>
    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Event Hubs cannot erase a single event; it goes when the hub's retention ends.");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync().ConfigureAwait(false);
        await _consumer.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Opens a hub through clients that are given.</summary>
    internal static async Task<EventHubLog> OpenAsync(EventHubProducerClient producer, EventHubConsumerClient consumer, CancellationToken cancellationToken) =>
        new(producer, consumer, await TryAsync(() => producer.GetEventHubPropertiesAsync(cancellationToken)).ConfigureAwait(false));

    private static string Id(int partition) => partition.ToString(CultureInfo.InvariantCulture);

    private static long EndOf(PartitionProperties partition) => partition.LastEnqueuedSequenceNumber + 1;

    private static async Task<T> TryAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception e) when (e is EventHubsException or TimeoutException)
        {
            throw new IOException($"The event hub cannot be reached: {e.Message}", e);
        }
    }

    private async Task<bool> SendAsync(int partition, IReadOnlyList<LogRecord> records)
    {
        // A hub takes one megabyte at a time.
        for (var i = 0; i < records.Count;)
        {
            using var batch = await _producer.CreateBatchAsync(new CreateBatchOptions { PartitionId = Id(partition) }).ConfigureAwait(false);
            while (i < records.Count && batch.TryAdd(HubRecords.ToEvent(records[i]))) i++;
            if (batch.Count == 0) throw new IOException($"An event of {records[i].Payload.Length} bytes is larger than the event hub takes.");
            await _producer.SendAsync(batch).ConfigureAwait(false);
        }

        return true;
    }

    private async Task<List<PositionedRecord>> ReceiveAsync(int partition, long from, long end, int maxBytes, CancellationToken cancellationToken)
    {
        var records = new List<PositionedRecord>();
        var bytes = 0L;
        await foreach (var received in _consumer.ReadEventsFromPartitionAsync(Id(partition), EventPosition.FromSequenceNumber(from), cancellationToken).ConfigureAwait(false))
        {
            records.Add(new PositionedRecord(received.Data.SequenceNumber, HubRecords.ToRecord(received.Data)));
            bytes += received.Data.EventBody.ToMemory().Length;
            if (bytes >= maxBytes || received.Data.SequenceNumber >= end - 1) break;
        }

        return records;
    }

    private async Task<long> AskEndAsync(int partition) =>
        EndOf(await TryAsync(() => _producer.GetPartitionPropertiesAsync(Id(partition))).ConfigureAwait(false));

    /// <summary>Asks for a partition's end: one call under way, and one more for all who came meanwhile.</summary>
    private sealed class End(Func<Task<long>> ask)
    {
        private readonly Lock _gate = new();
        private Task<long> _running = Task.FromResult(0L);
        private Task<long>? _next;

        /// <summary>An end that was asked for after this call began.</summary>
        public Task<long> AskAsync()
        {
            lock (_gate)
            {
                if (_next is not null) return _next;
                if (_running.IsCompleted) return _running = ask();
                return _next = AfterAsync(_running);
            }
        }

        private async Task<long> AfterAsync(Task<long> before)
        {
            await ((Task)before).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            Task<long> mine;
            lock (_gate)
            {
                (_running, _next) = (ask(), null);
                mine = _running;
            }

            return await mine.ConfigureAwait(false);
        }
    }
}
