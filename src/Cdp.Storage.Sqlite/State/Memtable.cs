using System.Runtime.InteropServices;
using Cdp.Grains.Ports;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// What journal segments hold that is not in the database yet: the last value of each state, the new slices of each
/// history, the changes of the index. The values stay where they were encoded for the journal. Not safe for
/// concurrent use while it changes: <see cref="StateTables"/> guards it.
/// </summary>
internal sealed class Memtable(ChunkPool pool)
{
    /// <summary>What an entry weighs beyond its bytes in the journal.</summary>
    private const int EntryWeight = 64;

    private readonly Dictionary<string, Dictionary<string, StateEntry>> _states = [];
    private readonly Dictionary<string, HistoryEntry> _histories = [];
    private readonly Dictionary<string, SortedSet<CustomerChange>> _customers = [];

    public Arena Arena { get; } = new(pool);

    public SliceChain Slices { get; } = new();

    /// <summary>States by kind and key.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, StateEntry>> States => _states;

    /// <summary>Histories by key.</summary>
    public IReadOnlyDictionary<string, HistoryEntry> Histories => _histories;

    /// <summary>Changes of the index by tenant, in order.</summary>
    public IReadOnlyDictionary<string, SortedSet<CustomerChange>> Customers => _customers;

    /// <summary>Segments of the journal that hold the same, oldest first.</summary>
    public List<string> Segments { get; } = [];

    /// <summary>Number of the last block it has; 0: none since it was cleared.</summary>
    public long LastSequence { get; set; }

    /// <summary>About the bytes of memory it takes, blocks and entries.</summary>
    public long Weight { get; private set; }

    /// <summary>Bytes of the values that are still valid.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>States and histories that have something to be written.</summary>
    public int LiveEntries { get; private set; }

    /// <summary>Whether some of it may be in the database already.</summary>
    public bool IsEmpty => LastSequence == 0;

    /// <summary>Counts a block that went into the arena.</summary>
    public void AddBlock(long sequence, int bytes)
    {
        LastSequence = sequence;
        Weight += bytes;
    }

    public void Apply(in StateChange change)
    {
        switch (change.Kind)
        {
            case ChangeKind.PutState:
                SetState(change.Within, change.Key, new StateEntry(change.Number, change.Value));
                break;
            case ChangeKind.ClearState:
                SetState(change.Within, change.Key, default);
                break;
            case ChangeKind.AppendHistory:
                Append(change);
                break;
            case ChangeKind.DeleteHistory:
                Delete(change.Within);
                break;
            case ChangeKind.AddCustomer:
            case ChangeKind.RemoveCustomer:
                Index(change.Within, new CustomerChange(change.Key, change.Kind is ChangeKind.AddCustomer));
                break;
            default:
                throw new StorageException($"The journal has a change of kind {(byte)change.Kind}, which this program does not know. Start the program that wrote it.");
        }
    }

    public bool TryState(string kind, string key, out StateEntry entry)
    {
        entry = default;
        return _states.TryGetValue(kind, out var states) && states.TryGetValue(key, out entry);
    }

    public bool TryHistory(string key, out HistoryEntry entry) => _histories.TryGetValue(key, out entry);

    /// <summary>Reads the slices of a history from an entry on.</summary>
    /// <param name="history">The history.</param>
    /// <param name="from">The entry.</param>
    /// <param name="maxBytes">When to stop, counting what <paramref name="rows"/> has.</param>
    /// <param name="rows">Receives copies.</param>
    /// <param name="bytes">Bytes of them.</param>
    /// <returns>False when it stopped before the end.</returns>
    public bool ReadSlices(in HistoryEntry history, long from, int maxBytes, List<HistorySliceRow> rows, ref long bytes)
    {
        var first = history.Start;
        for (var number = history.Head; number >= 0;)
        {
            var node = Slices[number];
            if (first + node.Count > from)
            {
                if (rows.Count > 0 && bytes + node.Value.Length > maxBytes) return false;
                rows.Add(new HistorySliceRow(first, node.Count, Arena[node.Value].ToArray()));
                bytes += node.Value.Length;
            }

            first += node.Count;
            number = node.Next;
        }

        return true;
    }

    /// <summary>Forgets everything, and zeroes the values.</summary>
    public void Clear()
    {
        // The kinds are few and stay; what they held goes.
        foreach (var states in _states.Values) states.Clear();
        _histories.Clear();
        _customers.Clear();
        Slices.Clear();
        Arena.Clear();
        Segments.Clear();
        LastSequence = 0;
        Weight = 0;
        LiveBytes = 0;
        LiveEntries = 0;
    }

    private void SetState(string kind, string key, StateEntry value)
    {
        if (!_states.TryGetValue(kind, out var states)) _states[kind] = states = [];
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(states, key, out var exists);
        if (!exists) Weight += EntryWeight;
        LiveBytes += value.Value.Length - entry.Value.Length;
        LiveEntries += (value.Tag == 0 ? 0 : 1) - (entry.Tag == 0 ? 0 : 1);
        entry = value;
    }

    private void Append(in StateChange change)
    {
        ref var entry = ref Entry(change.Within);
        var number = Slices.Add(change.Value, change.Count);
        Weight += EntryWeight / 2;
        if (entry.Head < 0)
        {
            entry.Head = number;
            entry.Start = change.Number;
            LiveEntries++;
        }
        else
        {
            Slices[entry.Tail].Next = number;
        }

        entry.Tail = number;
        entry.End = change.Number + change.Count;
        entry.Bytes += change.Value.Length;
        LiveBytes += change.Value.Length;
    }

    private void Delete(string key)
    {
        ref var entry = ref Entry(key);
        LiveBytes -= entry.Bytes;
        if (entry.Head >= 0) LiveEntries--;
        entry = new HistoryEntry { Deleted = true, Head = -1 };
    }

    private ref HistoryEntry Entry(string key)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_histories, key, out var exists);
        if (exists) return ref entry;
        entry.Head = -1;
        Weight += EntryWeight;
        return ref entry;
    }

    private void Index(string tenant, CustomerChange change)
    {
        if (!_customers.TryGetValue(tenant, out var customers)) _customers[tenant] = customers = new SortedSet<CustomerChange>(CustomerChange.ById);
        if (!customers.Remove(change)) Weight += 2 * EntryWeight;
        customers.Add(change);
    }
}
