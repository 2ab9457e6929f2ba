using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Postgres.Log;

/// <summary>The event log in the tables <c>log_*</c>: rows of packed records, see <see cref="LogBlock"/>.</summary>
internal sealed class PostgresEventLog(PostgresSource source, GroupCommitter<LogTarget>[] writers, int partitions, string epoch) : IEventLog
{
    /// <summary>Blocks that one statement reads.</summary>
    private const int BlocksAtOnce = 64;

    public int Partitions => partitions;

    public string Epoch => epoch;

    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        var append = LogAppends.Of(partition, records);
        return records.Count == 0 ? EndAsync(partition, cancellationToken) : WriterOf(partition).Submit(append, cancellationToken).Task;
    }

    public async ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var page = new LogPage(partition, from, maxBytes);
        while (true)
        {
            // A few blocks first: most readers ask for little, or are near the end.
            var most = Math.Clamp(maxBytes / LogPacker.BlockBytes, 2, BlocksAtOnce);
            var blocks = await source.ReadAsync(
                LogStatements.BlocksFrom, [Sql.Of(partition), Sql.Of(page.Next), Sql.Of(most)],
                row => (First: row.GetInt64(0), Block: row.GetFieldValue<byte[]>(1)), cancellationToken).ConfigureAwait(false);
            foreach (var (first, block) in blocks)
            {
                if (!page.Add(first, block)) return page.Records;
            }

            if (blocks.Count < most) return page.Records;
        }
    }

    public async ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken)
    {
        var records = new LogRecord?[positions.Count];
        foreach (var (partition, _) in positions) CheckPartition(partition);
        if (records.Length == 0) return records;
        var blocks = await source.ReadAsync(
            LogStatements.BlocksOf, [Sql.Of([.. positions.Select(p => p.Partition)]), Sql.Of([.. positions.Select(p => p.Position)])],
            row => new Found(row.GetInt32(0), row.GetInt64(1), row.GetInt32(2), row.GetFieldValue<byte[]>(3)), cancellationToken).ConfigureAwait(false);
        blocks.Sort((a, b) => (a.Partition, a.First).CompareTo((b.Partition, b.First)));
        for (var i = 0; i < records.Length; i++)
        {
            if (Find(blocks, positions[i].Partition, positions[i].Position) is { } found) records[i] = found.Record(positions[i].Position);
        }

        return records;
    }

    public async ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        var ends = await source.ReadAsync("SELECT next FROM log_end WHERE partition = $1", [Sql.Of(partition)], row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);
        return ends.Count > 0 ? ends[0] : throw new StorageException(string.Create(CultureInfo.InvariantCulture, $"{source.Name}: the table log_end lacks partition {partition}; restore the database from a backup."));
    }

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken)
    {
        CheckPartition(partition);
        return position < 0 ? new(false) : WriterOf(partition).Submit(new BlankOperation(partition, position, remainder), cancellationToken).Task;
    }

    private GroupCommitter<LogTarget> WriterOf(int partition) => writers[partition % writers.Length];

    private void CheckPartition(int partition) => LogAppends.CheckPartition(partition, partitions);

    /// <summary>The last block that begins at a position of a partition, or before it.</summary>
    private static Found? Find(List<Found> blocks, int partition, long position)
    {
        var (low, high) = (0, blocks.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if ((blocks[middle].Partition, blocks[middle].First).CompareTo((partition, position)) <= 0) low = middle + 1;
            else high = middle;
        }

        return low > 0 && blocks[low - 1].Partition == partition && position < blocks[low - 1].First + blocks[low - 1].Count ? blocks[low - 1] : null;
    }

    /// <summary>A block that was read.</summary>
    private sealed record Found(int Partition, long First, int Count, byte[] Block)
    {
        private LogBlockView? _view;

        public LogRecord Record(long position)
        {
            _view ??= LogBlock.TryOpen(Block, Partition, First, out var damage) ?? throw new LogDamagedException(Partition, First, damage);
            if (position - First >= _view.Count) throw new LogDamagedException(Partition, position, LogBlock.RecordMissing);
            if (!_view.TryRead((int)(position - First), out var record)) throw new LogDamagedException(Partition, position, LogBlock.PayloadDamaged);

            // A copy: the caller keeps one record, and not the block around it.
            return record with { Payload = record.Payload.ToArray() };
        }
    }
}
