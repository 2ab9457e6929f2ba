using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>A read connection of state.db.</summary>
internal sealed class StateReader : IDisposable
{
    private readonly Database _database;
    private readonly Statement _place;
    private readonly Statement _value;
    private readonly Statement _keys;
    private readonly Statement _kinds;
    private readonly Statement _historyKeys;
    private readonly Statement _slices;
    private readonly Statement _large;
    private readonly Statement _length;
    private readonly Statement _customers;

    public StateReader(Database database)
    {
        _database = database;
        _place = database.Prepare("SELECT id, tag, value FROM state_keys WHERE kind = ?1 AND key = ?2");
        _value = database.Prepare("SELECT tag, value FROM state_values WHERE id = ?1");
        _historyKeys = database.Prepare("SELECT key FROM histories WHERE key > ?1 ORDER BY key LIMIT ?2");
        _keys = database.Prepare("SELECT key FROM state_keys WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3");

        // One step in the index a kind, instead of a walk over all keys.
        _kinds = database.Prepare("""
            WITH RECURSIVE k(kind) AS (
              SELECT min(kind) FROM state_keys
              UNION ALL SELECT (SELECT min(kind) FROM state_keys WHERE kind > k.kind) FROM k WHERE k.kind IS NOT NULL)
            SELECT kind FROM k WHERE kind IS NOT NULL
            """);
        _slices = database.Prepare("""
            WITH h(id) AS (SELECT id FROM histories WHERE key = ?1)
            SELECT s.first, s.count, s.slice, s.id FROM h CROSS JOIN history s ON s.id = h.id
            WHERE s.first >= coalesce((SELECT max(first) FROM history WHERE id = h.id AND first <= ?2), 0)
            ORDER BY s.first
            """);
        _large = database.Prepare("SELECT slice FROM large_slices WHERE place = ?1");
        _length = database.Prepare("""
            SELECT s.first + abs(s.count) FROM histories h JOIN history s ON s.id = h.id WHERE h.key = ?1 ORDER BY s.first DESC LIMIT 1
            """);
        _customers = database.Prepare("SELECT customer FROM customers WHERE tenant = ?1 AND customer > ?2 ORDER BY customer LIMIT ?3");
    }

    public StateRow State(string kind, string key)
    {
        if (!_place.Bind(1, kind).Bind(2, key).Step()) return default;
        try
        {
            var id = _place.Integer(0);
            if (id == StateRows.Inline) return Row(_place, 1);

            // The first statement still holds its snapshot, so that both read the same.
            if (!_value.Bind(1, id).Step()) throw new StorageException("state.db: a value is missing; restore the file from a backup.");
            return Row(_value, 0);
        }
        finally
        {
            _value.Reset();
            _place.Reset();
        }
    }

    /// <summary>Reads states of a kind, all at one moment.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="rows">Receives the states at the places of their keys.</param>
    /// <param name="places">Which of the keys.</param>
    /// <returns>How many there were.</returns>
    public int States(string kind, IReadOnlyList<string> keys, StateRow[] rows, List<int> places)
    {
        var found = 0;
        _database.Execute("BEGIN");
        try
        {
            foreach (var place in places)
            {
                rows[place] = State(kind, keys[place]);
                if (rows[place].Exists) found++;
            }
        }
        finally
        {
            _database.Execute("COMMIT");
        }

        return found;
    }

    /// <summary>The tag of a state; 0 when it is absent.</summary>
    public long Tag(string kind, string key)
    {
        if (!_place.Bind(1, kind).Bind(2, key).Step()) return 0;
        try
        {
            var id = _place.Integer(0);
            if (id == StateRows.Inline) return _place.Integer(1);
            return _value.Bind(1, id).Step() ? _value.Integer(0) : 0;
        }
        finally
        {
            _value.Reset();
            _place.Reset();
        }
    }

    /// <summary>Kinds of states.</summary>
    public List<string> StateKinds()
    {
        var kinds = new List<string>();
        try
        {
            while (_kinds.Step()) kinds.Add(_kinds.Text(0));
        }
        finally
        {
            _kinds.Reset();
        }

        return kinds;
    }

    public List<string> Keys(string kind, string after, int size) => Page(_keys, kind, after, size);

    /// <summary>Keys of histories.</summary>
    public List<string> HistoryKeys(string after, int size) => Page(_historyKeys.Bind(1, after).Bind(2, size));

    public List<string> Customers(string tenant, string after, int size) => Page(_customers, tenant, after, size);

    /// <summary>Slices of a history from an entry on.</summary>
    /// <param name="key">The history.</param>
    /// <param name="from">The entry.</param>
    /// <param name="maxBytes">When to stop.</param>
    /// <param name="length">Entries of the history; null when it stopped before the end.</param>
    public List<HistorySliceRow> Slices(string key, long from, int maxBytes, out long? length)
    {
        var slices = new List<HistorySliceRow>();
        var bytes = 0L;
        length = 0;
        _slices.Bind(1, key).Bind(2, from);
        try
        {
            while (_slices.Step())
            {
                var (first, count) = (_slices.Integer(0), _slices.Integer(1));
                length = first + Math.Abs(count);
                var isLarge = first + count > from && _slices.Bytes(2).IsEmpty && _large.Bind(1, HistoryRow.LargePlace(_slices.Integer(3), first)).Step();
                var more = HistoryRow.Read(first, count, isLarge ? _large.Bytes(0) : _slices.Bytes(2), from, maxBytes, slices, ref bytes);
                if (isLarge) _large.Reset();
                if (more) continue;
                length = null;
                break;
            }
        }
        finally
        {
            _slices.Reset();
        }

        return slices;
    }

    public long Length(string key)
    {
        if (!_length.Bind(1, key).Step()) return 0;
        var length = _length.Integer(0);
        _length.Reset();
        return length;
    }

    public void Dispose() => _database.Dispose();

    private static StateRow Row(Statement statement, int column) =>
        new(statement.Bytes(column + 1).ToArray(), statement.Integer(column).ToString(CultureInfo.InvariantCulture));

    private static List<string> Page(Statement statement, string within, string after, int size) =>
        Page(statement.Bind(1, within).Bind(2, after).Bind(3, size));

    private static List<string> Page(Statement statement)
    {
        var keys = new List<string>();
        try
        {
            while (statement.Step()) keys.Add(statement.Text(0));
        }
        finally
        {
            statement.Reset();
        }

        return keys;
    }
}
