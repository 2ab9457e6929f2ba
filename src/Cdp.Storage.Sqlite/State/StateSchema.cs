using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Tables of state.db.</summary>
internal static class StateSchema
{
    /// <summary>Format 1 had no journal; format 2 no small values beside their keys; format 3 large slices among the others.</summary>
    private const long FormatVersion = 4;

    /// <summary>Makes the tables, or checks that they are ours.</summary>
    /// <returns>
    /// The number of this start (tags of a later start are higher than those of an earlier one), and of the last block of
    /// the journal that the tables have.
    /// </returns>
    public static (long Starts, long Merged) Open(Database database, string path)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("CREATE TABLE IF NOT EXISTS meta (format INTEGER NOT NULL, starts INTEGER NOT NULL, merged INTEGER NOT NULL)");
        switch (database.Scalar("SELECT format FROM meta"))
        {
            case null:
                // state_keys: id 0 means that tag and value stand here.
                database.Execute("""
                    CREATE TABLE state_keys (
                        kind TEXT NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL, tag INTEGER NOT NULL, value BLOB NOT NULL,
                        PRIMARY KEY (kind, key)) WITHOUT ROWID;
                    CREATE TABLE state_values (id INTEGER PRIMARY KEY, tag INTEGER NOT NULL, value BLOB NOT NULL);
                    CREATE TABLE histories (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
                    CREATE TABLE history (
                        id INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, slice BLOB NOT NULL,
                        PRIMARY KEY (id, first)) WITHOUT ROWID;
                    CREATE TABLE large_slices (place INTEGER PRIMARY KEY, slice BLOB NOT NULL);
                    CREATE TABLE customers (
                        tenant TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (tenant, customer)) WITHOUT ROWID;
                    """);
                database.Prepare("INSERT INTO meta (format, starts, merged) VALUES (?1, 0, 0)").Bind(1, FormatVersion).Run();
                break;
            case FormatVersion:
                break;
            case var format:
                throw new StorageException($"{path} has format {format}; this program reads format {FormatVersion}. Start the program that wrote it.");
        }

        database.Execute("UPDATE meta SET starts = starts + 1");
        database.Execute("COMMIT");
        var meta = database.Prepare("SELECT starts, merged FROM meta");
        if (!meta.Step()) throw new StorageException($"{path}: the table meta is empty; restore the file from a backup.");
        var result = (meta.Integer(0), meta.Integer(1));
        meta.Reset();
        return result;
    }
}
