using System.Runtime.InteropServices;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Writes the states of a memtable. A small value stands in the row of its key; a larger one by itself, under a number that
/// the row of its key has, and those are written in the order of the numbers.
/// </summary>
internal sealed class StateRows
{
    /// <summary>Bytes of a value that stands with its key, at most. Larger ones would thin out the pages that are searched.</summary>
    private const int SmallBytes = 64;

    /// <summary>The number of a state whose value stands with its key.</summary>
    public const long Inline = 0;

    private readonly MergeTransaction _transaction;
    private readonly Remembered<StateKey, long> _ids;
    private readonly Statement _idOf;
    private readonly Statement _insertValue;
    private readonly Statement _setKey;
    private readonly Statement _setValue;
    private readonly Statement _deleteValue;
    private readonly Statement _deleteKey;

    public StateRows(Database database, MergeTransaction transaction, int remembered)
    {
        _transaction = transaction;
        _ids = new(remembered);
        _idOf = database.Prepare("SELECT id FROM state_keys WHERE kind = ?1 AND key = ?2");
        _insertValue = database.Prepare("INSERT INTO state_values (tag, value) VALUES (?1, ?2) RETURNING id");
        _setKey = database.Prepare("REPLACE INTO state_keys (kind, key, id, tag, value) VALUES (?1, ?2, ?3, ?4, ?5)");
        _setValue = database.Prepare("REPLACE INTO state_values (id, tag, value) VALUES (?1, ?2, ?3)");
        _deleteValue = database.Prepare("DELETE FROM state_values WHERE id = ?1");
        _deleteKey = database.Prepare("DELETE FROM state_keys WHERE kind = ?1 AND key = ?2");
    }

    public void Merge(Memtable table)
    {
        var apart = new List<(long Id, StateEntry Entry)>();
        foreach (var (kind, states) in table.States) MergeKeys(table, kind, states, apart);
        apart.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        foreach (ref readonly var state in CollectionsMarshal.AsSpan(apart))
        {
            _transaction.Add(state.Entry.Value.Length);
            _setValue.Bind(1, state.Id).Bind(2, state.Entry.Tag).Bind(3, table.Arena[state.Entry.Value]).Run();
        }

        _ids.Trim();
    }

    private static bool IsSmall(in StateEntry entry) => entry.Value.Length <= SmallBytes;

    /// <summary>
    /// Brings the rows of the keys up to date, in the order of the keys where they are searched, with the values that stand
    /// there or are new; the others are left for later.
    /// </summary>
    private void MergeKeys(Memtable table, string kind, Dictionary<string, StateEntry> states, List<(long Id, StateEntry Entry)> apart)
    {
        var here = new List<(string Key, StateEntry Entry)>();
        foreach (var (key, entry) in states)
        {
            // The row of its key stays as it is.
            if (entry.Tag != 0 && !IsSmall(entry) && _ids.TryGet(new StateKey(kind, key), out var id) && id != Inline) apart.Add((id, entry));
            else here.Add((key, entry));
        }

        here.Sort(static (a, b) => Utf8Order.Instance.Compare(a.Key, b.Key));
        foreach (ref readonly var state in CollectionsMarshal.AsSpan(here)) MergeKey(table, new StateKey(kind, state.Key), state.Entry, apart);
    }

    private void MergeKey(Memtable table, StateKey key, in StateEntry entry, List<(long Id, StateEntry Entry)> apart)
    {
        // One key is one transaction's: readers see it before or after.
        _transaction.Add(entry.Value.Length);
        var id = IdOf(key);
        if (entry.Tag == 0)
        {
            if (id is null) return;
            _deleteKey.Bind(1, key.Kind).Bind(2, key.Key).Run();
            if (id != Inline) _deleteValue.Bind(1, id.Value).Run();
            _ids.Forget(key);
            return;
        }

        if (IsSmall(entry))
        {
            SetKey(key, Inline, entry.Tag, table.Arena[entry.Value]);
            if (id is > Inline) _deleteValue.Bind(1, id.Value).Run();
        }
        else if (id is > Inline)
        {
            _ids.Set(key, id.Value);
            apart.Add((id.Value, entry));
        }
        else
        {
            _insertValue.Bind(1, entry.Tag).Bind(2, table.Arena[entry.Value]).Step();
            id = _insertValue.Integer(0);
            _insertValue.Reset();
            SetKey(key, id.Value, 0, default);
        }
    }

    private void SetKey(StateKey key, long id, long tag, ReadOnlySpan<byte> value)
    {
        _setKey.Bind(1, key.Kind).Bind(2, key.Key).Bind(3, id).Bind(4, tag).Bind(5, value).Run();
        _ids.Set(key, id);
    }

    private long? IdOf(StateKey key)
    {
        if (_ids.TryGet(key, out var known)) return known;
        if (!_idOf.Bind(1, key.Kind).Bind(2, key.Key).Step()) return null;
        var id = _idOf.Integer(0);
        _idOf.Reset();
        return id;
    }
}
