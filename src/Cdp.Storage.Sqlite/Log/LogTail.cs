using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>
/// Checks the end of each partition at a start. SQLite drops a torn transaction by itself; what is left to find here is
/// a disk that gave back other bytes than were written.
/// </summary>
internal static class LogTail
{
    /// <summary>Records that a row holds at most, more than any row's when even their number is unknown.</summary>
    private const int MostRecords = LogPacker.BlockBytes / 16;

    public static List<HealedRow> Heal(Database database, int partitions)
    {
        var healed = new List<HealedRow>();
        var previous = database.Prepare("SELECT id, count, block FROM log WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1");
        var quarantine = database.Prepare("INSERT INTO quarantine (id, count, block, reason) SELECT id, count, block, ?2 FROM log WHERE id = ?1");
        var replace = database.Prepare("UPDATE log SET count = ?2, block = ?3 WHERE id = ?1");
        for (var partition = 0; partition < partitions; partition++)
        {
            var before = LogRow.Id(partition + 1, 0);
            while (previous.Bind(1, LogRow.Id(partition, 0)).Bind(2, before).Step())
            {
                var (id, count, block) = (previous.Integer(0), previous.Integer(1), previous.Bytes(2).ToArray());
                previous.Reset();
                if (Mend(partition, LogRow.Position(id), count, ref block) is not { } row) break;
                database.Execute("BEGIN IMMEDIATE");
                quarantine.Bind(1, id).Bind(2, row.Reason).Run();
                replace.Bind(1, id).Bind(2, row.Count).Bind(3, block).Run();
                database.Execute("COMMIT");
                healed.Add(row);
                before = id;
            }
        }

        healed.Sort((a, b) => (a.Partition, a.First).CompareTo((b.Partition, b.First)));
        return healed;
    }

    /// <summary>Checks a row, and replaces its block by what can be kept of it. Null when it is sound.</summary>
    private static HealedRow? Mend(int partition, long first, long count, ref byte[] block)
    {
        if (LogBlock.TryOpen(block, partition, first, out var damage) is not { } view)
        {
            // Nothing says what the records were. As many as there may have been are blanked.
            var lost = count is >= 1 and <= MostRecords ? (int)count : MostRecords;
            block = Blanks(partition, first, lost);
            return new HealedRow(partition, first, lost, lost, damage);
        }

        var damaged = Enumerable.Range(0, view.Count).Where(i => !view.TryRead(i, out _)).ToList();
        if (damaged.Count == 0 && count == view.Count) return null;
        foreach (var index in damaged) LogBlock.Blank(block, view, index, []);
        var reason = damaged.Count == 0 ? "the row and its block disagree about the count" : LogBlock.PayloadDamaged;
        return new HealedRow(partition, first, view.Count, damaged.Count, reason);
    }

    private static byte[] Blanks(int partition, long first, int count)
    {
        var blank = new LogRecord("", LogRecordFlags.Blanked, 0, default);
        var records = new (byte, LogRecord)[count];
        Array.Fill(records, ((byte)0, blank));
        var block = new byte[LogBlock.EmptySize + LogBlock.SizeOfTenant("") + (count * LogBlock.SizeOf(blank))];
        LogBlock.Write(block, partition, first, [""], records);
        return block;
    }
}
