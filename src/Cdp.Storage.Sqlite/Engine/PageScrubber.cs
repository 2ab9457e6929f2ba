using System.Buffers.Binary;
using System.Collections;
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

    /// <summary>
    /// Below this number the first byte of a page tells one of a tree from others, which begin with the number of a page.
    /// </summary>
    private const long MaxPages = 1 << 25;

    private const int LogHeader = 32;
    private const int FrameHeader = 24;

    private readonly BitArray _changed = new(0);

    // Kept open as long as SQLite has the file: to close it would take SQLite's locks away (POSIX).
    private SafeFileHandle? _file;
    private bool _all = true;

    /// <summary>To be called when pages may have been changed of which it was not told.</summary>
    public void ForgetAll() => _all = true;

    /// <summary>Notes the pages in the write-ahead log; to be called before they are moved into the database.</summary>
    public void Note()
    {
        // Until something was erased nobody needs to know.
        if (_all || !File.Exists(path + "-wal")) return;
        using var log = File.OpenHandle(path + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> number = stackalloc byte[sizeof(uint)];
        var length = RandomAccess.GetLength(log);

        // Frames of before, which are behind the last one, do no harm.
        for (long at = LogHeader; at + FrameHeader <= length; at += FrameHeader + Database.PageSize)
        {
            if (RandomAccess.Read(log, number, at) == sizeof(uint)) Mark(BinaryPrimitives.ReadUInt32BigEndian(number));
        }
    }

    /// <summary>Zeroes what is unused in all pages that were changed since the last time, and flushes. The write-ahead log is empty.</summary>
    public void Scrub()
    {
        _file ??= File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var pages = RandomAccess.GetLength(_file) / Database.PageSize;
        if (pages >= MaxPages) throw new StorageException($"{path} has more than {MaxPages} pages: what it erases cannot be cleared for certain.");
        var run = new byte[RunPages * Database.PageSize];
        for (var first = 0L; first < pages; first += RunPages)
        {
            if (!IsChanged(first, RunPages)) continue;
            var read = RandomAccess.Read(_file, run, first * Database.PageSize) / Database.PageSize;
            for (var i = 0; i < read; i++)
            {
                if (IsChanged(first + i, 1)) Scrub(_file, first + i, run.AsSpan(i * Database.PageSize, Database.PageSize));
            }
        }

        DiskFlush.File(_file);
        _changed.SetAll(false);
        _all = false;
    }

    public void Dispose() => _file?.Dispose();

    private static void Scrub(SafeFileHandle file, long number, Span<byte> page)
    {
        if (DatabasePage.Unused(page, isFirst: number == 0) is not { } unused || !page[unused].ContainsAnyExcept((byte)0)) return;
        page[unused].Clear();
        RandomAccess.Write(file, page[unused], (number * Database.PageSize) + unused.Start.Value);
    }

    private void Mark(uint number)
    {
        if (number is 0 or >= (uint)MaxPages) return;
        if (number > _changed.Length) _changed.Length = (int)Math.Max(number, Math.Min(2L * _changed.Length, MaxPages));
        _changed[(int)number - 1] = true;
    }

    private bool IsChanged(long first, int count)
    {
        if (_all) return true;
        for (var page = first; page < Math.Min(first + count, _changed.Length); page++)
        {
            if (_changed[(int)page]) return true;
        }

        return false;
    }
}
