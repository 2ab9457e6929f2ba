using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>Writes packed records as rows.</summary>
internal sealed class LogWriteTarget : DatabaseTarget
{
    private readonly Statement _insert;
    private readonly Statement _update;
    private readonly Statement _rowOf;
    private readonly long[] _ends;
    private readonly long[] _publishedEnds;
    private readonly List<AppendOperation>[] _appends;
    private readonly LogPacker _packer = new();

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
        if (_appends[partition].Count == 0) return;
        _ends[partition] = _packer.Pack(partition, _ends[partition], _appends[partition], (first, count, block) =>
            _insert.Bind(1, LogRow.Id(partition, first)).Bind(2, count).Bind(3, block).Run());
        _appends[partition].Clear();
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
        LogBlock.Blank(block, partition, row, position, remainder);
        _update.Bind(1, LogRow.Id(partition, row)).Bind(2, block).Run();
        return true;
    }

    private (long First, byte[] Block) Row(int partition, long position)
    {
        try
        {
            if (!_rowOf.Bind(1, LogRow.Id(partition, 0)).Bind(2, LogRow.Id(partition, position)).Step())
            {
                throw new LogDamagedException(partition, position, LogBlock.RecordMissing);
            }

            return (LogRow.Position(_rowOf.Integer(0)), _rowOf.Bytes(1).ToArray());
        }
        finally
        {
            _rowOf.Reset();
        }
    }
}
