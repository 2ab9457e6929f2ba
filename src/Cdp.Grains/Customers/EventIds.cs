using System.Buffers.Binary;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// Tells which event ids a customer has had: the recent ones exactly, older ones behind immutable Bloom filters of 24
/// bits and 12 probes an id (false positive rate 1.4·10⁻⁵ a filter), which are kept with the places of their ids. A hit only
/// says where to look; the history decides.
/// </summary>
/// <remarks>Bloom, B. H.: Space/time trade-offs in hash coding with allowable errors. CACM 13(7), 1970; double hashing
/// after Kirsch and Mitzenmacher, 2006.</remarks>
internal sealed class EventIds(IStateStore states, string key)
{
    /// <summary>Kind of the states that hold filters.</summary>
    public const string FilterKind = "event-filter";

    private const int SegmentIds = 512;
    private const int PlaceBytes = 8;
    private const int BitsPerId = 24;
    private const int Probes = 12;

    private long[] _ends = [];
    private byte[][] _filters = [];
    private ulong[] _recent = [];
    private uint[] _places = [];
    private int _count;
    private bool _filtersLoaded = true;

    /// <summary>Own history sequence from which on the ids are recent.</summary>
    private long RecentFrom => _ends.Length == 0 ? 0 : _ends[^1];

    /// <summary>Takes over what a snapshot knows.</summary>
    public void Load(Bookkeeping bookkeeping)
    {
        _ends = [.. bookkeeping.FilterEnds];
        _filters = [];
        _filtersLoaded = _ends.Length == 0;
        _count = bookkeeping.RecentIds.Count;
        _recent = [.. bookkeeping.RecentIds];
        _places = [.. bookkeeping.RecentPlaces];
    }

    /// <summary>Writes what a snapshot has to know.</summary>
    public void Save(Bookkeeping bookkeeping)
    {
        bookkeeping.RecentIds.Clear();
        bookkeeping.RecentIds.Capacity = _count;
        foreach (var id in _recent.AsSpan(0, _count)) bookkeeping.RecentIds.Add(id);
        bookkeeping.RecentPlaces.Clear();
        bookkeeping.RecentPlaces.Capacity = _count;
        foreach (var place in _places.AsSpan(0, _count)) bookkeeping.RecentPlaces.Add(place);
        bookkeeping.FilterEnds.Clear();
        bookkeeping.FilterEnds.AddRange(_ends);
    }

    /// <summary>Adds the low half of an id's hash.</summary>
    /// <param name="low">The half.</param>
    /// <param name="sequence">The entry of the own history that holds the id, or the history that does.</param>
    public void Add(ulong low, long sequence)
    {
        if (_count == _recent.Length)
        {
            Array.Resize(ref _recent, Math.Max(4, _count * 2));
            Array.Resize(ref _places, _recent.Length);
        }

        _recent[_count] = low;
        _places[_count++] = checked((uint)(sequence - RecentFrom));
    }

    /// <summary>Whether the filters have to be read before <see cref="MayHold"/>.</summary>
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

    /// <summary>False: the id is new. True: it is known, or a filter is wrong.</summary>
    public bool MayHold(ulong low)
    {
        if (_recent.AsSpan(0, _count).Contains(low)) return true;
        foreach (var filter in _filters)
        {
            if (MayContain(filter, low)) return true;
        }

        return false;
    }

    /// <summary>The entries of the own history that may hold an id, or a history that does.</summary>
    public async ValueTask<IReadOnlyList<long>> LocateAsync(ulong low, CancellationToken cancellationToken)
    {
        if (!_filtersLoaded) await LoadFiltersAsync(cancellationToken);
        var found = new List<long>();
        for (var i = 0; i < _filters.Length; i++)
        {
            if (!MayContain(_filters[i], low)) continue;
            var start = i == 0 ? 0 : _ends[i - 1];
            var row = await states.ReadAsync(FilterKind, FilterKey(i), cancellationToken);
            if (row.Exists) AddPlaces(EventFilter.Parser.ParseFrom(row.Value.Span).Places.Span, (uint)low, start, found);
            else for (var sequence = start; sequence < _ends[i]; sequence++) found.Add(sequence);
        }

        for (var i = 0; i < _count; i++)
        {
            if (_recent[i] == low) Add(found, RecentFrom + _places[i]);
        }

        return found;
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
        var value = new EventFilter
        {
            Bits = ByteString.CopyFrom(bits), Ids = _count, Places = ByteString.CopyFrom(PlacesOf(_recent.AsSpan(0, _count), _places)),
        }.ToByteArray();
        var filterKey = FilterKey(_ends.Length);
        var row = await states.ReadAsync(FilterKind, filterKey, cancellationToken);
        if (await states.WriteAsync(FilterKind, filterKey, value, row.Tag, cancellationToken) is null)
            throw new OwnershipLostException(key);
        _filters = [.. _filters, bits];
        _ends = [.. _ends, sequence];
        _count = 0;
    }

    /// <summary>Removes the filters and forgets every id.</summary>
    /// <returns>Filters removed.</returns>
    public async ValueTask<int> ClearAsync(CancellationToken cancellationToken)
    {
        var removed = 0;
        for (var i = 0; ; i++)
        {
            var row = await states.ReadAsync(FilterKind, FilterKey(i), cancellationToken);
            if (!row.Exists) break;
            if (!await states.ClearAsync(FilterKind, FilterKey(i), row.Tag, cancellationToken)) throw new OwnershipLostException(key);
            removed++;
        }

        (_ends, _filters, _recent, _places, _count, _filtersLoaded) = ([], [], [], [], 0, true);
        return removed;
    }

    private string FilterKey(int index) => $"{key}/{index}";

    private static byte[] PlacesOf(ReadOnlySpan<ulong> ids, ReadOnlySpan<uint> places)
    {
        var pairs = new ulong[ids.Length];
        for (var i = 0; i < pairs.Length; i++) pairs[i] = (ids[i] << 32) | places[i];
        Array.Sort(pairs);
        var bytes = new byte[pairs.Length * PlaceBytes];
        for (var i = 0; i < pairs.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * PlaceBytes), (uint)(pairs[i] >> 32));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((i * PlaceBytes) + 4), (uint)pairs[i]);
        }

        return bytes;
    }

    private static void AddPlaces(ReadOnlySpan<byte> places, uint id, long start, List<long> found)
    {
        var low = 0;
        var high = places.Length / PlaceBytes;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (BinaryPrimitives.ReadUInt32LittleEndian(places[(middle * PlaceBytes)..]) < id) low = middle + 1;
            else high = middle;
        }

        for (; low < places.Length / PlaceBytes; low++)
        {
            var place = places.Slice(low * PlaceBytes, PlaceBytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(place) != id) return;
            Add(found, start + BinaryPrimitives.ReadUInt32LittleEndian(place[4..]));
        }
    }

    /// <summary>Ids of a history that was taken in stand at one place.</summary>
    private static void Add(List<long> found, long sequence)
    {
        if (!found.Contains(sequence)) found.Add(sequence);
    }

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
