using System.Diagnostics;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// The one writer of a file. Everything that waits is executed in one transaction; while that is flushed to disk the
/// next one gathers. An error fails the operations of its transaction and nothing else: the connection is opened anew
/// for the next one.
/// </summary>
/// <remarks>
/// The queue is first in, first out, and refers to its callers' values without copying them: what a caller has in
/// flight is bounded by what it does not await. A transaction takes at most a given number of bytes.
/// </remarks>
internal sealed class GroupCommitter<TTarget> : IAsyncDisposable
    where TTarget : class, IWriteTarget
{
    private readonly Func<TTarget> _open;
    private readonly SqliteStoreOptions _options;
    private readonly FileMetrics _metrics;
    private readonly Checkpointer _checkpointer;
    private readonly object _gate = new();
    private readonly Queue<WriteOperation> _queue = new();
    private readonly List<WriteOperation> _transaction = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TTarget? _target;
    private long _queuedBytes;
    private bool _closing;
    private int _pagesSinceCheckpoint;

    public GroupCommitter(string name, Func<TTarget> open, Func<Database> openCheckpoints, SqliteStoreOptions options, FileMetrics metrics)
    {
        _open = open;
        _options = options;
        _metrics = metrics;
        _target = open();
        _checkpointer = new Checkpointer(name, openCheckpoints, metrics);
        metrics.ObserveQueue(() => Volatile.Read(ref _queuedBytes));
        new Thread(Run) { IsBackground = true, Name = $"{name} writer" }.Start();
    }

    /// <summary>Queues a write. Its task ends after the flush; once queued it cannot be called back.</summary>
    public TOperation Submit<TOperation>(TOperation operation, CancellationToken cancellationToken)
        where TOperation : WriteOperation
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            _queue.Enqueue(operation);
            _queuedBytes += operation.Bytes;
            if (_queue.Count == 1) Monitor.Pulse(_gate);
        }

        return operation;
    }

    /// <summary>Writes what is queued, moves it into the database and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        while (Gather()) Commit();
        _checkpointer.Dispose();
        try
        {
            _target?.Database.CheckpointTruncate();
        }
        catch (StorageException e)
        {
            // Everything acknowledged stands in the write-ahead log; the next start moves it.
            _metrics.CheckpointFailed(e);
        }

        // Whoever waits for the end may open the file anew: it must be closed by then.
        _target?.Dispose();
        _ended.SetResult();
    }

    /// <summary>Takes what is queued, up to the bytes of a transaction. False when there is nothing and never will be.</summary>
    private bool Gather()
    {
        _transaction.Clear();
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_closing) return false;
                Monitor.Wait(_gate);
            }

            var bytes = 0L;
            while (_queue.TryPeek(out var next) && (_transaction.Count == 0 || bytes + next.Bytes <= _options.TransactionBytes))
            {
                _transaction.Add(_queue.Dequeue());
                bytes += next.Bytes;
            }

            _queuedBytes -= bytes;
        }

        return true;
    }

    private void Commit()
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            _target ??= _open();
            _target.Database.Execute("BEGIN IMMEDIATE");
            _target.Execute(_transaction);
            _target.Database.Execute("COMMIT");
            _target.Committed();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Closing rolls back. What the target remembered may be of the failed transaction: it goes as well.
            _target?.Dispose();
            _target = null;
            _metrics.Failed();
            foreach (var operation in _transaction) operation.Fail(e);
            return;
        }

        var erased = Erase(_target.Database);
        _metrics.Committed(_transaction.Count, Stopwatch.GetElapsedTime(started));
        foreach (var operation in _transaction)
        {
            if (operation.Erases && erased is not null) operation.Fail(erased);
            else operation.Complete();
        }

        Checkpoint(_target.Database);
    }

    /// <summary>Removes what the transaction replaced from the write-ahead log, if one of its operations asks for it.</summary>
    private StorageException? Erase(Database database)
    {
        if (!_transaction.Exists(o => o.Erases)) return null;
        try
        {
            _checkpointer.Truncate(database);
            return null;
        }
        catch (StorageException e)
        {
            _metrics.CheckpointFailed(e);
            return e;
        }
    }

    private void Checkpoint(Database database)
    {
        try
        {
            _pagesSinceCheckpoint += database.TakePagesWritten();
            switch (_checkpointer.Phase)
            {
                case CheckpointPhase.Idle when (long)_pagesSinceCheckpoint * Database.PageSize >= _options.CheckpointBytes:
                    _pagesSinceCheckpoint = 0;
                    _checkpointer.Start();
                    break;
                case CheckpointPhase.NearlyDone:
                    database.CheckpointPassive();
                    _checkpointer.Finished();
                    break;
            }
        }
        catch (StorageException e)
        {
            _metrics.CheckpointFailed(e);
            _checkpointer.Finished();
        }
    }
}
