using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>The transaction of a merge that is open. It is committed now and then, so that the write-ahead log stays short.</summary>
internal sealed class MergeTransaction(Database database, PageScrubber scrubber, SqliteStoreOptions options)
{
    /// <summary>Rows of one transaction: each may change a page of its own, and a commit writes them all without a rest.</summary>
    private const int MaxRows = 1024;

    private Func<bool> _isAbandoned = () => false;
    private MergePace? _pace;
    private long _bytes;
    private int _rows;
    private long _pages;

    /// <summary>Begins the first transaction of a merge.</summary>
    /// <param name="pace">How fast it goes.</param>
    /// <param name="isAbandoned">Asked between transactions whether to stop.</param>
    public void Begin(MergePace pace, Func<bool> isAbandoned)
    {
        (_pace, _isAbandoned) = (pace, isAbandoned);
        Begin();
    }

    /// <summary>Called before each row: begins another transaction when this one has enough.</summary>
    /// <param name="bytes">Bytes of the row.</param>
    /// <exception cref="OperationCanceledException">The merge is abandoned; what is committed stays.</exception>
    public void Add(int bytes)
    {
        if (_rows >= MaxRows || _bytes >= options.TransactionBytes)
        {
            Commit();
            if (_isAbandoned()) throw new OperationCanceledException();
            Begin();
        }

        _rows++;
        _bytes += bytes;
        _pace?.Next();
    }

    /// <summary>Commits, and moves pages into the database when the write-ahead log is long.</summary>
    public void Commit()
    {
        database.Execute("COMMIT");
        _pages += database.TakePagesWritten();
        if (_pages * Database.PageSize < options.CheckpointBytes) return;

        // When a reader is in the way, pages stay for the next time.
        lock (scrubber.Moved.Moving)
        {
            scrubber.Note();
            database.CheckpointPassive();
        }

        _pages = 0;
    }

    private void Begin()
    {
        database.Execute("BEGIN IMMEDIATE");
        (_rows, _bytes) = (0, 0);
    }
}
