using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>Rows of equal width in one list, so that a row needs no object of its own.</summary>
internal static class Rows
{
    /// <summary>Puts a row in a place; those behind move up.</summary>
    /// <param name="list">The list.</param>
    /// <param name="at">Number of the row.</param>
    /// <param name="row">What it holds; as long as every row of the list.</param>
    public static void Insert<T>(RepeatedField<T> list, int at, ReadOnlySpan<T> row)
    {
        // Most lists have one or two rows; a list left to itself begins with room for eight items.
        if (list.Count == 0)
            list.Capacity = 2 * row.Length;
        int place = at * row.Length;
        bool isLast = place == list.Count;
        foreach (var item in row)
        {
            if (isLast)
                list.Add(item);
            else
                list.Insert(place++, item);
        }
    }

    /// <summary>Drops a row of numbers; those behind move down.</summary>
    /// <param name="list">The list.</param>
    /// <param name="at">Number of the row.</param>
    /// <param name="width">Items of a row.</param>
    public static void Remove(RepeatedField<ulong> list, int at, int width)
    {
        for (int i = 0; i < width; i++)
            list.RemoveAt(at * width);
    }

    /// <summary>
    /// Drops a row of names; those behind move down. Neighbours mostly have the same names, and where nothing is written the
    /// garbage collector has nothing to look at: a list that is moved as a whole it searches as a whole.
    /// </summary>
    /// <param name="list">The list.</param>
    /// <param name="at">Number of the row.</param>
    /// <param name="width">Items of a row.</param>
    public static void Remove(RepeatedField<string> list, int at, int width)
    {
        int last = list.Count - width;
        for (int i = at * width; i < last; i++)
        {
            string next = list[i + width];
            if (!ReferenceEquals(list[i], next))
                list[i] = next;
        }

        while (list.Count > last)
            list.RemoveAt(list.Count - 1);
    }
}
