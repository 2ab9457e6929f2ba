using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>A read connection of log.db.</summary>
internal sealed class LogReader : IDisposable
{
    private readonly Database _database;
    private readonly Statement _rowOf;
    private readonly Statement _rowsFrom;

    public LogReader(Database database)
    {
        _database = database;
        _rowOf = database.Prepare(LogSchema.RowOf);
        _rowsFrom = database.Prepare("""
            SELECT id, block FROM log
            WHERE id >= coalesce((SELECT max(id) FROM log WHERE id BETWEEN ?1 AND ?2), ?2) AND id < ?3
            ORDER BY id
            """);
    }

    /// <summary>Records from a position on, at least one if there is one and no more than about the bytes given.</summary>
    public IReadOnlyList<PositionedRecord> Read(int partition, long from, int maxBytes)
    {
        var page = new LogPage(partition, from, maxBytes);
        _rowsFrom.Bind(1, LogRow.Id(partition, 0)).Bind(2, LogRow.Id(partition, from)).Bind(3, LogRow.Id(partition + 1, 0));
        try
        {
            while (_rowsFrom.Step() && page.Add(LogRow.Position(_rowsFrom.Integer(0)), _rowsFrom.Bytes(1).ToArray()))
            {
            }
        }
        finally
        {
            _rowsFrom.Reset();
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
            if (position is < 0 or > LogRow.MaxPosition) continue;
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
        try
        {
            if (!_rowOf.Bind(1, LogRow.Id(partition, 0)).Bind(2, LogRow.Id(partition, position)).Step()) return null;
            var first = LogRow.Position(_rowOf.Integer(0));
            var view = LogBlock.TryOpen(_rowOf.Bytes(1).ToArray(), partition, first, out var damage)
                ?? throw new LogDamagedException(partition, first, damage);
            return (partition, first, view);
        }
        finally
        {
            _rowOf.Reset();
        }
    }
}
