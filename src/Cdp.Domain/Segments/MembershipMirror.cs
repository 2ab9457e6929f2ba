using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Domain.Segments;

/// <summary>
/// Which customers are in which segments, as the customers state it: packed sets, exact counts. Of the statements about a
/// customer the one of the highest version counts, in whatever order and however often they come.
/// </summary>
/// <remarks>
/// A customer is known by the sequence of its mint, so that customers lie densely and a page of 1,024 packs well. A customer
/// that left all segments is kept with its version: a statement that comes late must not bring it back.
/// </remarks>
public sealed class MembershipMirror
{
    /// <summary>Customers of a page.</summary>
    public const int PageSize = 1_024;

    private readonly SortedList<long, ByteString> _pages = [];
    private readonly Dictionary<int, long> _counts = [];
    private readonly PriorityQueue<(long Customer, MembershipVersion Version, int Segment), long> _ends = new();

    /// <summary>Number of customers that ever made a statement.</summary>
    public long Customers { get; private set; }

    /// <summary>Bytes of the packed pages.</summary>
    public long PackedBytes { get; private set; }

    /// <summary>Takes stored pages.</summary>
    public static MembershipMirror Load(IEnumerable<StoredMemberPage> pages)
    {
        var mirror = new MembershipMirror();
        foreach (var page in pages)
        {
            mirror._pages[page.Page] = page.Content;
            mirror.PackedBytes += page.Content.Length;
            foreach (var row in MemberRows.Unpack(page.Content).All)
            {
                mirror.Customers++;
                mirror.Count(row.Segments, 1);
                mirror.Await(page.Page, row);
            }
        }

        return mirror;
    }

    /// <summary>Pages to store.</summary>
    public IEnumerable<StoredMemberPage> Save() => _pages.Select(page => new StoredMemberPage { Page = page.Key, Content = page.Value });

    /// <summary>Takes statements in; those that are not newer than what is known change nothing.</summary>
    public void Take(IEnumerable<MembershipStatement> statements)
    {
        foreach (var ofPage in statements.GroupBy(statement => statement.Customer / PageSize))
        {
            var rows = _pages.TryGetValue(ofPage.Key, out var packed) ? MemberRows.Unpack(packed) : new MemberRows();
            bool changed = false;
            foreach (var statement in ofPage)
                changed |= Take(statement, rows);
            if (!changed)
                continue;
            Put(ofPage.Key, rows);
        }
    }

    /// <summary>Takes out who left since: memberships whose end has come.</summary>
    /// <param name="nowMicros">Microseconds since the epoch.</param>
    public void Expire(long nowMicros)
    {
        var due = new List<(long Customer, MembershipVersion Version, int Segment)>();
        while (_ends.TryPeek(out var end, out long at) && at <= nowMicros)
        {
            due.Add(end);
            _ends.Dequeue();
        }

        // Grants mostly end together: a page is unpacked once for all of them.
        foreach (var ofPage in due.GroupBy(end => end.Customer / PageSize))
        {
            var rows = MemberRows.Unpack(_pages[ofPage.Key]);
            bool changed = false;
            foreach (var (customer, version, segment) in ofPage)
                changed |= Leave((int)(customer % PageSize), version, segment, rows);
            if (changed)
                Put(ofPage.Key, rows);
        }
    }

    /// <summary>Number of a segment's members.</summary>
    public long Count(int segment) => _counts.GetValueOrDefault(segment);

    /// <summary>Members of a segment, ascending.</summary>
    /// <param name="segment">Its number.</param>
    /// <param name="after">Customers after this one; -1: from the start.</param>
    /// <param name="most">At most so many.</param>
    public List<long> Members(int segment, long after, int most)
    {
        var members = new List<long>(Math.Min(most, 1_000));
        if (Count(segment) == 0)
            return members;
        for (int i = FirstPage(after / PageSize); i < _pages.Count && members.Count < most; i++)
        {
            long first = _pages.Keys[i] * PageSize;
            foreach (var row in MemberRows.Unpack(_pages.Values[i]).All)
            {
                if (first + row.Customer <= after || Array.BinarySearch(row.Segments, segment) < 0)
                    continue;
                members.Add(first + row.Customer);
                if (members.Count == most)
                    break;
            }
        }

        return members;
    }

    private bool Leave(int customer, MembershipVersion version, int segment, MemberRows rows)
    {
        int place = rows.Find(customer);
        var row = rows.All[place];

        // What was stated since counts.
        if (row.Version != version)
            return false;
        Count([segment], -1);
        rows.Set(place, row with
        {
            Segments = [.. row.Segments.Where(other => other != segment)],
            Ends = [.. row.Ends.Where(end => end.Segment != segment)],
        });
        return true;
    }

    private bool Take(MembershipStatement statement, MemberRows rows)
    {
        int at = rows.Find((int)(statement.Customer % PageSize));
        if (at >= 0 && MembershipVersion.Of(statement) <= rows.All[at].Version)
            return false;
        if (at >= 0)
            Count(rows.All[at].Segments, -1);
        else
            Customers++;
        var row = new MemberRows.Row(
            (int)(statement.Customer % PageSize), MembershipVersion.Of(statement), [.. statement.Segments.Select(number => (int)number)],
            [.. statement.Ends]);
        rows.Set(at, row);
        Count(row.Segments, 1);
        Await(statement.Customer / PageSize, row);
        return true;
    }

    private void Await(long page, MemberRows.Row row)
    {
        foreach (var end in row.Ends)
            _ends.Enqueue(((page * PageSize) + row.Customer, row.Version, (int)end.Segment), end.At);
    }

    private void Put(long page, MemberRows rows)
    {
        PackedBytes -= _pages.TryGetValue(page, out var before) ? before.Length : 0;
        var packed = rows.Pack();
        _pages[page] = packed;
        PackedBytes += packed.Length;
    }

    private void Count(int[] segments, int change)
    {
        foreach (int segment in segments)
        {
            long count = _counts.GetValueOrDefault(segment) + change;
            if (count == 0)
                _counts.Remove(segment);
            else
                _counts[segment] = count;
        }
    }

    private int FirstPage(long page)
    {
        int low = 0, high = _pages.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_pages.Keys[middle] < page)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
