using System.Collections;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Pages of a database by their numbers, which begin with 1, or all of them.</summary>
internal sealed class PageSet
{
    /// <summary>No database has as many pages (128 GB).</summary>
    public const long MaxPages = 1 << 25;

    private readonly BitArray _pages = new(0);

    /// <summary>Whether it has all pages, whatever was added.</summary>
    public bool All { get; set; }

    /// <summary>Number of the pages that were added.</summary>
    public int Count { get; private set; }

    public void Add(uint number)
    {
        if (number is 0 or >= (uint)MaxPages) return;
        if (number > _pages.Length) _pages.Length = (int)Math.Max(number, Math.Min(2L * _pages.Length, MaxPages));
        if (_pages[(int)number - 1]) return;
        _pages[(int)number - 1] = true;
        Count++;
    }

    /// <summary>Whether it has one of some pages.</summary>
    /// <param name="first">The first one's place in the file, from 0.</param>
    /// <param name="count">How many they are.</param>
    public bool HasAny(long first, int count)
    {
        if (All) return true;
        for (var page = first; page < Math.Min(first + count, _pages.Length); page++)
        {
            if (_pages[(int)page]) return true;
        }

        return false;
    }

    public void Clear()
    {
        _pages.SetAll(false);
        (All, Count) = (false, 0);
    }
}
