using System.Buffers.Binary;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// Tells which event ids a customer has had: the recent ones exactly, older ones behind immutable Bloom filters of 24
/// bits and 12 probes an id (false positive rate 1.4·10⁻⁵ a filter). A hit only says where to look; the history decides.
/// </summary>
/// <remarks>Bloom, B. H.: Space/time trade-offs in hash coding with allowable errors. CACM 13(7), 1970; double hashing
/// after Kirsch and Mitzenmacher, 2006.</remarks>
internal sealed class EventIds(IStateStore states, string key)
{
    /// <summary>Kind of the states that hold filters.</summary>
    public const string FilterKind = "event-filter";

    private const int SegmentIds = 512;
    private const int BitsPerId = 24;
    private const int Probes = 12;

    private long[] _ends = [];
    private byte[][] _filters = [];
    private ulong[] _recent = [];
    private int _count;
    private bool _filtersLoaded = true;

    /// <summary>Own history sequence from which on the ids are recent.</summary>
    public long RecentFrom => _ends.Length == 0 ? 0 : _ends[^1];

    /// <summary>Takes over what a snapshot knows.</summary>
    public void Load(Bookkeeping bookkeeping)
    {
        _ends = [.. bookkeeping.FilterEnds];
        _filters = [];
        _filtersLoaded = _ends.Length == 0;
        _count = bookkeeping.RecentIds.Count;
        _recent = [.. bookkeeping.RecentIds];
    }

    /// <summary>Writes what a snapshot has to know.</summary>
    public void Save(Bookkeeping bookkeeping)
    {
        bookkeeping.RecentIds.Clear();
        bookkeeping.RecentIds.Capacity = _count;
        foreach (var id in _recent.AsSpan(0, _count)) bookkeeping.RecentIds.Add(id);
        bookkeeping.FilterEnds.Clear();
        bookkeeping.FilterEnds.AddRange(_ends);
    }

    /// <summary>Adds the low half of an id's hash.</summary>
    public void Add(ulong low)
    {
        if (_count == _recent.Length) Array.Resize(ref _recent, Math.Max(4, _count * 2));
        _recent[_count++] = low;
    }

    /// <summary>Whether the filters have to be read before <see cref="Find"/>.</summary>
    public bool FiltersMissing => !_filtersLoaded;

    /// <summary>Reads the filters.</summary>
    public async ValueTask LoadFiltersAsync(CancellationToken cancellationToken)
    {
        var filters = new byte[_ends.Length][];
        for (var i = 0; i < filters.Length; i++)
        {
            var row = await states.ReadAsync(FilterKind, FilterKey(i), cancellationToken);
            // A filter that is missing is read as one that says "perhaps" to every id: slower, never wrong.
            filters[i] = row.Exists ? EventFilter.Parser.ParseFrom(row.Value.Span).Bits.ToByteArray() : [];
        }

        _filters = filters;
        _filtersLoaded = true;
    }

    /// <summary>
    /// The ranges of the own history (with what was absorbed there) in which an id may stand; empty: it is new.
    /// </summary>
    public IReadOnlyList<(long From, long To)> Find(ulong low, long sequence)
    {
        List<(long, long)>? ranges = null;
        if (_recent.AsSpan(0, _count).Contains(low)) (ranges = []).Add((RecentFrom, sequence));
        for (var i = 0; i < _filters.Length; i++)
        {
            if (MayContain(_filters[i], low)) (ranges ??= []).Add((i == 0 ? 0 : _ends[i - 1], _ends[i]));
        }

        return ranges ?? (IReadOnlyList<(long, long)>)[];
    }

    /// <summary>
    /// Moves the recent ids into a filter when there are many. Durable when it returns, so that a snapshot may refer to
    /// it; a crash before that snapshot makes the same filter again.
    /// </summary>
    public async ValueTask FreezeAsync(long sequence, CancellationToken cancellationToken)
    {
        if (_count < SegmentIds) return;
        if (!_filtersLoaded) await LoadFiltersAsync(cancellationToken);
        var bits = Build(_recent.AsSpan(0, _count));
        var value = new EventFilter { Bits = ByteString.CopyFrom(bits), Ids = _count }.ToByteArray();
        var filterKey = FilterKey(_ends.Length);
        var row = await states.ReadAsync(FilterKind, filterKey, cancellationToken);
        if (await states.WriteAsync(FilterKind, filterKey, value, row.Tag, cancellationToken) is null)
            throw new OwnershipLostException(key);
        _filters = [.. _filters, bits];
        _ends = [.. _ends, sequence];
        _count = 0;
    }

    private string FilterKey(int index) => $"{key}/{index}";

    private static byte[] Build(ReadOnlySpan<ulong> ids)
    {
        var bits = new byte[ids.Length * BitsPerId / 8];
        foreach (var id in ids)
        {
            for (var probe = 0; probe < Probes; probe++)
            {
                var bit = Bit(id, probe, bits.Length);
                bits[bit >> 3] |= (byte)(1 << (bit & 7));
            }
        }

        return bits;
    }

    private static bool MayContain(byte[] bits, ulong id)
    {
        if (bits.Length == 0) return true;
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = Bit(id, probe, bits.Length);
            if ((bits[bit >> 3] & (1 << (bit & 7))) == 0) return false;
        }

        return true;
    }

    private static int Bit(ulong id, int probe, int bytes)
    {
        var step = BinaryPrimitives.ReverseEndianness(id * 0x9E3779B97F4A7C15) | 1;
        return (int)((id + ((ulong)probe * step)) % (ulong)(bytes * 8L));
    }
}
