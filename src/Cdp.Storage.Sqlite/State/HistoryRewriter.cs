using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.State;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Puts other bytes in the place of slices that stand in the database, see <see cref="HistoryRow"/>.</summary>
internal sealed class HistoryRewriter
{
    private readonly Statement _rowOf;
    private readonly Statement _set;
    private readonly Statement _largeLength;
    private readonly Statement _setLarge;
    private readonly Statement _deleteLarge;
    private readonly byte[] _row = new byte[HistoryRow.RowBytes];

    public HistoryRewriter(Database database)
    {
        _rowOf = database.Prepare("""
            SELECT s.id, s.first, s.count, s.slice FROM histories h JOIN history s ON s.id = h.id
            WHERE h.key = ?1 AND s.first <= ?2 ORDER BY s.first DESC LIMIT 1
            """);
        _set = database.Prepare("UPDATE history SET slice = ?3 WHERE id = ?1 AND first = ?2");
        _largeLength = database.Prepare("SELECT length(slice) FROM large_slices WHERE place = ?1");
        _setLarge = database.Prepare("UPDATE large_slices SET slice = ?2 WHERE place = ?1");
        _deleteLarge = database.Prepare("DELETE FROM large_slices WHERE place = ?1");
    }

    /// <summary>Rewrites a slice, inside an open transaction.</summary>
    /// <param name="key">The history.</param>
    /// <param name="first">First entry of the slice, as it was appended.</param>
    /// <param name="count">Its entries.</param>
    /// <param name="slice">What it is to be.</param>
    /// <returns>False when there is no such slice.</returns>
    /// <exception cref="ArgumentException">It would grow, or the key has no bytes.</exception>
    public bool Rewrite(string key, long first, int count, ReadOnlySpan<byte> slice)
    {
        if (!_rowOf.Bind(1, key).Bind(2, first).Step()) return false;
        long id, rowFirst;
        ReadOnlySpan<byte> next;
        try
        {
            (id, rowFirst) = (_rowOf.Integer(0), _rowOf.Integer(1));
            var entries = _rowOf.Integer(2);
            var row = _rowOf.Bytes(3);
            if (entries < 0)
            {
                if (!HistoryRow.TryFind(rowFirst, row, first, count, out var place, out var length)) return false;
                HistoryAppends.CheckRewrite(length, slice.Length);
                next = Replace(row, place, count, slice);
            }
            else
            {
                if (rowFirst != first || entries != count) return false;
                next = row.IsEmpty ? ReplaceLarge(HistoryRow.LargePlace(id, first), slice) : Fitting(row.Length, slice);
            }
        }
        finally
        {
            _rowOf.Reset();
        }

        _set.Bind(1, id).Bind(2, rowFirst).Bind(3, next).Run();
        _row.AsSpan().Clear();
        return true;
    }

    private static ReadOnlySpan<byte> Fitting(long former, ReadOnlySpan<byte> slice)
    {
        HistoryAppends.CheckRewrite(former, slice.Length);
        return slice;
    }

    /// <summary>Makes a row of several slices with one of them replaced.</summary>
    private ReadOnlySpan<byte> Replace(ReadOnlySpan<byte> row, Range place, int count, ReadOnlySpan<byte> slice)
    {
        row[..place.Start.Value].CopyTo(_row);
        var at = place.Start.Value;
        at += HistoryRow.Write(_row.AsSpan(at), count, slice);
        var rest = row[place.End.Value..];
        rest.CopyTo(_row.AsSpan(at));
        return _row.AsSpan(0, at + rest.Length);
    }

    /// <summary>Replaces a slice that stands by itself, if there is one; a small one goes to its row.</summary>
    /// <returns>What the row has from now on.</returns>
    private ReadOnlySpan<byte> ReplaceLarge(long place, ReadOnlySpan<byte> slice)
    {
        var isLarge = _largeLength.Bind(1, place).Step();
        var former = isLarge ? _largeLength.Integer(0) : 0;
        _largeLength.Reset();
        HistoryAppends.CheckRewrite(former, slice.Length);
        if (slice.Length > HistoryRow.RowBytes)
        {
            _setLarge.Bind(1, place).Bind(2, slice).Run();
            return default;
        }

        if (isLarge) _deleteLarge.Bind(1, place).Run();
        return slice;
    }
}
