using System.Buffers.Binary;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>A page of a database file, see https://www.sqlite.org/fileformat2.html#b_tree_pages.</summary>
internal static class DatabasePage
{
    /// <summary>Bytes of the first page before its tree.</summary>
    private const int FileHeader = 100;

    private const int CellsAt = 3;
    private const int ContentAt = 5;

    /// <summary>The part of a tree's page between the places of its cells and the cells; null: it is no page of a tree.</summary>
    public static Range? Unused(ReadOnlySpan<byte> page, bool isFirst)
    {
        var start = isFirst ? FileHeader : 0;
        int? header = page[start] switch
        {
            // Interior pages have the number of one more child.
            2 or 5 => 12,
            10 or 13 => 8,
            _ => null,
        };
        if (header is null) return null;
        var from = start + header.Value + (2 * BinaryPrimitives.ReadUInt16BigEndian(page[(start + CellsAt)..]));
        var to = BinaryPrimitives.ReadUInt16BigEndian(page[(start + ContentAt)..]);
        return from <= to && to <= page.Length ? from..to : null;
    }
}
