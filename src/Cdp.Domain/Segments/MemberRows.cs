using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Domain.Segments;

/// <summary>
/// The customers of one page, unpacked, in columns by their place on it. Packed, a customer takes a few bytes: most share
/// their sets with others.
/// </summary>
/// <remarks>Columns of numbers: a change of one customer makes no object that lives on, unless its set is new to the page.</remarks>
internal sealed class MemberRows
{
    // 0: no statement; otherwise the number of its set, plus one.
    private readonly int[] _set = new int[MembershipMirror.PageSize];
    private readonly long[] _definitions = new long[MembershipMirror.PageSize];
    private readonly long[] _sequences = new long[MembershipMirror.PageSize];
    private readonly List<int[]> _sets = [];
    private readonly Dictionary<int[], int> _numbers = new(SameNumbers.Instance);
    private readonly Dictionary<int[], int>.AlternateLookup<ReadOnlySpan<int>> _find;
    private readonly Dictionary<int, MembershipEnd[]> _ends = [];

    public MemberRows() => _find = _numbers.GetAlternateLookup<ReadOnlySpan<int>>();

    public static MemberRows Unpack(ByteString packed)
    {
        var page = MemberPage.Parser.ParseFrom(packed);
        var rows = new MemberRows();
        foreach (var set in page.Sets)
            rows.NumberOf(Numbers(set));
        var places = new int[page.Customers.Count];
        int place = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = place += (int)page.Customers[i];
            rows._set[place] = (int)page.Set[i] + 1;
            rows._definitions[place] = page.Definitions[(int)page.Under[i]];
            rows._sequences[place] = page.Sequences[i];
        }

        foreach (var ends in page.Ends.GroupBy(end => end.Customer))
            rows._ends[places[ends.Key]] = [.. ends.Select(end => new MembershipEnd { Segment = end.Segment, At = end.At })];
        return rows;
    }

    public ByteString Pack()
    {
        var page = new MemberPage();
        var sets = new Dictionary<int, uint>();
        var definitions = new Dictionary<long, uint>();
        int before = 0;
        foreach (int place in Places())
        {
            if (!sets.TryGetValue(_set[place], out uint set))
            {
                sets[_set[place]] = set = (uint)sets.Count;
                page.Sets.Add(Packed(SegmentsOf(place)));
            }

            if (!definitions.TryGetValue(_definitions[place], out uint under))
            {
                definitions[_definitions[place]] = under = (uint)definitions.Count;
                page.Definitions.Add(_definitions[place]);
            }

            foreach (var end in EndsOf(place))
                page.Ends.Add(new MemberEnd { Customer = (uint)page.Customers.Count, Segment = end.Segment, At = end.At });
            page.Customers.Add((uint)(place - before));
            page.Set.Add(set);
            page.Under.Add(under);
            page.Sequences.Add(_sequences[place]);
            before = place;
        }

        return page.ToByteString();
    }

    /// <summary>Places of the customers that made a statement, ascending.</summary>
    public IEnumerable<int> Places()
    {
        for (int place = 0; place < _set.Length; place++)
        {
            if (Has(place))
                yield return place;
        }
    }

    /// <summary>Whether a customer ever made a statement.</summary>
    public bool Has(int place) => _set[place] > 0;

    /// <summary>Version of a customer's newest statement.</summary>
    public MembershipVersion VersionOf(int place) => new(_definitions[place], _sequences[place]);

    /// <summary>Numbers of a customer's segments, ascending.</summary>
    public ReadOnlySpan<int> SegmentsOf(int place) => _sets[_set[place] - 1];

    /// <summary>Those of a customer's segments that it leaves at a time that is known.</summary>
    public ReadOnlySpan<MembershipEnd> EndsOf(int place) => _ends.TryGetValue(place, out var ends) ? ends : [];

    /// <summary>Puts what a customer stated in the place of what it stated before.</summary>
    public void Set(int place, MembershipVersion version, ReadOnlySpan<int> segments, IList<MembershipEnd> ends)
    {
        _set[place] = NumberOf(segments) + 1;
        (_definitions[place], _sequences[place]) = (version.Definitions, version.Sequence);
        if (ends.Count > 0)
            _ends[place] = [.. ends];
        else
            _ends.Remove(place);
    }

    private static int[] Numbers(SegmentNumbers packed)
    {
        var numbers = new int[packed.Numbers.Count];
        int number = 0;
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = number += (int)packed.Numbers[i];
        return numbers;
    }

    private static SegmentNumbers Packed(ReadOnlySpan<int> numbers)
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

    private int NumberOf(ReadOnlySpan<int> segments)
    {
        if (_find.TryGetValue(segments, out int number))
            return number;
        int[] set = segments.ToArray();
        _sets.Add(set);
        return _numbers[set] = _sets.Count - 1;
    }

    private sealed class SameNumbers : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
    {
        public static SameNumbers Instance { get; } = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<int> alternate, int[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(int[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<int> alternate)
        {
            var hash = new HashCode();
            foreach (int number in alternate)
                hash.Add(number);
            return hash.ToHashCode();
        }

        public int[] Create(ReadOnlySpan<int> alternate) => alternate.ToArray();
    }
}
