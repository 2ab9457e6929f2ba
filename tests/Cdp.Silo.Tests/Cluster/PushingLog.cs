using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Orleans.Streams;
using Cdp.State.V1;
using Cdp.StorageContract;

namespace Cdp.Silo.Tests.Cluster;

/// <summary>A log whose records are pushed through a stream of Orleans, with faults.</summary>
internal sealed class PushingLog(int partitions) : IEventLog
{
    private readonly MemoryEventLog _log = new(partitions);
    private int _reads;
    private int _pushes;

    /// <summary>Where records are pushed; null: nowhere.</summary>
    public IClusterClient? Client { get; set; }

    /// <summary>What becomes of the n-th push: which entries are pushed, and in which order.</summary>
    public Func<int, IReadOnlyList<LogEntry>, IEnumerable<LogEntry>> Fault { get; set; } = (_, entries) => entries;

    /// <summary>Reads that brought something: what was not pushed.</summary>
    public int Reads => Volatile.Read(ref _reads);

    public int Partitions => _log.Partitions;

    public string Epoch => _log.Epoch;

    public async ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        var first = await _log.AppendAsync(partition, records, cancellationToken);
        if (Client is not { } client) return first;
        LogEntry[] entries = [.. records.Select((record, i) => LogEntries.Of(partition, first + i, record))];
        LogEntry[] pushed = [.. Fault(Interlocked.Increment(ref _pushes), entries)];
        if (pushed.Length > 0) await client.GetStreamProvider(LogStreams.Provider).GetStream<LogEntry>(LogStreams.Of(partition)).OnNextBatchAsync(pushed);
        return first;
    }

    public async ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        var records = await _log.ReadAsync(partition, from, maxBytes, cancellationToken);
        if (records.Count > 0) Interlocked.Increment(ref _reads);
        return records;
    }

    public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken) =>
        _log.ReadManyAsync(positions, cancellationToken);

    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => _log.EndAsync(partition, cancellationToken);

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
        _log.BlankAsync(partition, position, remainder, cancellationToken);
}
