using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Cdp.Storage.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// The writer's side of the state: decides operations in order, writes the changes as one block to the journal, and
/// publishes them to the memtable when the block is on disk.
/// </summary>
internal sealed class StateWriteTarget : IWriteTarget
{
    private readonly StateTables _tables;
    private readonly StateView _view;
    private readonly StateJournal _journal;
    private readonly StateMerger _merger;
    private readonly StateSpace? _space;
    private readonly TagSource _tags;
    private readonly LengthHints _hints;
    private readonly List<StateChange> _changes = [];
    private readonly List<ReadOnlyMemory<byte>> _ranges = [];

    // What only this writer changes. Nothing is forgotten during a transaction: its own changes are nowhere else yet.
    private readonly Remembered<StateKey, long> _knownTags;
    private readonly Remembered<string, long> _knownLengths;

    public StateWriteTarget(StateTables tables, StateView view, StateJournal journal, StateMerger merger, TagSource tags, LengthHints hints, SqliteStoreOptions options)
    {
        (_tables, _view, _journal, _merger, _tags, _hints) = (tables, view, journal, merger, tags, hints);
        _hints.Forget();
        _space = options.MaxPages is { } pages ? new StateSpace(tables, merger, pages) : null;
        _knownTags = new(options.RememberedStates);
        _knownLengths = new(options.RememberedHistories);
    }

    public void Commit(IReadOnlyList<WriteOperation> operations)
    {
        _merger.MakeRoom();
        lock (_merger.Commits)
        {
            var arena = _tables.Active.Arena;
            var mark = arena.End;
            try
            {
                _ = arena.Reserve(JournalFormat.BlockHeaderSize);
                var header = arena.Advance(JournalFormat.BlockHeaderSize);
                foreach (var operation in operations) Execute(operation);
                if (_changes.Count == 0) arena.Rewind(mark);
                else Write(arena, mark, header);
            }
            catch
            {
                arena.Rewind(mark);
                throw;
            }
        }

        _changes.Clear();
        _space?.Committed();
        _knownTags.Trim();
        if (_knownLengths.Trim()) _hints.NextGeneration();
    }

    public void Erase(IReadOnlyList<WriteOperation> operations) => _merger.Erase(operations);

    public void Tidy()
    {
        // The merger tidies up.
    }

    public void Close()
    {
        // What is in the journal stays there: a start reads it faster than a merge writes it.
    }

    public void Dispose()
    {
        // The journal and the tables live longer.
    }

    private void Apply(WriteOperation operation)
    {
        switch (operation)
        {
            case IHistoryAppend append: append.Owned = Append(append.Key, append.Expected, append.Count, append.Slice.Span); break;
            case PutStateOperation put: put.Result = Put(put.Kind, put.Key, put.Value.Span, put.ExpectedTag)?.ToString(CultureInfo.InvariantCulture); break;
            case ClearStateOperation clear: clear.Result = Clear(clear.Kind, clear.Key, clear.ExpectedTag); break;
            case DeleteHistoryOperation delete: delete.Result = DeleteHistory(delete.Key); break;
            case IndexOperation index: Index(index.Tenant, index.Customer, index.Adds); break;
            case RewriteHistoryOperation: break; // The merger's: see Erase.
            case DropOperation drop: drop.Result = Drop(drop.Keys, drop.After, drop.Limit); break;
        }
    }

    /// <summary>Writes a state if its tag is the expected one.</summary>
    /// <returns>The new tag, or null.</returns>
    private long? Put(string kind, string key, ReadOnlySpan<byte> value, string? expectedTag)
    {
        if (!TryParse(expectedTag, out var expected) || TagOf(kind, key) != expected) return null;
        _space?.Take(value.Length);
        var tag = _tags.Next();
        Change(ChangeKind.PutState, kind, key, tag, 0, value);
        _knownTags.Set(new StateKey(kind, key), tag);
        return tag;
    }

    private bool Clear(string kind, string key, string? expectedTag)
    {
        if (!TryParse(expectedTag, out var expected) || TagOf(kind, key) != expected) return false;
        if (expected != 0) Clear(kind, key);
        return true;
    }

    /// <summary>Appends a slice if the history has the expected length.</summary>
    private bool Append(string key, long expected, int count, ReadOnlySpan<byte> slice)
    {
        if (LengthOf(key) != expected) return false;
        _space?.Take(slice.Length);
        Change(ChangeKind.AppendHistory, key, "", expected, count, slice);
        _knownLengths.Set(key, expected + count);
        return true;
    }

    private bool DeleteHistory(string key)
    {
        if (LengthOf(key) == 0) return false;
        Change(ChangeKind.DeleteHistory, key, "", 0, 0, default);
        _knownLengths.Set(key, 0);
        return true;
    }

    private void Index(string tenant, string customer, bool add) =>
        Change(add ? ChangeKind.AddCustomer : ChangeKind.RemoveCustomer, tenant, customer, 0, 0, default);

    /// <summary>Removes the next keys of a range.</summary>
    private IReadOnlyList<string> Drop(KeyRange keys, string? after, int limit)
    {
        // A page begins behind a key: the one that is the prefix itself comes extra.
        IReadOnlyList<string> dropped = _view.Page(keys, after ?? keys.Prefix, limit);
        if (after is null && Has(keys, keys.Prefix)) dropped = [keys.Prefix, .. dropped];
        foreach (var key in dropped)
        {
            if (keys is StateKeys states) Clear(states.Kind, key);
            else DeleteHistory(key);
        }

        return dropped;
    }

    private bool Has(KeyRange keys, string key) => keys switch
    {
        StateKeys states => TagOf(states.Kind, key) != 0,
        HistoryKeys => LengthOf(key) != 0,
        _ => false,
    };

    private void Execute(WriteOperation operation)
    {
        var arena = _tables.Active.Arena;
        var (mark, changes) = (arena.End, _changes.Count);
        try
        {
            Apply(operation);
        }
        catch (EncoderFallbackException e)
        {
            // A key that has no bytes: the operation fails alone, and nothing of it stays.
            operation.Error = e;
            arena.Rewind(mark);
            _changes.RemoveRange(changes, _changes.Count - changes);
        }
    }

    private void Write(Arena arena, (int Chunk, int Offset) mark, Slice header)
    {
        arena.CopyRanges(mark, _ranges);
        var bytes = JournalFormat.WriteBlockHeader(arena.Writable(header), _journal.NextSequence, _journal.Salt, _ranges);
        var sequence = _journal.Append(_ranges, bytes);
        _tables.Publish(sequence, bytes, CollectionsMarshal.AsSpan(_changes));
    }

    private void Clear(string kind, string key)
    {
        Change(ChangeKind.ClearState, kind, key, 0, 0, default);
        _knownTags.Set(new StateKey(kind, key), 0);
    }

    private void Change(ChangeKind kind, string within, string key, long number, int count, ReadOnlySpan<byte> value) =>
        _changes.Add(ChangeFormat.Write(_tables.Active.Arena, kind, within, key, number, count, value));

    private long TagOf(string kind, string key)
    {
        var place = new StateKey(kind, key);
        if (_knownTags.TryGet(place, out var tag)) return tag;
        tag = _view.Tag(kind, key);
        _knownTags.Set(place, tag);
        return tag;
    }

    private long LengthOf(string key)
    {
        if (_knownLengths.TryGet(key, out var length)) return length;
        if (!_hints.TryTake(key, out length)) length = _view.Length(key);
        _knownLengths.Set(key, length);
        return length;
    }

    /// <summary>A tag that is no number was never given out by this store: it matches nothing. No tag is 0: absent.</summary>
    private static bool TryParse(string? tag, out long value)
    {
        value = 0;
        return tag is null || (long.TryParse(tag, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0);
    }
}
