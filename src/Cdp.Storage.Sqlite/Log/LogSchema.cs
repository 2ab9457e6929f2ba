using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>Tables of log.db; those of the partitions are in <see cref="LogTable"/>.</summary>
internal static class LogSchema
{
    /// <summary>Rows as they were found before they were healed.</summary>
    public const string CreateQuarantine = """
        CREATE TABLE quarantine (
            partition INTEGER NOT NULL, position INTEGER NOT NULL, count INTEGER NOT NULL, block BLOB NOT NULL, reason TEXT NOT NULL)
        """;

    private const long FormatVersion = 2;

    /// <summary>Makes the tables, or checks that they are ours. Those of an earlier format are converted.</summary>
    /// <returns>What the log was made with.</returns>
    public static (int Partitions, string Epoch) Open(Database database, string path, int? partitions, string? newEpoch)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("CREATE TABLE IF NOT EXISTS meta (format INTEGER NOT NULL, partitions INTEGER NOT NULL, epoch TEXT NOT NULL)");
        if (database.Scalar("SELECT count(*) FROM meta") == 0) Create(database, partitions ?? LogAppends.DefaultPartitions, newEpoch ?? Guid.NewGuid().ToString("N"));
        var (format, stored, epoch) = ReadMeta(database, path);
        if (partitions is { } wanted && wanted != stored)
        {
            throw new StorageException($"{path} was made with {stored} partitions and cannot be opened with {wanted}: events would move to other partitions. Set the number back to {stored}.");
        }

        if (format == FormatVersion) database.Execute("COMMIT");
        else Convert(database, path, stored);
        return (stored, epoch);
    }

    /// <summary>Reads what a file was made with, and whether it is of a format that this program reads.</summary>
    public static (long Format, int Partitions, string Epoch) ReadMeta(Database database, string path)
    {
        var meta = database.Prepare("SELECT format, partitions, epoch FROM meta");
        if (!meta.Step()) throw new StorageException($"{path}: the table meta is empty; restore the file from a backup.");
        var (format, partitions, epoch) = (meta.Integer(0), (int)meta.Integer(1), meta.Text(2));
        meta.Reset();
        if (format is not (LogFormat1.Version or FormatVersion))
        {
            throw new StorageException($"{path} has format {format}; this program reads formats {LogFormat1.Version} and {FormatVersion}. Start the program that wrote it.");
        }

        return (format, partitions, epoch);
    }

    /// <summary>The rows of a partition in a file of any format that this program reads: position, count, block.</summary>
    public static string Rows(long format, int partition) =>
        format == LogFormat1.Version ? LogFormat1.Rows(partition) : $"SELECT position, count, block FROM log_{partition} ORDER BY position";

    /// <summary>The position after the last record of each partition.</summary>
    public static long[] ReadEnds(Database database, int partitions) =>
        [.. Enumerable.Range(0, partitions).Select(partition => database.Scalar(LogTable.End(partition)) ?? 0)];

    private static void Create(Database database, int partitions, string epoch)
    {
        database.Execute(CreateQuarantine);
        for (var partition = 0; partition < partitions; partition++) database.Execute(LogTable.Create(partition));
        database.Prepare("INSERT INTO meta (format, partitions, epoch) VALUES (?1, ?2, ?3)").Bind(1, FormatVersion).Bind(2, partitions).Bind(3, epoch).Run();
    }

    private static void Convert(Database database, string path, int partitions)
    {
        try
        {
            LogFormat1.Convert(database, partitions);
            database.Execute($"UPDATE meta SET format = {FormatVersion}");
            database.Execute("COMMIT");
        }
        catch (StorageException e) when (e.IsFull)
        {
            throw new StorageException($"{path}: there is no room to convert it to format {FormatVersion}, for which as much as it has must be free; it is left as it was. Free some and start again.", e) { IsFull = true };
        }

        // Nothing of before is left in the write-ahead log either.
        database.CheckpointTruncate();
    }
}
