using Cdp.Grains.Ports;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Rows of the table history. A positive count is that of one slice, whose bytes the row holds. A negative one is the sum
/// of several: the row holds each with its count (variable-length integer) and length (the same) before it.
/// </summary>
internal static class HistoryRow
{
    /// <summary>
    /// Bytes of a row of several slices at most. A longer row would not lie in its page alone (at most 1002 bytes of it do,
    /// https://www.sqlite.org/fileformat2.html), and every search that passes it would read the rest.
    /// </summary>
    public const int RowBytes = 960;

    /// <summary>Entries that a history has at most.</summary>
    public const long MaxEntries = 1L << 32;

    /// <summary>What the number of a history stays below: it and an entry share one integer.</summary>
    private const long MaxHistories = 1L << 31;

    /// <summary>Bytes that go before each slice at most.</summary>
    public const int MaxFrame = 20;

    /// <summary>Where a slice of more than <see cref="RowBytes"/> stands, in a table of its own; its row has none.</summary>
    /// <param name="id">Number of the history.</param>
    /// <param name="first">First entry of the slice.</param>
    /// <exception cref="StorageException">There are too many histories.</exception>
    public static long LargePlace(long id, long first) => id < MaxHistories
        ? (id * MaxEntries) + first
        : throw new StorageException($"state.db has {MaxHistories} histories and takes no more.");

    /// <summary>Reads the slices of a row.</summary>
    /// <param name="first">First entry of the row.</param>
    /// <param name="count">Count of the row.</param>
    /// <param name="row">Its bytes.</param>
    /// <param name="from">First entry wanted.</param>
    /// <param name="maxBytes">When to stop.</param>
    /// <param name="slices">Receives copies of the slices.</param>
    /// <param name="bytes">Bytes of them.</param>
    /// <returns>False when it stopped.</returns>
    public static bool Read(long first, long count, ReadOnlySpan<byte> row, long from, int maxBytes, List<HistorySliceRow> slices, ref long bytes)
    {
        if (count >= 0) return Add(first, checked((int)count), row, from, maxBytes, slices, ref bytes);
        for (var at = 0; at < row.Length;)
        {
            var entries = checked((int)ChangeFormat.ReadNumber(row, ref at));
            var length = checked((int)ChangeFormat.ReadNumber(row, ref at));
            if (!Add(first, entries, row.Slice(at, length), from, maxBytes, slices, ref bytes)) return false;
            first += entries;
            at += length;
        }

        return true;
    }

    /// <summary>Finds a slice in a row of several.</summary>
    /// <param name="first">First entry of the row.</param>
    /// <param name="row">Its bytes.</param>
    /// <param name="wanted">First entry of the slice.</param>
    /// <param name="count">Its entries.</param>
    /// <param name="place">Where it stands, with what goes before it.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False when the row has no such slice.</returns>
    public static bool TryFind(long first, ReadOnlySpan<byte> row, long wanted, int count, out Range place, out int length)
    {
        (place, length) = (default, 0);
        for (var at = 0; at < row.Length && first <= wanted;)
        {
            var start = at;
            var entries = ChangeFormat.ReadNumber(row, ref at);
            length = checked((int)ChangeFormat.ReadNumber(row, ref at));
            at += length;
            place = start..at;
            if (first == wanted) return entries == count;
            first += entries;
        }

        return false;
    }

    /// <summary>Writes a slice of a row of several.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, int count, ReadOnlySpan<byte> slice)
    {
        var at = ChangeFormat.WriteNumber(destination, count);
        at += ChangeFormat.WriteNumber(destination[at..], slice.Length);
        slice.CopyTo(destination[at..]);
        return at + slice.Length;
    }

    private static bool Add(long first, int count, ReadOnlySpan<byte> slice, long from, int maxBytes, List<HistorySliceRow> slices, ref long bytes)
    {
        if (first + count <= from) return true;
        if (slices.Count > 0 && bytes + slice.Length > maxBytes) return false;
        slices.Add(new HistorySliceRow(first, count, slice.ToArray()));
        bytes += slice.Length;
        return true;
    }
}
