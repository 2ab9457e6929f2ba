using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Tables of state.db.</summary>
internal static class StateSchema
{
    private const long FormatVersion = 1;

    /// <summary>Makes the tables, or checks that they are ours.</summary>
    /// <returns>The number of this start: tags of a later start are higher than those of an earlier one.</returns>
    public static long Open(Database database, string path)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("""
            CREATE TABLE IF NOT EXISTS meta (format INTEGER NOT NULL, starts INTEGER NOT NULL);
            CREATE TABLE IF NOT EXISTS state (
                kind TEXT NOT NULL, key TEXT NOT NULL, tag INTEGER NOT NULL, value BLOB NOT NULL,
                PRIMARY KEY (kind, key)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS histories (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
            CREATE TABLE IF NOT EXISTS history (
                id INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, slice BLOB NOT NULL,
                PRIMARY KEY (id, first)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS customers (
                tenant TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (tenant, customer)) WITHOUT ROWID;
            """);
        if (database.Scalar("SELECT format FROM meta") is { } format)
        {
            if (format != FormatVersion) throw new StorageException($"{path} has format {format}; this program reads format {FormatVersion}. Start the program that wrote it.");
        }
        else
        {
            database.Prepare("INSERT INTO meta (format, starts) VALUES (?1, 0)").Bind(1, FormatVersion).Run();
        }

        database.Execute("UPDATE meta SET starts = starts + 1");
        database.Execute("COMMIT");
        return database.Scalar("SELECT starts FROM meta") ?? throw new StorageException($"{path}: the table meta is empty; restore the file from a backup.");
    }
}
