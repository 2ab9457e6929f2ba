namespace Cdp.Domain.Decisions;

/// <summary>
/// A list of numbers within its owner: one array, nothing beside it, and no array where it is empty. Like any struct that
/// changes, it stays in one field.
/// </summary>
internal struct Packed<T>
    where T : struct
{
    /// <summary>There is room for as many times what is put in first.</summary>
    private const int Least = 4;

    private T[]? _items;
    private int _count;

    /// <summary>Holds the items of an array, which is given away.</summary>
    public Packed(T[] items) => (_items, _count) = (items, items.Length);

    /// <summary>The items, until the next change.</summary>
    public readonly Span<T> Items => _items.AsSpan(0, _count);

    /// <summary>Puts items in a place; those behind move up.</summary>
    public void Insert(int at, ReadOnlySpan<T> items)
    {
        if (items.IsEmpty)
            return;
        if (_items is null || _items.Length - _count < items.Length)
            Array.Resize(ref _items, Math.Max(Least * items.Length, Math.Max(2 * _count, _count + items.Length)));
        var all = _items.AsSpan();
        all[at.._count].CopyTo(all[(at + items.Length)..]);
        items.CopyTo(all[at..]);
        _count += items.Length;
    }

    /// <summary>Puts one item in a place.</summary>
    public void Insert(int at, T item) => Insert(at, new ReadOnlySpan<T>(in item));

    /// <summary>Drops the first items; those behind move down.</summary>
    public void RemoveFirst(int count)
    {
        Items[count..].CopyTo(Items);
        _count -= count;
    }

    /// <summary>Keeps the first items and drops the others.</summary>
    public void KeepFirst(int count) => _count = count;

    /// <summary>The same apart, with no room to spare.</summary>
    public readonly Packed<T> Clone() => new(Items.ToArray());
}
