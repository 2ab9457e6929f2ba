using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Sqlite.Log;

namespace Cdp.Storage.Sqlite.Backups;

/// <summary>
/// Copies the log row by row up to given ends, while events are appended and erased. Rows are never changed but for what is
/// erased in them, so that none needs to be read at the moment of another: each read is short, and nothing waits for it.
/// </summary>
internal static class LogCopy
{
    /// <summary>Bytes that are read in one transaction: some milliseconds.</summary>
    private const int ChunkBytes = 1 << 20;

    private const int CacheBytes = 8 << 20;

    /// <summary>Copies the log; on disk when it returns.</summary>
    /// <param name="source">A connection to log.db, used by nobody else.</param>
    /// <param name="target">Path of the copy, where no file is.</param>
    /// <param name="epoch">Name of the log.</param>
    /// <param name="ends">Position after the last record of each partition.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static void Write(Database source, string target, string epoch, IReadOnlyList<long> ends, CancellationToken cancellationToken)
    {
        using (var copy = Database.Open(target, CacheBytes, maxPages: null))
        {
            LogSchema.Open(copy, target, ends.Count, epoch);

            // Who is interrupted begins anew; what is whole is flushed at the end.
            copy.Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
            var next = new PartitionStatements(source, ends.Count, LogTable.RowsBetween);
            var insert = new PartitionStatements(copy, ends.Count, LogTable.Insert);
            for (var partition = 0; partition < ends.Count; partition++)
            {
                var (from, end) = (0L, ends[partition]);
                while (from < end)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    from = CopyChunk(next[partition], insert[partition], from, end);
                }
            }

            CopyQuarantine(source, copy);
            copy.Execute("COMMIT");
        }

        using var file = File.OpenHandle(target, FileMode.Open, FileAccess.ReadWrite);
        DiskFlush.File(file);
    }

    /// <summary>Copies rows of one transaction; returns where the next begins.</summary>
    private static long CopyChunk(Statement next, Statement insert, long from, long end)
    {
        next.Bind(1, from).Bind(2, end);
        for (var bytes = 0L; bytes < ChunkBytes;)
        {
            if (!next.Step()) return end;
            var position = next.Integer(0);
            var block = next.Bytes(2);
            insert.Bind(1, position).Bind(2, next.Integer(1)).Bind(3, block).Run();
            bytes += block.Length;
            from = position + 1;
        }

        next.Reset();
        return from;
    }

    private static void CopyQuarantine(Database source, Database copy)
    {
        var rows = source.Prepare("SELECT partition, position, count, block, reason FROM quarantine ORDER BY rowid");
        var insert = copy.Prepare("INSERT INTO quarantine (partition, position, count, block, reason) VALUES (?1, ?2, ?3, ?4, ?5)");
        while (rows.Step())
        {
            insert.Bind(1, rows.Integer(0)).Bind(2, rows.Integer(1)).Bind(3, rows.Integer(2)).Bind(4, rows.Bytes(3)).Bind(5, rows.Text(4)).Run();
        }
    }
}
