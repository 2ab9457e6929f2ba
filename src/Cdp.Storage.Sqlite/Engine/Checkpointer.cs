namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Moves pages from the write-ahead log into the database on a thread and a connection of its own, beside the commits.
/// It never quite catches up with a busy writer, and the log only starts over when nothing is left in it: so the
/// writer moves the last few pages itself, between two commits.
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    /// <summary>Pages that a writer moves in a millisecond or two.</summary>
    private const int FewPages = 32;

    /// <summary>A disk that does not catch up after this many passes is waited for, or the log would grow for ever.</summary>
    private const int MaxPasses = 8;

    private readonly Func<Database> _open;
    private readonly long _startBytes;
    private readonly FileMetrics _metrics;
    private readonly Lock _pass = new();
    private readonly object _gate = new();
    private readonly AutoResetEvent _signal = new(initialState: false);
    private readonly Thread _thread;
    private volatile bool _closing;
    private volatile CheckpointPhase _phase;
    private volatile int _pagesSinceStart;
    private volatile bool _truncating;

    /// <param name="name">Name of the file, for its thread.</param>
    /// <param name="open">Opens the connection of its own.</param>
    /// <param name="startBytes">Bytes of write-ahead log after which pages are moved.</param>
    /// <param name="metrics">Receives failures.</param>
    public Checkpointer(string name, Func<Database> open, long startBytes, FileMetrics metrics)
    {
        _open = open;
        _startBytes = startBytes;
        _metrics = metrics;
        _thread = new Thread(Run) { IsBackground = true, Name = $"{name} checkpoints" };
        _thread.Start();
    }

    /// <summary>Called by the writer after each commit: starts to move pages, or moves the last ones.</summary>
    /// <param name="database">The writer's connection.</param>
    public void AfterCommit(Database database)
    {
        try
        {
            _pagesSinceStart += database.TakePagesWritten();
            switch (_phase)
            {
                case CheckpointPhase.Idle when (long)_pagesSinceStart * Database.PageSize >= _startBytes:
                    _pagesSinceStart = 0;
                    _phase = CheckpointPhase.Moving;
                    _signal.Set();
                    break;
                case CheckpointPhase.NearlyDone:
                    database.CheckpointPassive();
                    _phase = CheckpointPhase.Idle;
                    break;
            }
        }
        catch (StorageException e)
        {
            _metrics.CheckpointFailed(e);
            _phase = CheckpointPhase.Idle;
        }
    }

    /// <summary>Called by the writer: cuts the log to nothing. A pass that runs is waited for: SQLite would refuse the second checkpoint.</summary>
    public void Truncate(Database database)
    {
        _truncating = true;
        WakeUp();
        try
        {
            lock (_pass) database.CheckpointTruncate();
        }
        finally
        {
            _truncating = false;
        }
    }

    public void Dispose()
    {
        _closing = true;
        WakeUp();
        _signal.Set();
        _thread.Join();
        _signal.Dispose();
    }

    private void Run()
    {
        Database? database = null;
        GentleWrites.OnThisThread(IsHurried, Rest);
        while (_signal.WaitOne() && !_closing)
        {
            try
            {
                database ??= _open();
                for (var pass = 0; pass < MaxPasses && !_closing && Pass(database) > FewPages; pass++)
                {
                    // What was committed during a pass is the next one's, which is shorter.
                }

                _phase = CheckpointPhase.NearlyDone;
            }
            catch (StorageException e)
            {
                // The pages stay in the write-ahead log, where they are as safe, until a later pass succeeds.
                _metrics.CheckpointFailed(e);
                database?.Dispose();
                database = null;
                _phase = CheckpointPhase.Idle;
            }
        }

        database?.Dispose();
    }

    /// <summary>Whether somebody waits for it, or the log grows about as fast as its pages are moved with rests.</summary>
    private bool IsHurried() =>
        _closing || _truncating || (long)_pagesSinceStart * Database.PageSize >= _startBytes / 2;

    private void Rest(TimeSpan time)
    {
        lock (_gate)
        {
            if (!IsHurried()) Monitor.Wait(_gate, time);
        }
    }

    private void WakeUp()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }

    private int Pass(Database database)
    {
        lock (_pass) return database.CheckpointPassive();
    }
}
