using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Domain.Segments;

/// <summary>The customers of one page, unpacked. Packed, a customer takes a few bytes: most share their sets with others.</summary>
internal sealed class MemberRows
{
    private readonly List<Row> _rows = [];

    /// <summary>What is known of one customer.</summary>
    /// <param name="Customer">Place within the page.</param>
    /// <param name="Version">Version of its newest statement.</param>
    /// <param name="Segments">Numbers of its segments, ascending; shared, never changed.</param>
    /// <param name="Ends">Those of them that it leaves at a time that is known; shared, never changed.</param>
    public readonly record struct Row(int Customer, MembershipVersion Version, int[] Segments, MembershipEnd[] Ends);

    public IReadOnlyList<Row> All => _rows;

    public static MemberRows Unpack(ByteString packed)
    {
        var page = MemberPage.Parser.ParseFrom(packed);
        var sets = new int[page.Sets.Count][];
        for (int i = 0; i < sets.Length; i++)
            sets[i] = Numbers(page.Sets[i]);
        var ends = page.Ends.ToLookup(end => (int)end.Customer, end => new MembershipEnd { Segment = end.Segment, At = end.At });
        var rows = new MemberRows();
        int customer = 0;
        for (int i = 0; i < page.Customers.Count; i++)
        {
            customer += (int)page.Customers[i];
            rows._rows.Add(new Row(customer, new MembershipVersion(page.Definitions[(int)page.Under[i]], page.Sequences[i]), sets[page.Set[i]], [.. ends[i]]));
        }

        return rows;
    }

    public ByteString Pack()
    {
        var page = new MemberPage();
        var sets = new Dictionary<int[], uint>(SameNumbers.Instance);
        var definitions = new Dictionary<long, uint>();
        int before = 0;
        foreach (var row in _rows)
        {
            if (!sets.TryGetValue(row.Segments, out uint set))
            {
                sets[row.Segments] = set = (uint)sets.Count;
                page.Sets.Add(Packed(row.Segments));
            }

            if (!definitions.TryGetValue(row.Version.Definitions, out uint under))
            {
                definitions[row.Version.Definitions] = under = (uint)definitions.Count;
                page.Definitions.Add(row.Version.Definitions);
            }

            foreach (var end in row.Ends)
                page.Ends.Add(new MemberEnd { Customer = (uint)page.Customers.Count, Segment = end.Segment, At = end.At });
            page.Customers.Add((uint)(row.Customer - before));
            page.Set.Add(set);
            page.Under.Add(under);
            page.Sequences.Add(row.Version.Sequence);
            before = row.Customer;
        }

        return page.ToByteString();
    }

    /// <summary>Place of a customer; the complement of where it belongs, if it is not there.</summary>
    public int Find(int customer)
    {
        int low = 0, high = _rows.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_rows[middle].Customer == customer)
                return middle;
            if (_rows[middle].Customer < customer)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    public void Set(int at, Row row)
    {
        if (at >= 0)
            _rows[at] = row;
        else
            _rows.Insert(~at, row);
    }

    private static int[] Numbers(SegmentNumbers packed)
    {
        var numbers = new int[packed.Numbers.Count];
        int number = 0;
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = number += (int)packed.Numbers[i];
        return numbers;
    }

    private static SegmentNumbers Packed(int[] numbers)
    {
        var packed = new SegmentNumbers();
        int before = 0;
        foreach (int number in numbers)
        {
            packed.Numbers.Add((uint)(number - before));
            before = number;
        }

        return packed;
    }

    private sealed class SameNumbers : IEqualityComparer<int[]>
    {
        public static SameNumbers Instance { get; } = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] obj)
        {
            var hash = new HashCode();
            foreach (int number in obj)
                hash.Add(number);
            return hash.ToHashCode();
        }
    }
}
