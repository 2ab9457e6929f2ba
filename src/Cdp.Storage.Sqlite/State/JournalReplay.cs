using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Reads what the journal has beyond the database into the first memtable. A crash tears the last block at most, and that
/// one was not acknowledged: it is cut off. Anything else that is missing or damaged stops the start.
/// </summary>
internal sealed class JournalReplay(string database, StateTables tables, long merged)
{
    private long _last = merged;
    private int _segments;
    private int _blocks;
    private long _changes;
    private long _torn;

    /// <summary>Number of the last block that is known.</summary>
    public long Last => _last;

    public JournalRecovery Run()
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(database))!;
        var paths = Directory.GetFiles(directory, Path.GetFileName(database) + StateJournal.Infix + "*");
        Array.Sort(paths, StringComparer.Ordinal);
        var last = Array.FindLastIndex(paths, p => new FileInfo(p).Length > JournalFormat.HeaderSize);
        for (var i = 0; i < paths.Length; i++) Read(paths[i], isLast: i >= last);
        return new JournalRecovery(_segments, _blocks, _changes, _torn);
    }

    private void Read(string path, bool isLast)
    {
        var file = File.ReadAllBytes(path);
        if (JournalFormat.ReadHeader(path, file) is not { } header)
        {
            // A block follows only when the header is on disk.
            if (!isLast || file.Length > JournalFormat.HeaderSize) throw Damaged(path, 0);
            _torn += file.Length;
            File.Delete(path);
            return;
        }

        // Whole segments leave at once, since a merge ends where one ends.
        if (header.First > _last + 1) throw new StorageException($"{path} begins with block {header.First}, but {database} and the segments before it end with block {_last}: they are not of one copy. Restore all files of the directory from one backup.");
        var table = tables.Active;
        var chunk = -1;
        var at = JournalFormat.HeaderSize;
        for (var sequence = header.First; at < file.Length; sequence++)
        {
            if (JournalFormat.ReadBlock(file.AsSpan(at), header.Salt) is not { } block || block.Sequence != sequence)
            {
                if (!isLast || JournalFormat.HasBlock(file.AsSpan(at), header.Salt)) throw Damaged(path, at);
                Cut(path, at);
                _torn += file.Length - at;
                break;
            }

            var end = at + JournalFormat.BlockHeaderSize + block.Length;
            if (sequence > _last)
            {
                if (chunk < 0) chunk = table.Arena.Adopt(file);
                _changes += ChangeFormat.Read(file, chunk, at + JournalFormat.BlockHeaderSize, end, c => table.Apply(c));
                table.AddBlock(sequence, end - at);
                _last = sequence;
                _blocks++;
            }

            at = end;
        }

        if (chunk >= 0)
        {
            table.Segments.Add(path);
            _segments++;
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void Cut(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
        DiskFlush.File(file);
    }

    private static StorageException Damaged(string path, long at) =>
        new($"{path} is damaged at byte {at}, before its end: the disk gave back other bytes than were written. Restore all files of the directory from a backup.");
}
