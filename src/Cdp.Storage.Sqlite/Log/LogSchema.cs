using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>Tables of log.db.</summary>
internal static class LogSchema
{
    /// <summary>The row that holds a position (?2) of a partition (from ?1 on): its id and block.</summary>
    public const string RowOf = "SELECT id, block FROM log WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1";

    private const long FormatVersion = 1;

    /// <summary>Makes the tables, or checks that they are ours.</summary>
    /// <returns>What the log was made with.</returns>
    public static (int Partitions, string Epoch) Open(Database database, string path, int? partitions, string? newEpoch)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("""
            CREATE TABLE IF NOT EXISTS meta (format INTEGER NOT NULL, partitions INTEGER NOT NULL, epoch TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, block BLOB NOT NULL);
            CREATE TABLE IF NOT EXISTS quarantine (id INTEGER NOT NULL, count INTEGER NOT NULL, block BLOB NOT NULL, reason TEXT NOT NULL);
            """);
        if (database.Scalar("SELECT count(*) FROM meta") == 0)
        {
            database.Prepare("INSERT INTO meta (format, partitions, epoch) VALUES (?1, ?2, ?3)")
                .Bind(1, FormatVersion).Bind(2, partitions ?? LogAppends.DefaultPartitions).Bind(3, newEpoch ?? Guid.NewGuid().ToString("N")).Run();
        }

        database.Execute("COMMIT");
        var meta = database.Prepare("SELECT format, partitions, epoch FROM meta");
        if (!meta.Step()) throw new StorageException($"{path}: the table meta is empty; restore the file from a backup.");
        var (format, stored, epoch) = (meta.Integer(0), (int)meta.Integer(1), meta.Text(2));
        meta.Reset();
        if (format != FormatVersion) throw new StorageException($"{path} has format {format}; this program reads format {FormatVersion}. Start the program that wrote it.");
        if (partitions is { } wanted && wanted != stored)
        {
            throw new StorageException($"{path} was made with {stored} partitions and cannot be opened with {wanted}: events would move to other partitions. Set the number back to {stored}.");
        }

        return (stored, epoch);
    }

    /// <summary>The position after the last record of each partition.</summary>
    public static long[] ReadEnds(Database database, int partitions)
    {
        var last = database.Prepare("SELECT id, count FROM log WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1");
        var ends = new long[partitions];
        for (var partition = 0; partition < partitions; partition++)
        {
            if (!last.Bind(1, LogRow.Id(partition, 0)).Bind(2, LogRow.Id(partition + 1, 0) - 1).Step()) continue;
            ends[partition] = LogRow.Position(last.Integer(0)) + last.Integer(1);
            last.Reset();
        }

        return ends;
    }
}
