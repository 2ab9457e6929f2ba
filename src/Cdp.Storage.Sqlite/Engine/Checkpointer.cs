namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Moves pages from the write-ahead log into the database on a thread and a connection of its own.</summary>
internal sealed class Checkpointer : IDisposable
{
    private readonly Func<Database> _open;
    private readonly FileMetrics _metrics;
    private readonly AutoResetEvent _signal = new(initialState: false);
    private readonly Thread _thread;
    private volatile bool _closing;
    private volatile bool _nearlyDone;

    public Checkpointer(string name, Func<Database> open, FileMetrics metrics)
    {
        _open = open;
        _metrics = metrics;
        _thread = new Thread(Run) { IsBackground = true, Name = $"{name} checkpoints" };
        _thread.Start();
    }

    public void Signal() => _signal.Set();

    /// <summary>Whether a pass ended since the last call: what is left is what was committed meanwhile.</summary>
    public bool TakeNearlyDone()
    {
        if (!_nearlyDone) return false;
        _nearlyDone = false;
        return true;
    }

    public void Dispose()
    {
        _closing = true;
        _signal.Set();
        _thread.Join();
        _signal.Dispose();
    }

    private void Run()
    {
        Database? database = null;
        while (_signal.WaitOne() && !_closing)
        {
            try
            {
                database ??= _open();
                if (database.CheckpointPassive() > 0) _nearlyDone = true;
            }
            catch (StorageException e)
            {
                // The pages stay in the write-ahead log, where they are as safe, until a later pass succeeds.
                _metrics.CheckpointFailed(e);
                database?.Dispose();
                database = null;
            }
        }

        database?.Dispose();
    }
}
