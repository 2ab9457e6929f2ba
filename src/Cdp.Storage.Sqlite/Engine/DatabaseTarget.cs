using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>A write target whose transactions are those of a database.</summary>
internal abstract class DatabaseTarget(Database database, Checkpointer checkpointer, FileMetrics metrics) : IWriteTarget
{
    protected Database Database => database;

    public void Commit(IReadOnlyList<WriteOperation> operations)
    {
        database.Execute("BEGIN IMMEDIATE");
        Execute(operations);
        database.Execute("COMMIT");
        Committed();
    }

    public void Erase(IReadOnlyList<WriteOperation> operations)
    {
        StorageException? failure = null;
        try
        {
            checkpointer.Truncate(database);
        }
        catch (StorageException e)
        {
            metrics.CheckpointFailed(e);
            failure = e;
        }

        foreach (var operation in operations)
        {
            if (failure is null) operation.Complete();
            else operation.Fail(failure);
        }
    }

    public void Tidy() => checkpointer.AfterCommit(database);

    public void Close()
    {
        try
        {
            checkpointer.Truncate(database);
        }
        catch (StorageException e)
        {
            // Everything acknowledged stands in the write-ahead log; the next start moves it.
            metrics.CheckpointFailed(e);
        }
    }

    public void Dispose() => database.Dispose();

    /// <summary>Executes operations inside an open transaction, in order.</summary>
    protected abstract void Execute(IReadOnlyList<WriteOperation> operations);

    /// <summary>Called after the commit, before the callers are told.</summary>
    protected abstract void Committed();
}
