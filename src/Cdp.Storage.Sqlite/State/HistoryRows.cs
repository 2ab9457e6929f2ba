using System.Runtime.InteropServices;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Writes the histories of a memtable: the new slices of one as few rows, see <see cref="HistoryRow"/>.</summary>
internal sealed class HistoryRows
{
    private readonly MergeTransaction _transaction;
    private readonly Remembered<string, long> _ids;
    private readonly Statement _idOf;
    private readonly Statement _insert;
    private readonly Statement _put;
    private readonly Statement _putLarge;
    private readonly Statement _deleteRows;
    private readonly Statement _deleteLarge;
    private readonly Statement _delete;
    private readonly byte[] _row = new byte[HistoryRow.RowBytes];

    public HistoryRows(Database database, MergeTransaction transaction, int remembered)
    {
        _transaction = transaction;
        _ids = new(remembered);
        _idOf = database.Prepare("SELECT id FROM histories WHERE key = ?1");
        _insert = database.Prepare("INSERT INTO histories (key) VALUES (?1) RETURNING id");
        _put = database.Prepare("REPLACE INTO history (id, first, count, slice) VALUES (?1, ?2, ?3, ?4)");
        _putLarge = database.Prepare("REPLACE INTO large_slices (place, slice) VALUES (?1, ?2)");
        _deleteLarge = database.Prepare("DELETE FROM large_slices WHERE place BETWEEN ?1 AND ?2");
        _deleteRows = database.Prepare("DELETE FROM history WHERE id = ?1");
        _delete = database.Prepare("DELETE FROM histories WHERE id = ?1");
    }

    public void Merge(Memtable table)
    {
        var histories = Resolve(table);
        histories.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        foreach (ref readonly var history in CollectionsMarshal.AsSpan(histories))
        {
            // One history is one transaction's: readers see it before or after.
            _transaction.Add((int)Math.Min(history.Entry.Bytes, int.MaxValue));
            if (history.Entry.Deleted) DeleteRows(history.Id);
            if (history.Entry.Head >= 0) Put(table, history.Id, history.Entry);
            else if (history.Entry.Deleted)
            {
                _delete.Bind(1, history.Id).Run();
                _ids.Forget(history.Key);
            }
        }

        _ids.Trim();
        _row.AsSpan().Clear();
    }

    /// <summary>Finds the numbers of histories, in the order of keys; a history that is new gets one.</summary>
    private List<(long Id, string Key, HistoryEntry Entry)> Resolve(Memtable table)
    {
        var histories = new List<(long Id, string Key, HistoryEntry Entry)>(table.Histories.Count);
        var unknown = new List<(string Key, HistoryEntry Entry)>();
        foreach (var (key, entry) in table.Histories)
        {
            if (_ids.TryGet(key, out var id)) histories.Add((id, key, entry));
            else unknown.Add((key, entry));
        }

        unknown.Sort(static (a, b) => Utf8Order.Instance.Compare(a.Key, b.Key));
        foreach (var (key, entry) in unknown)
        {
            _transaction.Add(key.Length);
            var id = Id(_idOf.Bind(1, key));
            if (id is null && entry.Head >= 0) id = Id(_insert.Bind(1, key));
            if (id is null) continue;
            _ids.Set(key, id.Value);
            histories.Add((id.Value, key, entry));
        }

        return histories;
    }

    /// <summary>
    /// Writes the slices of a history. The rows fill up from the first slice on, so that doing it again with more slices
    /// behind, after a crash, writes over the same rows.
    /// </summary>
    private void Put(Memtable table, long id, in HistoryEntry history)
    {
        var (first, next, size) = (history.Start, history.Start, 0);
        for (var number = history.Head; number >= 0;)
        {
            var node = table.Slices[number];
            var slice = table.Arena[node.Value];
            if (size > 0 && size + slice.Length + HistoryRow.MaxFrame > HistoryRow.RowBytes)
            {
                PutRow(id, first, -(next - first), _row.AsSpan(0, size));
                (first, size) = (next, 0);
            }

            next += node.Count;
            if (size == 0 && (node.Next < 0 || slice.Length + HistoryRow.MaxFrame > HistoryRow.RowBytes))
            {
                PutRow(id, first, node.Count, slice);
                first = next;
            }
            else
            {
                size += HistoryRow.Write(_row.AsSpan(size), node.Count, slice);
            }

            number = node.Next;
        }

        if (size > 0) PutRow(id, first, -(next - first), _row.AsSpan(0, size));
    }

    private void PutRow(long id, long first, long count, ReadOnlySpan<byte> row)
    {
        if (row.Length > HistoryRow.RowBytes)
        {
            _putLarge.Bind(1, HistoryRow.LargePlace(id, first)).Bind(2, row).Run();
            row = default;
        }

        _put.Bind(1, id).Bind(2, first).Bind(3, count).Bind(4, row).Run();
    }

    private void DeleteRows(long id)
    {
        _deleteRows.Bind(1, id).Run();
        _deleteLarge.Bind(1, HistoryRow.LargePlace(id, 0)).Bind(2, HistoryRow.LargePlace(id, HistoryRow.MaxEntries - 1)).Run();
    }

    private static long? Id(Statement statement)
    {
        if (!statement.Step()) return null;
        var id = statement.Integer(0);
        statement.Reset();
        return id;
    }
}
