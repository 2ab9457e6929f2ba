using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>The event log in log.db: rows of packed records, see <see cref="LogBlock"/>.</summary>
internal sealed class SqliteEventLog : IEventLog
{
    private readonly GroupCommitter<LogWriteTarget> _writer;
    private readonly ReaderPool<LogReader> _readers;
    private readonly long[] _ends;

    public SqliteEventLog(GroupCommitter<LogWriteTarget> writer, ReaderPool<LogReader> readers, long[] ends, string epoch) =>
        (_writer, _readers, _ends, Epoch) = (writer, readers, ends, epoch);

    public int Partitions => _ends.Length;

    public string Epoch { get; }

    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        return _writer.Submit(LogAppends.Of(partition, records), cancellationToken).Task;
    }

    public ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        cancellationToken.ThrowIfCancellationRequested();
        if (from >= Volatile.Read(ref _ends[partition])) return new(Array.Empty<PositionedRecord>());
        return new(_readers.Read((partition, from, maxBytes), (r, a) => r.Read(a.partition, a.from, a.maxBytes)));
    }

    public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken)
    {
        foreach (var (partition, _) in positions) CheckPartition(partition);
        cancellationToken.ThrowIfCancellationRequested();
        return new(_readers.Read(positions, (r, p) => r.ReadMany(p)));
    }

    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        return new(Volatile.Read(ref _ends[partition]));
    }

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        return position < 0 ? new(false) : _writer.Submit(new BlankOperation(partition, position, remainder), cancellationToken).Task;
    }

    private void CheckPartition(int partition) => LogAppends.CheckPartition(partition, _ends.Length);
}
