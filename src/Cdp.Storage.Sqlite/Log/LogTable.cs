namespace Cdp.Storage.Sqlite.Log;

/// <summary>
/// The table of one partition: a row a block, found by the position of its first record.
/// </summary>
/// <remarks>
/// A partition has a table of its own so that SQLite never moves a row to another page, where it leaves the old copy behind and
/// no erasure finds it. A row is written behind all others, for which SQLite takes a new page where the last is full; an erased
/// one keeps its length and is written over where it lies.
/// </remarks>
internal static class LogTable
{
    public static string Create(int partition) =>
        $"CREATE TABLE log_{partition} (position INTEGER PRIMARY KEY, count INTEGER NOT NULL, block BLOB NOT NULL)";

    /// <summary>Position after the last record.</summary>
    public static string End(int partition) => $"SELECT position + count FROM log_{partition} ORDER BY position DESC LIMIT 1";

    /// <summary>Position and block of the row that holds a position, if any row does.</summary>
    public static string RowOf(int partition) => $"SELECT position, block FROM log_{partition} WHERE position <= ?1 ORDER BY position DESC LIMIT 1";

    /// <summary>Position and block of the row that holds a position, and of all after it.</summary>
    public static string RowsFrom(int partition) => $"""
        SELECT position, block FROM log_{partition}
        WHERE position >= coalesce((SELECT max(position) FROM log_{partition} WHERE position <= ?1), ?1)
        ORDER BY position
        """;

    /// <summary>The last row before a position, whole.</summary>
    public static string RowBefore(int partition) => $"SELECT position, count, block FROM log_{partition} WHERE position < ?1 ORDER BY position DESC LIMIT 1";

    /// <summary>The rows from one position up to another, whole.</summary>
    public static string RowsBetween(int partition) => $"SELECT position, count, block FROM log_{partition} WHERE position >= ?1 AND position < ?2 ORDER BY position";

    /// <summary>Adds a row, which must come after all others.</summary>
    public static string Insert(int partition) => $"INSERT INTO log_{partition} (position, count, block) VALUES (?1, ?2, ?3)";

    /// <summary>Writes over a block with one of the same length.</summary>
    public static string Overwrite(int partition) => $"UPDATE log_{partition} SET block = ?2 WHERE position = ?1";
}
