using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>Writes packed records as rows.</summary>
internal sealed class LogWriteTarget : DatabaseTarget
{
    private readonly PartitionStatements _insert;
    private readonly PartitionStatements _overwrite;
    private readonly PartitionStatements _rowOf;
    private readonly Statement _overwriteQuarantined;
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
        _insert = new PartitionStatements(database, publishedEnds.Length, LogTable.Insert);
        _overwrite = new PartitionStatements(database, publishedEnds.Length, LogTable.Overwrite);
        _rowOf = new PartitionStatements(database, publishedEnds.Length, LogTable.RowOf);
        _overwriteQuarantined = database.Prepare("UPDATE quarantine SET block = zeroblob(length(block)) WHERE partition = ?1 AND position = ?2");
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
        var insert = _insert[partition];
        _ends[partition] = _packer.Pack(partition, _ends[partition], _appends[partition], (first, count, block) =>
            insert.Bind(1, first).Bind(2, count).Bind(3, block).Run());
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

        // The block keeps its length, so that SQLite writes over it where it lies.
        _overwrite[partition].Bind(1, row).Bind(2, block).Run();
        _overwriteQuarantined.Bind(1, partition).Bind(2, row).Run();
        return true;
    }

    private (long First, byte[] Block) Row(int partition, long position)
    {
        var row = _rowOf[partition].Bind(1, position);
        try
        {
            if (!row.Step()) throw new LogDamagedException(partition, position, LogBlock.RecordMissing);
            return (row.Integer(0), row.Bytes(1).ToArray());
        }
        finally
        {
            row.Reset();
        }
    }
}
