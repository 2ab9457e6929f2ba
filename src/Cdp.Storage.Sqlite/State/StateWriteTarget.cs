using System.Globalization;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>The writer's side of state.db.</summary>
internal sealed class StateWriteTarget : IWriteTarget
{
    private readonly TagSource _tags;
    private readonly HistoryHeads _heads;
    private readonly Statement _tagOf;
    private readonly Statement _insertState;
    private readonly Statement _updateState;
    private readonly Statement _deleteState;
    private readonly Statement _dropStates;
    private readonly Statement _headOf;
    private readonly Statement _insertHistory;
    private readonly Statement _insertSlice;
    private readonly Statement _deleteSlices;
    private readonly Statement _deleteHistory;
    private readonly Statement _historiesFrom;
    private readonly Statement _addCustomer;
    private readonly Statement _removeCustomer;

    public StateWriteTarget(Database database, TagSource tags, int rememberedHistories)
    {
        Database = database;
        _tags = tags;
        _heads = new HistoryHeads(rememberedHistories);
        _tagOf = database.Prepare("SELECT tag FROM state WHERE kind = ?1 AND key = ?2");
        _insertState = database.Prepare("INSERT INTO state (kind, key, tag, value) VALUES (?1, ?2, ?3, ?4)");
        _updateState = database.Prepare("UPDATE state SET tag = ?3, value = ?4 WHERE kind = ?1 AND key = ?2 AND tag = ?5");
        _deleteState = database.Prepare("DELETE FROM state WHERE kind = ?1 AND key = ?2");
        _dropStates = database.Prepare("DELETE FROM state WHERE kind = ?1 AND key IN (SELECT key FROM state WHERE kind = ?1 ORDER BY key LIMIT ?2)");
        _headOf = database.Prepare("""
            SELECT h.id, coalesce((SELECT s.first + s.count FROM history s WHERE s.id = h.id ORDER BY s.first DESC LIMIT 1), 0)
            FROM histories h WHERE h.key = ?1
            """);
        _insertHistory = database.Prepare("INSERT INTO histories (key) VALUES (?1) RETURNING id");
        _insertSlice = database.Prepare("INSERT INTO history (id, first, count, slice) VALUES (?1, ?2, ?3, ?4)");
        _deleteSlices = database.Prepare("DELETE FROM history WHERE id = ?1");
        _deleteHistory = database.Prepare("DELETE FROM histories WHERE id = ?1");
        _historiesFrom = database.Prepare("SELECT key FROM histories WHERE key >= ?1 ORDER BY key LIMIT ?2");
        _addCustomer = database.Prepare("INSERT INTO customers (tenant, customer) VALUES (?1, ?2) ON CONFLICT DO NOTHING");
        _removeCustomer = database.Prepare("DELETE FROM customers WHERE tenant = ?1 AND customer = ?2");
    }

    public Database Database { get; }

    public void Execute(IReadOnlyList<WriteOperation> operations)
    {
        foreach (var operation in operations) (operation as IStateOperation)?.Execute(this);
    }

    public void Committed()
    {
        // Reads go to the file, which has it all.
    }

    public void Dispose() => Database.Dispose();

    /// <summary>Writes a state if its tag is the expected one.</summary>
    /// <returns>The new tag, or null.</returns>
    public long? Put(string kind, string key, ReadOnlySpan<byte> value, string? expectedTag)
    {
        if (!TryParse(expectedTag, out var expected)) return null;
        if (expected is null && TagOf(kind, key) is not null) return null;
        var tag = _tags.Next();
        if (expected is null)
        {
            _insertState.Bind(1, kind).Bind(2, key).Bind(3, tag).Bind(4, value).Run();
            return tag;
        }

        _updateState.Bind(1, kind).Bind(2, key).Bind(3, tag).Bind(4, value).Bind(5, expected.Value).Run();
        return Database.Changes == 1 ? tag : null;
    }

    public bool Clear(string kind, string key, string? expectedTag)
    {
        if (!TryParse(expectedTag, out var expected) || TagOf(kind, key) != expected) return false;
        if (expected is null) return true;
        _deleteState.Bind(1, kind).Bind(2, key).Run();
        return true;
    }

    public int DropStates(string kind, int limit)
    {
        _dropStates.Bind(1, kind).Bind(2, limit).Run();
        return Database.Changes;
    }

    /// <summary>Appends a slice if the history has the expected length.</summary>
    public bool Append(string key, long expected, int count, ReadOnlySpan<byte> slice)
    {
        var head = HeadOf(key);
        if ((head?.Length ?? 0) != expected) return false;
        var id = head?.Id ?? Create(key);
        _insertSlice.Bind(1, id).Bind(2, expected).Bind(3, count).Bind(4, slice).Run();
        _heads.Set(key, new HistoryHead(id, expected + count));
        return true;
    }

    public bool DeleteHistory(string key)
    {
        if (HeadOf(key) is not { } head) return false;
        _heads.Forget(key);
        _deleteSlices.Bind(1, head.Id).Run();
        _deleteHistory.Bind(1, head.Id).Run();
        return true;
    }

    public int DropHistories(string prefix, int limit)
    {
        var keys = new List<string>();
        _historiesFrom.Bind(1, prefix).Bind(2, limit);
        while (_historiesFrom.Step()) keys.Add(_historiesFrom.Text(0));
        var dropped = 0;
        foreach (var key in keys.TakeWhile(k => k.StartsWith(prefix, StringComparison.Ordinal)))
        {
            DeleteHistory(key);
            dropped++;
        }

        return dropped;
    }

    public bool Index(string tenant, string customer, bool add)
    {
        (add ? _addCustomer : _removeCustomer).Bind(1, tenant).Bind(2, customer).Run();
        return Database.Changes == 1;
    }

    private long? TagOf(string kind, string key)
    {
        if (!_tagOf.Bind(1, kind).Bind(2, key).Step()) return null;
        var tag = _tagOf.Integer(0);
        _tagOf.Reset();
        return tag;
    }

    private HistoryHead? HeadOf(string key)
    {
        if (_heads.TryGet(key, out var head)) return head;
        if (!_headOf.Bind(1, key).Step()) return null;
        head = new HistoryHead(_headOf.Integer(0), _headOf.Integer(1));
        _headOf.Reset();
        _heads.Set(key, head);
        return head;
    }

    private long Create(string key)
    {
        _insertHistory.Bind(1, key).Step();
        var id = _insertHistory.Integer(0);
        _insertHistory.Reset();
        return id;
    }

    /// <summary>A tag that is no number was never given out by this store: it matches nothing.</summary>
    private static bool TryParse(string? tag, out long? value)
    {
        value = null;
        if (tag is null) return true;
        if (!long.TryParse(tag, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        value = number;
        return true;
    }
}
