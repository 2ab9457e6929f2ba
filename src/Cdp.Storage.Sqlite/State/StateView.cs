using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>What the memtables and the database together say. Safe for concurrent use, beside writes and merges.</summary>
internal sealed class StateView(StateTables tables, ReaderPool<StateReader> readers, LengthHints hints)
{
    private volatile bool _closed;

    /// <summary>Makes calls that come later fail.</summary>
    public void Close() => _closed = true;

    public StateRow State(string kind, string key)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return tables.TryState(kind, key, out var row) ? row : readers.Read((kind, key), static (r, a) => r.State(a.kind, a.key));
    }

    /// <summary>States of a kind, in the order of the keys.</summary>
    public StateRow[] States(string kind, IReadOnlyList<string> keys)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var rows = new StateRow[keys.Count];
        var missing = new List<int>();
        tables.States(kind, keys, rows, missing);
        if (missing.Count > 0)
        {
            // Neighbours share pages.
            missing.Sort((a, b) => Utf8Order.Instance.Compare(keys[a], keys[b]));
            readers.Read((kind, keys, rows, missing), static (r, a) => r.States(a.kind, a.keys, a.rows, a.missing));
        }

        return rows;
    }

    /// <summary>The tag of a state; 0 when it is absent.</summary>
    public long Tag(string kind, string key) =>
        tables.TryTag(kind, key, out var tag) ? tag : readers.Read((kind, key), static (r, a) => r.Tag(a.kind, a.key));

    public long Length(string key)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return tables.TryLength(key, out var length) ? length : readers.Read(key, static (r, k) => r.Length(k));
    }

    public IReadOnlyList<HistorySliceRow> Slices(string key, long from, int maxBytes)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (tables.TrySlices(key, from, maxBytes, out var recent)) return recent;
        while (true)
        {
            var (drops, generation) = (tables.Drops, hints.Generation);
            var (rows, length) = readers.Read((key, from, maxBytes), static (r, a) => (r.Slices(a.key, a.from, a.maxBytes, out var length), length));
            if (!tables.TryComplete(key, from, maxBytes, rows, drops, out var changed)) continue;
            if (length is not null && !changed) hints.Offer(key, length.Value, generation);
            return rows;
        }
    }

    /// <summary>Kinds of states, in order.</summary>
    public IReadOnlyList<string> StateKinds()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        while (true)
        {
            // A kind that is merged away from the memtables while the database is read is in neither.
            var drops = tables.Drops;
            var kinds = new SortedSet<string>(readers.Read(0, static (r, _) => r.StateKinds()), Utf8Order.Instance);
            if (tables.TryStateKinds(kinds, drops)) return [.. kinds];
        }
    }

    /// <summary>Keys in order after one, at most a number.</summary>
    public IReadOnlyList<string> Page(KeyRange keys, string after, int size)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var page = new List<string>();
        var changes = new SortedDictionary<string, bool>(Utf8Order.Instance);
        while (page.Count < size)
        {
            var drops = tables.Drops;
            var stored = readers.Read((keys, after, size), static (r, a) => a.keys.Read(r, a.after, a.size));
            var through = stored.Count == size ? stored[^1] : null;
            changes.Clear();
            if (!tables.TryChanges(keys, after, ref through, size, changes, drops)) continue;
            foreach (var key in stored) changes.TryAdd(key, true);
            foreach (var (key, present) in changes)
            {
                if (through is not null && Utf8Order.Instance.Compare(key, through) > 0) break;
                if (present && page.Count < size) page.Add(key);
            }

            if (through is null) break;
            after = through;
        }

        return page;
    }
}
