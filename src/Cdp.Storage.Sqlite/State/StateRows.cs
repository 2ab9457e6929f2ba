using System.Runtime.InteropServices;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Writes the states of a memtable. A key has a number, by which the values are clustered.</summary>
internal sealed class StateRows
{
    private readonly MergeTransaction _transaction;
    private readonly Remembered<StateKey, long> _ids;
    private readonly Statement _idOf;
    private readonly Statement _insertValue;
    private readonly Statement _insertKey;
    private readonly Statement _setValue;
    private readonly Statement _deleteValue;
    private readonly Statement _deleteKey;

    public StateRows(Database database, MergeTransaction transaction, int remembered)
    {
        _transaction = transaction;
        _ids = new(remembered);
        _idOf = database.Prepare("SELECT id FROM state_keys WHERE kind = ?1 AND key = ?2");
        _insertValue = database.Prepare("INSERT INTO state_values (tag, value) VALUES (?1, ?2) RETURNING id");
        _insertKey = database.Prepare("INSERT INTO state_keys (kind, key, id) VALUES (?1, ?2, ?3)");
        _setValue = database.Prepare("REPLACE INTO state_values (id, tag, value) VALUES (?1, ?2, ?3)");
        _deleteValue = database.Prepare("DELETE FROM state_values WHERE id = ?1");
        _deleteKey = database.Prepare("DELETE FROM state_keys WHERE kind = ?1 AND key = ?2");
    }

    public void Merge(Memtable table)
    {
        var known = new List<(long Id, StateKey Key, StateEntry Entry)>();
        foreach (var (kind, states) in table.States) Resolve(table, kind, states, known);
        known.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        foreach (ref readonly var state in CollectionsMarshal.AsSpan(known))
        {
            _transaction.Add(state.Entry.Value.Length);
            if (state.Entry.Tag != 0)
            {
                _setValue.Bind(1, state.Id).Bind(2, state.Entry.Tag).Bind(3, table.Arena[state.Entry.Value]).Run();
                continue;
            }

            _deleteKey.Bind(1, state.Key.Kind).Bind(2, state.Key.Key).Run();
            _deleteValue.Bind(1, state.Id).Run();
            _ids.Forget(state.Key);
        }

        _ids.Trim();
    }

    /// <summary>Finds the numbers of keys, in the order of keys; a key that is new gets one and is written.</summary>
    private void Resolve(Memtable table, string kind, Dictionary<string, StateEntry> states, List<(long Id, StateKey Key, StateEntry Entry)> known)
    {
        var unknown = new List<(StateKey Key, StateEntry Entry)>();
        foreach (var (key, entry) in states)
        {
            var state = new StateKey(kind, key);
            if (_ids.TryGet(state, out var id)) known.Add((id, state, entry));
            else unknown.Add((state, entry));
        }

        unknown.Sort(static (a, b) => Utf8Order.Instance.Compare(a.Key.Key, b.Key.Key));
        foreach (var (state, entry) in unknown)
        {
            _transaction.Add(entry.Value.Length);
            if (_idOf.Bind(1, kind).Bind(2, state.Key).Step())
            {
                var id = _idOf.Integer(0);
                _idOf.Reset();
                known.Add((id, state, entry));
                _ids.Set(state, id);
            }
            else if (entry.Tag != 0)
            {
                _insertValue.Bind(1, entry.Tag).Bind(2, table.Arena[entry.Value]).Step();
                var id = _insertValue.Integer(0);
                _insertValue.Reset();
                _insertKey.Bind(1, kind).Bind(2, state.Key).Bind(3, id).Run();
                _ids.Set(state, id);
            }
        }
    }
}
