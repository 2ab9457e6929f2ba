using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Domain.Segments;

/// <summary>
/// Which customers are in which segments, as the customers state it: packed sets, exact counts. Of the statements about a
/// customer the one of the highest version counts, in whatever order and however often they come.
/// </summary>
/// <remarks>
/// A customer is known by the sequence of its mint, so that customers lie densely and a page of 1,024 packs well. A customer
/// that left all segments is kept with its version: a statement that comes late must not bring it back. Pages rest packed;
/// one that changes stays unpacked until everything is saved.
/// </remarks>
public sealed class MembershipMirror
{
    /// <summary>Customers of a page.</summary>
    public const int PageSize = 1_024;

    private readonly SortedList<long, Page> _pages = [];
    private readonly Dictionary<int, long> _counts = [];
    private readonly int[] _segments = new int[64];
    private readonly PriorityQueue<(long Customer, MembershipVersion Version, int Segment), long> _ends = new();

    /// <summary>Number of customers that ever made a statement.</summary>
    public long Customers { get; private set; }

    /// <summary>Bytes of the pages as they were saved or loaded last.</summary>
    public long PackedBytes => _pages.Values.Sum(page => (long)page.Packed.Length);

    /// <summary>Takes stored pages.</summary>
    public static MembershipMirror Load(IEnumerable<StoredMemberPage> pages)
    {
        var mirror = new MembershipMirror();
        foreach (var stored in pages)
        {
            var page = mirror._pages[stored.Page] = new Page(stored.Content);
            var rows = page.Read();
            foreach (int place in rows.Places())
            {
                mirror.Customers++;
                mirror.Count(rows.SegmentsOf(place), 1);
                mirror.Await(stored.Page, place, rows);
            }
        }

        return mirror;
    }

    /// <summary>Packs what changed.</summary>
    /// <returns>Pages to store.</returns>
    public IReadOnlyList<StoredMemberPage> Save()
    {
        foreach (var page in _pages.Values)
            page.Pack();
        return [.. _pages.Select(page => new StoredMemberPage { Page = page.Key, Content = page.Value.Packed })];
    }

    /// <summary>Takes statements in; those that are not newer than what is known change nothing.</summary>
    public void Take(IEnumerable<MembershipStatement> statements)
    {
        foreach (var statement in statements)
        {
            long number = statement.Customer / PageSize;
            if (!_pages.TryGetValue(number, out var page))
                _pages[number] = page = new Page(ByteString.Empty);
            Take(statement, page.Open());
        }
    }

    /// <summary>Takes out who left since: memberships whose end has come.</summary>
    /// <param name="nowMicros">Microseconds since the epoch.</param>
    public void Expire(long nowMicros)
    {
        while (_ends.TryPeek(out var end, out long at) && at <= nowMicros)
        {
            _ends.Dequeue();
            Leave((int)(end.Customer % PageSize), end.Version, end.Segment, _pages[end.Customer / PageSize].Open());
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
            var rows = _pages.Values[i].Read();
            foreach (int place in rows.Places())
            {
                if (first + place <= after || rows.SegmentsOf(place).BinarySearch(segment) < 0)
                    continue;
                members.Add(first + place);
                if (members.Count == most)
                    break;
            }
        }

        return members;
    }

    private void Leave(int place, MembershipVersion version, int segment, MemberRows rows)
    {
        // What was stated since counts.
        if (rows.VersionOf(place) != version)
            return;
        Count([segment], -1);
        rows.Set(
            place,
            version,
            [.. rows.SegmentsOf(place).ToArray().Where(other => other != segment)],
            [.. rows.EndsOf(place).ToArray().Where(end => end.Segment != segment)]);
    }

    private void Take(MembershipStatement statement, MemberRows rows)
    {
        int place = (int)(statement.Customer % PageSize);
        var version = MembershipVersion.Of(statement);
        if (rows.Has(place))
        {
            if (version <= rows.VersionOf(place))
                return;
            Count(rows.SegmentsOf(place), -1);
        }
        else
        {
            Customers++;
        }

        var segments = statement.Segments.Count <= _segments.Length ? _segments.AsSpan(0, statement.Segments.Count) : new int[statement.Segments.Count];
        for (int i = 0; i < segments.Length; i++)
            segments[i] = (int)statement.Segments[i];
        rows.Set(place, version, segments, statement.Ends);
        Count(segments, 1);
        Await(statement.Customer / PageSize, place, rows);
    }

    private void Await(long page, int place, MemberRows rows)
    {
        foreach (var end in rows.EndsOf(place))
            _ends.Enqueue(((page * PageSize) + place, rows.VersionOf(place), (int)end.Segment), end.At);
    }

    private void Count(ReadOnlySpan<int> segments, int change)
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

    private sealed class Page(ByteString packed)
    {
        private MemberRows? _open;

        /// <summary>As it was saved or loaded last.</summary>
        public ByteString Packed { get; private set; } = packed;

        /// <summary>To change: stays unpacked.</summary>
        public MemberRows Open() => _open ??= MemberRows.Unpack(Packed);

        /// <summary>To read.</summary>
        public MemberRows Read() => _open ?? MemberRows.Unpack(Packed);

        public void Pack()
        {
            if (_open is null)
                return;
            Packed = _open.Pack();
            _open = null;
        }
    }
}
