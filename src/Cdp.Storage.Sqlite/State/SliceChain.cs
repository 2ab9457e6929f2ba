namespace Cdp.Storage.Sqlite.State;

/// <summary>A slice of a history in a memtable, and the number of the next one.</summary>
internal record struct SliceNode(Slice Value, int Count, int Next);

/// <summary>The slices of all histories of a memtable, chained by their numbers: few large arrays instead of an object each.</summary>
internal sealed class SliceChain
{
    private const int PageShift = 12;
    private const int PageSize = 1 << PageShift;

    private readonly List<SliceNode[]> _pages = [];
    private int _count;

    public ref SliceNode this[int number] => ref _pages[number >> PageShift][number & (PageSize - 1)];

    /// <summary>Adds a slice that has no next one.</summary>
    /// <returns>Its number.</returns>
    public int Add(Slice value, int count)
    {
        if (_count >> PageShift == _pages.Count) _pages.Add(new SliceNode[PageSize]);
        this[_count] = new SliceNode(value, count, -1);
        return _count++;
    }

    public void Clear() => _count = 0;
}
