using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>A read connection of state.db.</summary>
internal sealed class StateReader : IDisposable
{
    private readonly Database _database;
    private readonly Statement _state;
    private readonly Statement _keys;
    private readonly Statement _slices;
    private readonly Statement _length;
    private readonly Statement _customers;

    public StateReader(Database database)
    {
        _database = database;
        _state = database.Prepare("SELECT tag, value FROM state WHERE kind = ?1 AND key = ?2");
        _keys = database.Prepare("SELECT key FROM state WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3");
        _slices = database.Prepare("""
            WITH h(id) AS (SELECT id FROM histories WHERE key = ?1)
            SELECT s.first, s.count, s.slice FROM h CROSS JOIN history s ON s.id = h.id
            WHERE s.first >= coalesce((SELECT max(first) FROM history WHERE id = h.id AND first <= ?2), 0)
            ORDER BY s.first
            """);
        _length = database.Prepare("""
            SELECT s.first + s.count FROM histories h JOIN history s ON s.id = h.id WHERE h.key = ?1 ORDER BY s.first DESC LIMIT 1
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

    public IReadOnlyList<string> Keys(string kind, string after, int size) => Page(_keys, kind, after, size);

    public IReadOnlyList<string> Customers(string tenant, string after, int size) => Page(_customers, tenant, after, size);

    public IReadOnlyList<HistorySliceRow> Slices(string key, long from, int maxBytes)
    {
        var slices = new List<HistorySliceRow>();
        var bytes = 0L;
        _slices.Bind(1, key).Bind(2, from);
        try
        {
            while (_slices.Step())
            {
                var (first, count) = (_slices.Integer(0), (int)_slices.Integer(1));
                var slice = _slices.Bytes(2);
                if (first + count <= from) continue;
                if (slices.Count > 0 && bytes + slice.Length > maxBytes) break;
                slices.Add(new HistorySliceRow(first, count, slice.ToArray()));
                bytes += slice.Length;
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
