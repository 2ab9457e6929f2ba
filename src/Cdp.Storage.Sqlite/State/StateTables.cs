using System.Globalization;
using Cdp.Grains.Ports;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// The memtable that is written and the one that is being merged. Every call sees both at one moment. What leaves the
/// second stands in the database before: who reads here first and then there misses nothing; who needs both at one
/// moment reads there first, and again when <see cref="Drops"/> changed meanwhile.
/// </summary>
internal sealed class StateTables
{
    /// <summary>Changes that become visible under one taking of the lock, so that no reader waits long.</summary>
    private const int PublishSize = 64;

    private readonly Lock _gate = new();
    private readonly long _capacity;
    private Memtable _active;
    private Memtable _spare;
    private Memtable? _immutable;
    private Memtable? _merging;
    private long _drops;

    /// <param name="capacity">Weight at which a memtable is full.</param>
    public StateTables(long capacity)
    {
        _capacity = capacity;
        var chunk = (int)Math.Clamp(capacity / 32, 4 << 10, 1 << 20);
        var pool = new ChunkPool(chunk, kept: checked((int)(2 * capacity / chunk)));
        (_active, _spare) = (new Memtable(pool), new Memtable(pool));
    }

    /// <summary>The memtable that is written. Its arena and segments are the writer's alone.</summary>
    public Memtable Active => _active;

    /// <summary>The memtable that is being merged; it does not change any more. While there is one, there cannot be another.</summary>
    public Memtable? Immutable => Volatile.Read(ref _merging);

    public bool IsFull => _active.Weight >= _capacity;

    /// <summary>How full the memtable is that is written: 1 when it is full.</summary>
    public double Filled => (double)_active.Weight / _capacity;

    /// <summary>How often a merged memtable left.</summary>
    public long Drops => Volatile.Read(ref _drops);

    /// <summary>About the bytes of both.</summary>
    public long Weight => Sum(static t => t.Weight);

    /// <summary>Bytes of valid values in both.</summary>
    public long LiveBytes => Sum(static t => t.LiveBytes);

    /// <summary>States and histories in both.</summary>
    public long LiveEntries => Sum(static t => t.LiveEntries);

    /// <summary>Makes flushed changes visible.</summary>
    public void Publish(long sequence, int bytes, ReadOnlySpan<StateChange> changes)
    {
        lock (_gate) _active.AddBlock(sequence, bytes);
        for (; !changes.IsEmpty; changes = changes[Math.Min(PublishSize, changes.Length)..])
        {
            lock (_gate)
            {
                foreach (ref readonly var change in changes[..Math.Min(PublishSize, changes.Length)]) _active.Apply(change);
            }
        }
    }

    /// <summary>Begins an empty memtable; the one before is to be merged. There must not be another one.</summary>
    /// <param name="segment">The segment of the journal that holds the new one.</param>
    public void Rotate(string segment)
    {
        lock (_gate)
        {
            if (_merging is not null) throw new InvalidOperationException("A memtable is being merged.");
            _merging = _immutable = _active;
            _active = _spare;

            // A segment without a block is not given up for another.
            _merging.Segments.Remove(segment);
            _active.Segments.Add(segment);
        }
    }

    /// <summary>Forgets the merged memtable. Called when the database has all of it.</summary>
    public void Drop()
    {
        var merged = _merging ?? throw new InvalidOperationException("No memtable is being merged.");
        lock (_gate)
        {
            _immutable = null;
            _drops++;
        }

        // Nobody reads it any more: nobody waits for its zeroing.
        merged.Clear();
        _spare = merged;
        Volatile.Write(ref _merging, null);
    }

    /// <summary>Reads a state. False: the database says what it is.</summary>
    public bool TryState(string kind, string key, out StateRow row)
    {
        row = default;
        lock (_gate)
        {
            var table = _active;
            if (!table.TryState(kind, key, out var entry))
            {
                if (_immutable is not { } older || !older.TryState(kind, key, out entry)) return false;
                table = older;
            }

            if (entry.Tag != 0) row = new StateRow(table.Arena[entry.Value].ToArray(), entry.Tag.ToString(CultureInfo.InvariantCulture));
            return true;
        }
    }

    /// <summary>Reads states of a kind; the database says what the others are.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="keys">Their keys.</param>
    /// <param name="rows">Receives those that are found.</param>
    /// <param name="missing">Receives the places of the others.</param>
    public void States(string kind, IReadOnlyList<string> keys, StateRow[] rows, List<int> missing)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (!TryState(kind, keys[i], out rows[i])) missing.Add(i);
        }
    }

    /// <summary>Reads the tag of a state, 0 when it is absent. False: the database says what it is.</summary>
    public bool TryTag(string kind, string key, out long tag)
    {
        lock (_gate)
        {
            var known = _active.TryState(kind, key, out var entry) || (_immutable?.TryState(kind, key, out entry) ?? false);
            tag = entry.Tag;
            return known;
        }
    }

    /// <summary>Reads the length of a history. False: the database says what it is.</summary>
    public bool TryLength(string key, out long length)
    {
        lock (_gate)
        {
            var known = _active.TryHistory(key, out var entry) || (_immutable?.TryHistory(key, out entry) ?? false);
            length = entry.End;
            return known;
        }
    }

    /// <summary>Reads the slices of a history where nothing of the database is needed.</summary>
    /// <returns>False: it is needed.</returns>
    public bool TrySlices(string key, long from, int maxBytes, out List<HistorySliceRow> rows)
    {
        rows = [];
        lock (_gate)
        {
            if (!TryHistory(key, out var start, out var deleted) || (!deleted && from < start)) return false;
            AddSlices(key, from, maxBytes, rows, 0);
            return true;
        }
    }

    /// <summary>Adds to the slices that the database has what came later, and takes away what it has no more.</summary>
    /// <param name="key">Key of the history.</param>
    /// <param name="from">First entry wanted.</param>
    /// <param name="maxBytes">When to stop.</param>
    /// <param name="rows">Slices of the database from there on; receives the rest.</param>
    /// <param name="drops"><see cref="Drops"/> before the database was read.</param>
    /// <param name="changed">Whether anything came later.</param>
    /// <returns>False: a memtable left meanwhile, the database is to be read again.</returns>
    public bool TryComplete(string key, long from, int maxBytes, List<HistorySliceRow> rows, long drops, out bool changed)
    {
        changed = false;
        lock (_gate)
        {
            if (_drops != drops) return false;
            if (!TryHistory(key, out var start, out var deleted)) return true;
            changed = true;

            // A merge that runs may have brought some of it into the database already.
            if (deleted) rows.Clear();
            else while (rows.Count > 0 && rows[^1].First >= start) rows.RemoveAt(rows.Count - 1);
            if (rows.Count > 0 && rows[^1].End < start) return true;
            var bytes = 0L;
            foreach (var row in rows) bytes += row.Bytes.Length;
            AddSlices(key, from, maxBytes, rows, bytes);
            return true;
        }
    }

    /// <summary>Lists what happened to keys in a range, in order.</summary>
    /// <param name="keys">Which keys.</param>
    /// <param name="after">Key before the range.</param>
    /// <param name="through">Last key of the range (null: to the end); comes back nearer when there is more than enough.</param>
    /// <param name="enough">Changes that are enough.</param>
    /// <param name="changes">Receives the keys, and whether they are present; those after the range mean nothing.</param>
    /// <param name="drops"><see cref="Drops"/> before the database was read.</param>
    /// <returns>False: a memtable left meanwhile, the database is to be read again.</returns>
    public bool TryChanges(KeyRange keys, string after, ref string? through, int enough, SortedDictionary<string, bool> changes, long drops)
    {
        lock (_gate)
        {
            if (_drops != drops) return false;
            if (_immutable is not null) through = keys.Collect(_immutable, after, through, enough, changes);
            through = keys.Collect(_active, after, through, enough, changes);
            return true;
        }
    }

    /// <summary>Adds the kinds of states that are present in a memtable.</summary>
    /// <param name="kinds">Receives them.</param>
    /// <param name="drops"><see cref="Drops"/> before the database was read.</param>
    /// <returns>False: a memtable left meanwhile, the database is to be read again.</returns>
    public bool TryStateKinds(ISet<string> kinds, long drops)
    {
        lock (_gate)
        {
            if (_drops != drops) return false;
            foreach (var table in (ReadOnlySpan<Memtable?>)[_active, _immutable])
            {
                foreach (var (kind, states) in table?.States ?? new Dictionary<string, Dictionary<string, StateEntry>>())
                {
                    if (states.Values.Any(s => s.Tag != 0)) kinds.Add(kind);
                }
            }

            return true;
        }
    }

    private bool TryHistory(string key, out long start, out bool deleted)
    {
        var (newer, older) = (_active.TryHistory(key, out var last), false);
        HistoryEntry first = default;
        if (_immutable is not null) older = _immutable.TryHistory(key, out first);
        deleted = (newer && last.Deleted) || (older && first.Deleted);

        // An entry without slices begins where it ends, at 0.
        start = older && !(newer && last.Deleted) ? first.Start : last.Start;
        return newer || older;
    }

    private void AddSlices(string key, long from, int maxBytes, List<HistorySliceRow> rows, long bytes)
    {
        var newer = _active.TryHistory(key, out var last);
        if (_immutable is not null && !(newer && last.Deleted) && _immutable.TryHistory(key, out var first)
            && !_immutable.ReadSlices(first, from, maxBytes, rows, ref bytes)) return;
        if (newer) _active.ReadSlices(last, from, maxBytes, rows, ref bytes);
    }

    private long Sum(Func<Memtable, long> of)
    {
        lock (_gate) return of(_active) + (_immutable is null ? 0 : of(_immutable));
    }
}
