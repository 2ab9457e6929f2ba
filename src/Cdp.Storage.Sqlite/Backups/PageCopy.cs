using Cdp.Storage.Sqlite.Engine;
using Microsoft.Win32.SafeHandles;

namespace Cdp.Storage.Sqlite.Backups;

/// <summary>
/// Copies a database file page by page while pages are written to it: first all, then those that were written meanwhile, which
/// are ever fewer. Whoever writes to it copies the last ones between two of its transactions.
/// </summary>
/// <remarks>
/// A transaction that reads all would do without, but for as long as it lasts the write-ahead log grows, and cannot be cut when
/// something is erased.
/// </remarks>
internal sealed class PageCopy : IDisposable
{
    /// <summary>Pages that are read at once.</summary>
    private const int RunPages = 64;

    /// <summary>Pages that are copied in some milliseconds.</summary>
    private const int FewPages = 1_000;

    /// <summary>Where as many pages are written as a pass copies, further ones do not help.</summary>
    private const int MaxPasses = 4;

    private readonly PageScrubber _source;
    private readonly SafeFileHandle _target;
    private readonly byte[] _run = new byte[RunPages * Database.PageSize];

    /// <param name="source">Has the file, and knows the pages that are written.</param>
    /// <param name="target">Path of the copy, where no file is.</param>
    /// <exception cref="InvalidOperationException">The file is being copied already.</exception>
    public PageCopy(PageScrubber source, string target)
    {
        _source = source;
        source.Moved.Begin();
        try
        {
            _target = File.OpenHandle(target, FileMode.CreateNew, FileAccess.ReadWrite);
        }
        catch
        {
            source.Moved.End();
            throw;
        }
    }

    /// <summary>Copies until few pages are left.</summary>
    public void CopyMost(CancellationToken cancellationToken)
    {
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var pages = _source.Moved.Take();
            Copy(pages, cancellationToken);
            if (!pages.All && pages.Count <= FewPages) return;
        }
    }

    /// <summary>Copies some pages, and gives the copy the length of the file.</summary>
    public void Copy(PageSet wanted, CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(_source.Raw);
        for (var first = 0L; first * Database.PageSize < length; first += RunPages)
        {
            if (!wanted.HasAny(first, RunPages)) continue;
            cancellationToken.ThrowIfCancellationRequested();
            var read = RandomAccess.Read(_source.Raw, _run, first * Database.PageSize);
            RandomAccess.Write(_target, _run.AsSpan(0, read), first * Database.PageSize);
        }

        RandomAccess.SetLength(_target, length);
    }

    /// <summary>Waits until the disk has the copy.</summary>
    public void Flush() => DiskFlush.File(_target);

    public void Dispose()
    {
        _source.Moved.End();
        _target.Dispose();
    }
}
