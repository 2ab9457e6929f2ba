using System.Globalization;
using SQLitePCL;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>One connection, used by one thread at a time. Errors of SQLite become <see cref="StorageException"/>s.</summary>
internal sealed class Database : IDisposable
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    /// <summary>Bytes of write-ahead log that stay on disk to be written over, after it once was longer.</summary>
    private const int KeptLogBytes = 64 << 20;

    private readonly sqlite3 _handle;
    private readonly string _path;
    private readonly List<Statement> _statements = [];

    private Database(sqlite3 handle, string path) => (_handle, _path) = (handle, path);

    /// <summary>Opens a file in write-ahead mode with a flush at each commit.</summary>
    public static Database Open(string path, int cacheBytes, long? maxPages)
    {
        Batteries_V2.Init();
        var code = raw.sqlite3_open_v2(path, out var handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null);
        var database = new Database(handle, path);
        try
        {
            database.Check(code);
            database.Check(raw.sqlite3_busy_timeout(handle, 10_000));
            // secure_delete: what is erased must be gone from free pages too.
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"""
                PRAGMA page_size = {PageSize};
                PRAGMA secure_delete = ON;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA wal_autocheckpoint = 0;
                PRAGMA journal_size_limit = {KeptLogBytes};
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = {-cacheBytes / 1024};
                """));
            if (maxPages is { } pages) database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that nobody writes to, and that is left as it is, to the byte.</summary>
    public static Database OpenUntouched(string path)
    {
        Batteries_V2.Init();
        var code = raw.sqlite3_open_v2(
            new Uri(Path.GetFullPath(path)).AbsoluteUri + "?immutable=1", out var handle, raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI | raw.SQLITE_OPEN_NOMUTEX, null);
        var database = new Database(handle, path);
        try
        {
            database.Check(code);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Hands a connection to what will own it; closes it when that cannot be made.</summary>
    public TOwner Give<TOwner>(Func<Database, TOwner> make)
    {
        try
        {
            return make(this);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>Prepares a statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
        var statement = new Statement(this, handle);
        _statements.Add(statement);
        return statement;
    }

    /// <summary>First column of the first row as an integer; null without a row.</summary>
    public long? Scalar(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
        using var statement = new Statement(this, handle);
        return statement.Step() ? statement.Integer(0) : null;
    }

    /// <summary>Rows that the last statement inserted, updated or deleted.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Pages written to the write-ahead log since the last call.</summary>
    public int TakePagesWritten()
    {
        Check(raw.sqlite3_db_status(_handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, 1));
        return pages;
    }

    /// <summary>Moves pages from the write-ahead log into the database, without waiting for anyone.</summary>
    /// <returns>Pages that are left in the log.</returns>
    public int CheckpointPassive()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, null, raw.SQLITE_CHECKPOINT_PASSIVE, out var logged, out var moved);
        if (code == raw.SQLITE_BUSY) return int.MaxValue;
        Check(code);
        return logged - moved;
    }

    /// <summary>Moves all pages into the database and cuts the write-ahead log to nothing; waits for readers.</summary>
    public void CheckpointTruncate() =>
        Check(raw.sqlite3_wal_checkpoint_v2(_handle, null, raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _));

    /// <summary>Forgets the pages that it has in memory. Outside of transactions.</summary>
    public void ForgetPages() => Execute("PRAGMA shrink_memory");

    public void Check(int code)
    {
        if (code != raw.SQLITE_OK) throw Failure(code);
    }

    public StorageException Failure(int code)
    {
        var extended = raw.sqlite3_extended_errcode(_handle);
        if ((extended & 0xFF) != (code & 0xFF)) extended = code;
        var what = (code & 0xFF) switch
        {
            raw.SQLITE_FULL => SqliteFailures.NoRoom,
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "the file is damaged; restore it from a backup",
            _ => raw.sqlite3_errmsg(_handle).utf8_to_string(),
        };
        return SqliteFailures.Of(_path, what, extended);
    }

    public void Dispose()
    {
        foreach (var statement in _statements) statement.Dispose();
        _statements.Clear();
        _handle.Dispose();
    }
}
