using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>A read connection of state.db.</summary>
internal sealed class StateReader : IDisposable
{
    private readonly Database _database;
    private readonly Statement _state;
    private readonly Statement _tag;
    private readonly Statement _keys;
    private readonly Statement _historyKeys;
    private readonly Statement _slices;
    private readonly Statement _length;
    private readonly Statement _customers;

    public StateReader(Database database)
    {
        _database = database;
        _state = database.Prepare("SELECT v.tag, v.value FROM state_keys k JOIN state_values v ON v.id = k.id WHERE k.kind = ?1 AND k.key = ?2");
        _tag = database.Prepare("SELECT v.tag FROM state_keys k JOIN state_values v ON v.id = k.id WHERE k.kind = ?1 AND k.key = ?2");
        _historyKeys = database.Prepare("SELECT key FROM histories WHERE key >= ?1 AND key > ?2 ORDER BY key LIMIT ?3");
        _keys = database.Prepare("SELECT key FROM state_keys WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3");
        _slices = database.Prepare("""
            WITH h(id) AS (SELECT id FROM histories WHERE key = ?1)
            SELECT s.first, s.count, s.slice FROM h CROSS JOIN history s ON s.id = h.id
            WHERE s.first >= coalesce((SELECT max(first) FROM history WHERE id = h.id AND first <= ?2), 0)
            ORDER BY s.first
            """);
        _length = database.Prepare("""
            SELECT s.first + abs(s.count) FROM histories h JOIN history s ON s.id = h.id WHERE h.key = ?1 ORDER BY s.first DESC LIMIT 1
            """);
        _customers = database.Prepare("SELECT customer FROM customers WHERE tenant = ?1 AND customer > ?2 ORDER BY customer LIMIT ?3");
    }

    public StateRow State(string kind, string key)
    {
        if (!_state.Bind(1, kind).Bind(2, key).Step()) return default;
        try
        {
            return new StateRow(_state.Bytes(1).ToArray(), _state.Integer(0).ToString(CultureInfo.InvariantCulture));
        }
        finally
        {
            _state.Reset();
        }
    }

    /// <summary>The tag of a state; 0 when it is absent.</summary>
    public long Tag(string kind, string key)
    {
        if (!_tag.Bind(1, kind).Bind(2, key).Step()) return 0;
        var tag = _tag.Integer(0);
        _tag.Reset();
        return tag;
    }

    public List<string> Keys(string kind, string after, int size) => Page(_keys, kind, after, size);

    /// <summary>Keys of histories that begin with a prefix.</summary>
    public List<string> HistoryKeys(string prefix, string after, int size)
    {
        var keys = Page(_historyKeys, prefix, after, size);
        var end = keys.FindIndex(k => !k.StartsWith(prefix, StringComparison.Ordinal));
        if (end >= 0) keys.RemoveRange(end, keys.Count - end);
        return keys;
    }

    public List<string> Customers(string tenant, string after, int size) => Page(_customers, tenant, after, size);

    public List<HistorySliceRow> Slices(string key, long from, int maxBytes)
    {
        var slices = new List<HistorySliceRow>();
        var bytes = 0L;
        _slices.Bind(1, key).Bind(2, from);
        try
        {
            while (_slices.Step() && HistoryRow.Read(_slices.Integer(0), _slices.Integer(1), _slices.Bytes(2), from, maxBytes, slices, ref bytes))
            {
                // The next row.
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

    private static List<string> Page(Statement statement, string within, string after, int size)
    {
        var keys = new List<string>();
        statement.Bind(1, within).Bind(2, after).Bind(3, size);
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
