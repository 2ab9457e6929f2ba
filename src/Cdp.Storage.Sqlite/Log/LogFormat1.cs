using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>
/// The first format of log.db: one table for all partitions, whose key was partition × 2⁴⁸ + position. Partitions grew in its
/// middle, so that SQLite moved rows between pages and left old copies of them there.
/// </summary>
internal static class LogFormat1
{
    public const long Version = 1;

    private const int PositionBits = 48;

    /// <summary>The rows of a partition, as the later formats give them.</summary>
    public static string Rows(int partition) =>
        $"SELECT id - {Id(partition)}, count, block FROM log WHERE id >= {Id(partition)} AND id < {Id(partition + 1)} ORDER BY id";

    /// <summary>
    /// Moves the rows into tables of the second format. To be called in a transaction. Tables that are dropped are zeroed
    /// (<c>secure_delete</c>), and with them the old copies.
    /// </summary>
    public static void Convert(Database database, int partitions)
    {
        database.Execute("ALTER TABLE quarantine RENAME TO quarantine_1");
        database.Execute(LogSchema.CreateQuarantine);
        database.Execute($"""
            INSERT INTO quarantine (partition, position, count, block, reason)
                SELECT id >> {PositionBits}, id & {Id(1) - 1}, count, block, reason FROM quarantine_1 ORDER BY rowid;
            DROP TABLE quarantine_1;
            """);
        for (var partition = 0; partition < partitions; partition++)
        {
            // Deleted at once, so that the next partition gets the pages, and the file does not double.
            database.Execute(LogTable.Create(partition));
            database.Execute($"""
                INSERT INTO log_{partition} {Rows(partition)};
                DELETE FROM log WHERE id >= {Id(partition)} AND id < {Id(partition + 1)};
                """);
        }

        // Rows that nobody could read are kept like those that were healed.
        database.Execute($"""
            INSERT INTO quarantine (partition, position, count, block, reason)
                SELECT id >> {PositionBits}, id & {Id(1) - 1}, count, block, 'it is of no partition' FROM log ORDER BY id;
            DROP TABLE log;
            """);
    }

    private static long Id(int partition) => (long)partition << PositionBits;
}
