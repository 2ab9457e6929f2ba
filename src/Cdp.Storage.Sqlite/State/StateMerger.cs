using System.Diagnostics;
using Cdp.Storage.Sqlite.Backups;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Merges full memtables into the database on a thread of its own, and whatever an erasure needs gone at once. A merge
/// that fails is told and tried again; nothing is lost, since the journal has it.
/// </summary>
internal sealed class StateMerger : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly StateTables _tables;
    private readonly StateJournal _journal;
    private readonly Func<BaseWriter> _open;
    private readonly FileMetrics _metrics;
    private readonly MergePace _pace;
    private readonly object _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Erasures that wait for what is in the active memtable, those that wait for the one that is merged, and (the
    // merger's thread only) those that the step at work ends.
    private readonly List<WriteOperation> _toErase = [];
    private readonly List<WriteOperation> _erasing = [];
    private readonly List<WriteOperation> _ending = [];
    private readonly Queue<CopyEnding> _copies = new();
    private StorageException? _failure;
    private BaseWriter? _writer;
    private long _basePages;
    private bool _rotationWanted;
    private bool _closing;

    public StateMerger(string path, StateTables tables, StateJournal journal, Func<BaseWriter> open, FileMetrics metrics)
    {
        (_path, _tables, _journal, _open, _metrics) = (path, tables, journal, open, metrics);
        _pace = new MergePace(() => tables.Filled, Rest);
        _writer = open();
        _basePages = _writer.Pages;
        metrics.ObserveMemtables(() => tables.Weight);
        new Thread(Run) { IsBackground = true, Name = "state.db merges" }.Start();
    }

    /// <summary>Held while a transaction runs and while the memtables change places.</summary>
    public Lock Commits { get; } = new();

    /// <summary>Pages of the database in use, as the last merge left it.</summary>
    public long BasePages => Volatile.Read(ref _basePages);

    /// <summary>
    /// Lets the next transaction in: a full memtable changes places, after the one before is merged. Called by the writer
    /// before it takes <see cref="Commits"/>, for which the merge may have to wait.
    /// </summary>
    /// <exception cref="StorageException">Both are full, and the merge failed.</exception>
    public void MakeRoom()
    {
        if (!_tables.IsFull) return;
        lock (_gate)
        {
            if (_failure is not null)
            {
                // There may be room by now: who writes is told how the next attempt ends, not how the last one did.
                _failure = null;
                Monitor.PulseAll(_gate);
            }

            while (_tables.IsFull && _tables.Immutable is not null && _failure is null) Monitor.Wait(_gate);
            if (_tables.IsFull && _tables.Immutable is not null) throw new StorageException(_failure!.Message) { IsFull = _failure.IsFull };
        }

        lock (Commits)
        {
            // The merger may have been faster; nobody else fills it.
            if (_tables.IsFull) Rotate();
        }
    }

    /// <summary>
    /// Ends operations when the database alone has everything up to now, and nothing of what was removed is left. Slices are
    /// rewritten then: they stand in the database, and no memtable has them any more.
    /// </summary>
    public void Erase(IEnumerable<WriteOperation> operations)
    {
        lock (_gate)
        {
            _toErase.AddRange(operations);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Merges what there is without waiting for the memtable to be full.</summary>
    public void MergeSoon()
    {
        lock (_gate)
        {
            _rotationWanted = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// Ends the copy of the database between two merges: with the journal as it is then, it has everything that was
    /// acknowledged.
    /// </summary>
    /// <returns>The part of the journal that belongs to the copy.</returns>
    /// <exception cref="StorageException">The database cannot be read, or the copy not be written.</exception>
    /// <exception cref="ObjectDisposedException">The store closes.</exception>
    public Task<JournalCut> EndCopyAsync(PageCopy copy)
    {
        var ending = new CopyEnding(copy);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            _copies.Enqueue(ending);
            Monitor.PulseAll(_gate);
        }

        return ending.Task;
    }

    /// <summary>The failure of a write for which there are no pages.</summary>
    public StorageException Full() => SqliteFailures.Full(_path);

    /// <summary>Ends what erases, and leaves the rest in the journal. No operation comes any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }

        await _ended.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        GentleWrites.OnThisThread(() => !_pace.IsAhead || !MayRest(), Rest);
        while (Wait())
        {
            try
            {
                if (TakeCopy() is { } copy) EndCopy(copy);
                else Step();
            }
            catch (OperationCanceledException)
            {
                // The store closes; the journal has the rest.
            }
            catch (Exception e) when (e is StorageException or IOException)
            {
                Failed(e as StorageException ?? SqliteFailures.OfFile(_path, e));
            }
        }

        _writer?.Dispose();
        while (_copies.TryDequeue(out var copy)) copy.Fail(new ObjectDisposedException(nameof(StateMerger)));
        _ended.SetResult();
    }

    /// <summary>Waits for something to do. False: it is over.</summary>
    private bool Wait()
    {
        lock (_gate)
        {
            while (true)
            {
                if (_toErase.Count > 0 || _erasing.Count > 0) return true;
                if (_closing) return false;
                if (_copies.Count > 0) return true;
                if (_tables.Immutable is not null || _rotationWanted) return true;
                Monitor.Wait(_gate);
            }
        }
    }

    private void Step()
    {
        var table = _tables.Immutable;
        if (table is null)
        {
            lock (Commits)
            {
                // The writer may have been faster.
                if (_tables.Immutable is null) Rotate();
                table = _tables.Immutable;
                TakeErasing();
            }
        }
        else
        {
            // Until it is merged no other memtable changes places, and no more erasures come here.
            TakeErasing();
        }

        _writer ??= _open();
        if (table is not null) Merge(_writer, table);

        // Also when there was nothing to merge: an attempt before may have come so far and no further.
        _journal.Delete([]);
        var rewrites = _ending.OfType<RewriteHistoryOperation>().ToList();
        if (rewrites.Count > 0) _writer.Rewrite(rewrites, _pace, IsAbandoned);
        if (_ending.Count > 0) _writer.Truncate();
        foreach (var operation in _ending) operation.Complete();
        _ending.Clear();
    }

    /// <summary>A copy waits for one merge at most, and is no matter of a store that closes.</summary>
    private CopyEnding? TakeCopy()
    {
        lock (_gate) return !_closing && _copies.TryDequeue(out var copy) ? copy : null;
    }

    private void EndCopy(CopyEnding ending)
    {
        try
        {
            _writer ??= _open();
            _writer.EndCopy(ending.Copy);

            // Only this thread deletes segments, so that all that are named are there until they are open.
            lock (Commits) ending.Complete(JournalCut.Open([.. _tables.Immutable?.Segments ?? [], .. _tables.Active.Segments], _journal));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, it is the copy's failure, and merges go on.
            ending.Fail(e is (IOException and not StorageException) or UnauthorizedAccessException ? SqliteFailures.OfFile(_path, e) : e);
        }
    }

    private void Merge(BaseWriter writer, Memtable table)
    {
        var started = Stopwatch.GetTimestamp();
        writer.Merge(table, _pace, IsAbandoned);
        Volatile.Write(ref _basePages, writer.Pages);
        string[] segments = [.. table.Segments];
        _tables.Drop();
        lock (_gate)
        {
            _failure = null;
            Monitor.PulseAll(_gate);
        }

        _metrics.Merged(Stopwatch.GetElapsedTime(started));
        _journal.Delete(segments);
    }

    /// <summary>Whether the store closes and nobody waits for the merge.</summary>
    private bool IsAbandoned()
    {
        lock (_gate) return _closing && _ending.Count + _erasing.Count + _toErase.Count == 0;
    }

    /// <summary>Whether nobody waits for the merge, and it was not asked for.</summary>
    private bool MayRest()
    {
        lock (_gate) return !_closing && !_rotationWanted && _failure is null && _ending.Count + _erasing.Count + _toErase.Count == 0;
    }

    private void Rest(TimeSpan time)
    {
        lock (_gate)
        {
            if (MayRest()) Monitor.Wait(_gate, time);
        }
    }

    private void TakeErasing()
    {
        lock (_gate)
        {
            _ending.AddRange(_erasing);
            _erasing.Clear();
        }
    }

    /// <summary>Makes the active memtable the one to be merged, unless it is empty. Called under <see cref="Commits"/>.</summary>
    private void Rotate()
    {
        if (!_tables.Active.IsEmpty)
        {
            _journal.Rotate();
            _tables.Rotate(_journal.Segment);
        }

        lock (_gate)
        {
            _failure = null;
            _rotationWanted = false;
            _erasing.AddRange(_toErase);
            _toErase.Clear();
            Monitor.PulseAll(_gate);
        }
    }

    private void Failed(StorageException failure)
    {
        _metrics.MergeFailed();
        _writer?.Dispose();
        _writer = null;
        TakeErasing();
        lock (_gate)
        {
            _ending.AddRange(_toErase);
            _toErase.Clear();
        }

        foreach (var operation in _ending) operation.Fail(failure);
        _ending.Clear();
        lock (_gate)
        {
            _failure = failure;
            Monitor.PulseAll(_gate);
            if (!_closing) Monitor.Wait(_gate, RetryAfter);
        }
    }
}
