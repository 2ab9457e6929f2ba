using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Sqlite.State;
using Microsoft.Win32.SafeHandles;

namespace Cdp.Storage.Sqlite.Backups;

/// <summary>
/// The segments of the journal at one moment, each up to where it reached. They are open, so that they can be copied when the
/// store has deleted them already.
/// </summary>
internal sealed class JournalCut : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly List<(string Name, SafeFileHandle File, long Length)> _segments = [];

    /// <summary>Opens segments. Called while nobody writes to the last one.</summary>
    public static JournalCut Open(IReadOnlyList<string> segments, StateJournal journal)
    {
        var cut = new JournalCut();
        try
        {
            foreach (var path in segments)
            {
                var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                cut._segments.Add((Path.GetFileName(path), file, path == journal.Segment ? journal.End : RandomAccess.GetLength(file)));
            }

            return cut;
        }
        catch
        {
            cut.Dispose();
            throw;
        }
    }

    /// <summary>Copies the segments into a directory; on disk when it returns.</summary>
    public void CopyTo(string directory, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        foreach (var (name, file, length) in _segments)
        {
            using var target = File.OpenHandle(Path.Combine(directory, name), FileMode.CreateNew, FileAccess.Write);
            for (var at = 0L; at < length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at)), at);
                if (read == 0) throw new StorageException($"{name} ends at byte {at} and was to have {length}.");
                RandomAccess.Write(target, buffer.AsSpan(0, read), at);
                at += read;
            }

            DiskFlush.File(target);
        }
    }

    public void Dispose()
    {
        foreach (var (_, file, _) in _segments) file.Dispose();
    }
}
