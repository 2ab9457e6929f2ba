using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>A read connection of log.db.</summary>
internal sealed class LogReader : IDisposable
{
    private readonly Database _database;
    private readonly PartitionStatements _rowOf;
    private readonly PartitionStatements _rowsFrom;

    public LogReader(Database database, int partitions)
    {
        _database = database;
        _rowOf = new PartitionStatements(database, partitions, LogTable.RowOf);
        _rowsFrom = new PartitionStatements(database, partitions, LogTable.RowsFrom);
    }

    /// <summary>Records from a position on, at least one if there is one and no more than about the bytes given.</summary>
    public IReadOnlyList<PositionedRecord> Read(int partition, long from, int maxBytes)
    {
        var page = new LogPage(partition, from, maxBytes);
        var rows = _rowsFrom[partition].Bind(1, from);
        try
        {
            while (rows.Step() && page.Add(rows.Integer(0), rows.Bytes(1).ToArray()))
            {
            }
        }
        finally
        {
            rows.Reset();
        }

        return page.Records;
    }

    /// <summary>Single records; null where there is none.</summary>
    public IReadOnlyList<LogRecord?> ReadMany(IReadOnlyList<(int Partition, long Position)> positions)
    {
        var records = new LogRecord?[positions.Count];
        (int Partition, long First, LogBlockView View)? row = null;
        for (var i = 0; i < records.Length; i++)
        {
            var (partition, position) = positions[i];
            if (position < 0) continue;
            var held = row is { } r && r.Partition == partition && position >= r.First && position < r.First + r.View.Count;
            if (!held) row = Row(partition, position);
            if (row is not { } found || position >= found.First + found.View.Count) continue;
            if (!found.View.TryRead((int)(position - found.First), out var record))
            {
                throw new LogDamagedException(partition, position, LogBlock.PayloadDamaged);
            }

            // A copy: the caller keeps one record, and not the row around it.
            records[i] = record with { Payload = record.Payload.ToArray() };
        }

        return records;
    }

    public void Dispose() => _database.Dispose();

    private (int Partition, long First, LogBlockView View)? Row(int partition, long position)
    {
        var row = _rowOf[partition].Bind(1, position);
        try
        {
            if (!row.Step()) return null;
            var first = row.Integer(0);
            var view = LogBlock.TryOpen(row.Bytes(1).ToArray(), partition, first, out var damage)
                ?? throw new LogDamagedException(partition, first, damage);
            return (partition, first, view);
        }
        finally
        {
            row.Reset();
        }
    }
}
