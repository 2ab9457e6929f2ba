using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>
/// Checks the end of each partition at a start. SQLite drops a torn transaction by itself; what is left to find here is
/// a disk that gave back other bytes than were written.
/// </summary>
/// <remarks>
/// A healed row has the length that it had, so that SQLite writes it where it lies and moves no other. It can only get longer where
/// not even the number of its records is known; that is the last row of its table, and what does not fit goes to a new page.
/// </remarks>
internal static class LogTail
{
    /// <summary>Records that a row holds at most, more than any row's when even their number is unknown.</summary>
    private const int MostRecords = LogPacker.BlockBytes / 16;

    public static List<HealedRow> Heal(Database database, int partitions)
    {
        var healed = new List<HealedRow>();
        var previous = new PartitionStatements(database, partitions, LogTable.RowBefore);
        for (var partition = 0; partition < partitions; partition++)
        {
            var rows = previous[partition];
            long? next = null;
            while (rows.Bind(1, next ?? long.MaxValue).Step())
            {
                var (first, count, block) = (rows.Integer(0), rows.Integer(1), rows.Bytes(2).ToArray());
                rows.Reset();
                if (Mend(partition, first, count, next, ref block) is not { } row) break;
                Replace(database, row, block);
                healed.Add(row);
                next = first;
            }
        }

        healed.Sort((a, b) => (a.Partition, a.First).CompareTo((b.Partition, b.First)));
        return healed;
    }

    private static void Replace(Database database, HealedRow row, ReadOnlySpan<byte> block)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Prepare($"INSERT INTO quarantine (partition, position, count, block, reason) SELECT ?1, position, count, block, ?3 FROM log_{row.Partition} WHERE position = ?2")
            .Bind(1, row.Partition).Bind(2, row.First).Bind(3, row.Reason).Run();
        database.Prepare($"UPDATE log_{row.Partition} SET count = ?2, block = ?3 WHERE position = ?1")
            .Bind(1, row.First).Bind(2, row.Count).Bind(3, block).Run();
        database.Execute("COMMIT");
    }

    /// <summary>Checks a row, and replaces its block by what can be kept of it. Null when it is sound.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="first">Position of its first record.</param>
    /// <param name="count">Number of its records, as the row says.</param>
    /// <param name="next">Position of the next row's first record; null: it is the last.</param>
    /// <param name="block">Its block.</param>
    private static HealedRow? Mend(int partition, long first, long count, long? next, ref byte[] block)
    {
        if (LogBlock.TryOpen(block, partition, first, out var damage) is not { } view)
        {
            // Nothing says what the records were. As many as there may have been are blanked.
            var most = (int)Math.Min(MostRecords, next - first ?? MostRecords);
            var lost = count >= 1 && count <= most ? (int)count : most;
            block = Blanks(partition, first, lost, block.Length);
            return new HealedRow(partition, first, lost, lost, damage);
        }

        var damaged = Enumerable.Range(0, view.Count).Where(i => !view.TryRead(i, out _)).ToList();
        if (damaged.Count == 0 && count == view.Count) return null;
        foreach (var index in damaged) LogBlock.Blank(block, view, index, []);
        var reason = damaged.Count == 0 ? "the row and its block disagree about the count" : LogBlock.PayloadDamaged;
        return new HealedRow(partition, first, view.Count, damaged.Count, reason);
    }

    /// <summary>A block of blanked records, as long as another if they need no more; the last one takes what is too much.</summary>
    private static byte[] Blanks(int partition, long first, int count, int length)
    {
        var blank = new LogRecord("", LogRecordFlags.Blanked, 0, default);
        var records = new (byte, LogRecord)[count];
        Array.Fill(records, ((byte)0, blank));
        var needed = LogBlock.EmptySize + LogBlock.SizeOfTenant("") + (count * LogBlock.SizeOf(blank));
        records[^1] = (0, blank with { Payload = new byte[Math.Max(0, length - needed)] });
        var block = new byte[Math.Max(length, needed)];
        LogBlock.Write(block, partition, first, [""], records);
        return block;
    }
}
