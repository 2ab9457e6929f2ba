namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Which pages of a database file were written since a copy of it began or last asked. Pages come into the file when they are
/// moved there from the write-ahead log, and nowise else.
/// </summary>
internal sealed class MovedPages
{
    private PageSet? _pages;

    /// <summary>
    /// Held while pages are noted and moved: otherwise one could be noted before a copy asks and be moved after the copy
    /// read it.
    /// </summary>
    public Lock Moving { get; } = new();

    /// <summary>Whether a copy is under way.</summary>
    public bool AreWanted => Volatile.Read(ref _pages) is not null;

    /// <summary>Begins to note pages.</summary>
    /// <exception cref="InvalidOperationException">Another copy is under way.</exception>
    public void Begin()
    {
        lock (Moving)
        {
            if (_pages is not null) throw new InvalidOperationException("A copy of this store is under way.");
            _pages = new PageSet { All = true };
        }
    }

    /// <summary>Takes what was noted since the last time; at first all.</summary>
    public PageSet Take()
    {
        lock (Moving)
        {
            var taken = _pages ?? throw new InvalidOperationException("No copy is under way.");
            _pages = new PageSet();
            return taken;
        }
    }

    public void End()
    {
        lock (Moving) _pages = null;
    }

    /// <summary>Notes a page. Called under <see cref="Moving"/>.</summary>
    public void Add(uint number) => _pages?.Add(number);

    /// <summary>To be called when pages may have been moved that were not noted.</summary>
    public void AddAll()
    {
        lock (Moving)
        {
            if (_pages is not null) _pages.All = true;
        }
    }
}
