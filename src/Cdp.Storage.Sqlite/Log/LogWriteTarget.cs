using System.Buffers;
using System.Runtime.InteropServices;
using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>Packs the appends of a transaction into rows: those of one partition share them.</summary>
internal sealed class LogWriteTarget : DatabaseTarget
{
    /// <summary>Bytes of a row, unless a single record is longer: reading one record reads its row.</summary>
    public const int RowBytes = 16 << 10;

    private readonly Statement _insert;
    private readonly Statement _update;
    private readonly Statement _rowOf;
    private readonly long[] _ends;
    private readonly long[] _publishedEnds;
    private readonly List<AppendOperation>[] _appends;
    private readonly List<(byte Tenant, LogRecord Record)> _row = [];
    private readonly List<string> _tenants = [];

    /// <param name="database">The connection; disposed with the target.</param>
    /// <param name="publishedEnds">Receives the ends of the partitions after each commit.</param>
    /// <param name="checkpointer">Moves the pages; lives longer than the target.</param>
    /// <param name="metrics">Receives failures.</param>
    public LogWriteTarget(Database database, long[] publishedEnds, Checkpointer checkpointer, FileMetrics metrics)
        : base(database, checkpointer, metrics)
    {
        _publishedEnds = publishedEnds;
        _insert = database.Prepare("INSERT INTO log (id, count, block) VALUES (?1, ?2, ?3)");
        _update = database.Prepare("UPDATE log SET block = ?2 WHERE id = ?1");
        _rowOf = database.Prepare(LogSchema.RowOf);
        _ends = LogSchema.ReadEnds(database, publishedEnds.Length);
        _appends = [.. _ends.Select(_ => new List<AppendOperation>())];
        Publish();
    }

    protected override void Execute(IReadOnlyList<WriteOperation> operations)
    {
        foreach (var operation in operations)
        {
            if (operation is AppendOperation append) _appends[append.Partition].Add(append);
        }

        for (var partition = 0; partition < _appends.Length; partition++) Append(partition);

        // After the appends: a position that is known to a caller was committed before, so that the order is free.
        foreach (var operation in operations)
        {
            if (operation is BlankOperation blank) Blank(blank);
        }
    }

    protected override void Committed() => Publish();

    private void Publish()
    {
        for (var partition = 0; partition < _ends.Length; partition++) Volatile.Write(ref _publishedEnds[partition], _ends[partition]);
    }

    private void Append(int partition)
    {
        var size = LogBlock.EmptySize;
        foreach (var append in _appends[partition])
        {
            append.Result = _ends[partition] + _row.Count;
            foreach (var record in append.Records)
            {
                var tenant = _tenants.IndexOf(record.Tenant);
                var added = LogBlock.SizeOf(record) + (tenant < 0 ? LogBlock.SizeOfTenant(record.Tenant) : 0);
                if (_row.Count > 0 && (size + added > RowBytes || (tenant < 0 && _tenants.Count == LogBlock.MaxTenants)))
                {
                    WriteRow(partition, size);
                    tenant = -1;
                    size = LogBlock.EmptySize;
                    added = LogBlock.SizeOf(record) + LogBlock.SizeOfTenant(record.Tenant);
                }

                if (tenant < 0)
                {
                    tenant = _tenants.Count;
                    _tenants.Add(record.Tenant);
                }

                _row.Add(((byte)tenant, record));
                size += added;
            }
        }

        if (_row.Count > 0) WriteRow(partition, size);
        _appends[partition].Clear();
    }

    private void WriteRow(int partition, int size)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var block = buffer.AsSpan(0, size);
        LogBlock.Write(block, partition, _ends[partition], _tenants, CollectionsMarshal.AsSpan(_row));
        _insert.Bind(1, LogRow.Id(partition, _ends[partition])).Bind(2, _row.Count).Bind(3, block).Run();
        ArrayPool<byte>.Shared.Return(buffer, clearArray: false);
        _ends[partition] += _row.Count;
        _row.Clear();
        _tenants.Clear();
    }

    private void Blank(BlankOperation operation)
    {
        try
        {
            operation.Result = Blank(operation.Partition, operation.Position, operation.Remainder.Span);
        }
        catch (Exception e) when (e is LogDamagedException or ArgumentException)
        {
            operation.Error = e;
        }
    }

    private bool Blank(int partition, long position, ReadOnlySpan<byte> remainder)
    {
        if (position < 0 || position >= _ends[partition]) return false;
        var (row, block) = Row(partition, position);
        var view = LogBlock.TryOpen(block, partition, row, out var damage) ?? throw new LogDamagedException(partition, row, damage);
        if (position - row >= view.Count) throw new LogDamagedException(partition, position, "the record is missing");
        var index = (int)(position - row);
        if (remainder.Length > Math.Min(view.LengthOf(index), LogBlock.MaxRemainderBytes)) throw new ArgumentException("A blanked record leaves no more than it held, and at most 65,535 bytes.", nameof(remainder));
        LogBlock.Blank(block, view, index, remainder);
        _update.Bind(1, LogRow.Id(partition, row)).Bind(2, block).Run();
        return true;
    }

    private (long First, byte[] Block) Row(int partition, long position)
    {
        try
        {
            if (!_rowOf.Bind(1, LogRow.Id(partition, 0)).Bind(2, LogRow.Id(partition, position)).Step())
            {
                throw new LogDamagedException(partition, position, "the record is missing");
            }

            return (LogRow.Position(_rowOf.Integer(0)), _rowOf.Bytes(1).ToArray());
        }
        finally
        {
            _rowOf.Reset();
        }
    }
}
