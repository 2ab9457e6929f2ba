using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Zeroes what the pages of a database do not use. <c>secure_delete</c> clears what is deleted where it lies; but when SQLite
/// splits a page it moves rows to a neighbour and leaves their old copies behind, in the part that the page no longer uses.
/// </summary>
/// <remarks>
/// It writes beside SQLite, which never reads that part (https://www.sqlite.org/fileformat2.html#b_tree_pages). Used by the
/// thread of the only connection that writes and moves pages.
/// </remarks>
/// <param name="path">Path of the database.</param>
internal sealed class PageScrubber(string path) : IDisposable
{
    /// <summary>Pages that are read at once.</summary>
    private const int RunPages = 32;

    private const int LogHeader = 32;
    private const int FrameHeader = 24;

    private readonly PageSet _changed = new() { All = true };

    /// <summary>
    /// The database, beside SQLite. Kept open as long as SQLite has the file: to close it would take SQLite's locks away (POSIX).
    /// </summary>
    public SafeFileHandle Raw { get; } = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Notes the pages that are moved, for whoever copies the file.</summary>
    public MovedPages Moved { get; } = new();

    /// <summary>To be called when pages may have been changed of which it was not told.</summary>
    public void ForgetAll()
    {
        _changed.All = true;
        Moved.AddAll();
    }

    /// <summary>
    /// Notes the pages in the write-ahead log; to be called before they are moved into the database, both under
    /// <see cref="MovedPages.Moving"/>.
    /// </summary>
    public void Note()
    {
        // Until something was erased or is copied nobody needs to know.
        if ((_changed.All && !Moved.AreWanted) || !File.Exists(path + "-wal")) return;
        using var log = File.OpenHandle(path + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> number = stackalloc byte[sizeof(uint)];
        var length = RandomAccess.GetLength(log);

        // Frames of before, which are behind the last one, do no harm.
        for (long at = LogHeader; at + FrameHeader <= length; at += FrameHeader + Database.PageSize)
        {
            if (RandomAccess.Read(log, number, at) != sizeof(uint)) continue;
            var page = BinaryPrimitives.ReadUInt32BigEndian(number);
            _changed.Add(page);
            Moved.Add(page);
        }
    }

    /// <summary>Zeroes what is unused in all pages that were changed since the last time, and flushes. The write-ahead log is empty.</summary>
    public void Scrub()
    {
        var pages = RandomAccess.GetLength(Raw) / Database.PageSize;

        // Below this number the first byte of a page tells one of a tree from others, which begin with the number of a page.
        if (pages >= PageSet.MaxPages) throw new StorageException($"{path} has more than {PageSet.MaxPages} pages: what it erases cannot be cleared for certain.");
        var run = new byte[RunPages * Database.PageSize];
        for (var first = 0L; first < pages; first += RunPages)
        {
            if (!_changed.HasAny(first, RunPages)) continue;
            var read = RandomAccess.Read(Raw, run, first * Database.PageSize) / Database.PageSize;
            for (var i = 0; i < read; i++)
            {
                if (_changed.HasAny(first + i, 1)) Scrub(Raw, first + i, run.AsSpan(i * Database.PageSize, Database.PageSize));
            }
        }

        DiskFlush.File(Raw);
        _changed.Clear();
    }

    public void Dispose() => Raw.Dispose();

    private static void Scrub(SafeFileHandle file, long number, Span<byte> page)
    {
        if (DatabasePage.Unused(page, isFirst: number == 0) is not { } unused || !page[unused].ContainsAnyExcept((byte)0)) return;
        page[unused].Clear();
        RandomAccess.Write(file, page[unused], (number * Database.PageSize) + unused.Start.Value);
    }
}
