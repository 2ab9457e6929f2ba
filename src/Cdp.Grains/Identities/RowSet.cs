using Cdp.Grains.Ports;
using Google.Protobuf;

namespace Cdp.Grains.Identities;

/// <summary>
/// Rows of one kind, derived from the identity record: loaded on demand, kept while they are used, written behind.
/// Memory is bounded: rows that the store has, too, leave when they were not used for longest.
/// </summary>
/// <remarks>Belongs to one activation; every member runs in its turns.</remarks>
internal sealed class RowSet<T>(
    IStateStore store, UseClock clock, string kind, string prefix, int capacity, MessageParser<T> parser, Func<T, long> versionOf)
    where T : class, IMessage<T>
{
    private readonly Dictionary<string, Row> _rows = new(StringComparer.Ordinal);
    private readonly Row _byUse = new() { Key = string.Empty };
    private readonly Dictionary<string, Task> _loading = new(StringComparer.Ordinal);
    private readonly HashSet<Row> _dirty = [];

    /// <summary>Rows that the store does not have yet.</summary>
    public int Dirty => _dirty.Count;

    /// <summary>Rows in memory, those known to be absent included.</summary>
    public int Count => _rows.Count;

    /// <summary>Finds a row in memory and counts it as used; false: it has to be loaded.</summary>
    /// <param name="key">The row's key.</param>
    /// <param name="value">The row; null where it is known to be absent.</param>
    public bool TryGet(string key, out T? value)
    {
        value = null;
        if (!_rows.TryGetValue(key, out var row)) return false;
        row.UsedAt = clock.Now;
        if (!row.IsPassing) Renew(row);
        value = row.Value;
        return true;
    }

    /// <summary>A row in memory; null: absent.</summary>
    /// <exception cref="InvalidOperationException">It was not loaded: a bug of the caller.</exception>
    public T? Get(string key) => TryGet(key, out var value)
        ? value
        : throw new InvalidOperationException($"A row of {kind} was read before it was loaded.");

    /// <summary>Takes a new or changed row.</summary>
    public void Put(string key, T value)
    {
        if (!_rows.TryGetValue(key, out var row))
        {
            // A load under way would bring what is outdated from now on.
            _loading.Remove(key);
            row = Add(key, null, null);
        }

        if (row.IsPassing)
        {
            row.IsPassing = false;
            Renew(row);
        }

        row.Value = value;
        row.UsedAt = clock.Now;
        _dirty.Add(row);
    }

    /// <summary>
    /// Takes note that the store has no such row, which the caller knows without reading: for the calls under way only.
    /// </summary>
    public void PutAbsent(string key)
    {
        if (_rows.ContainsKey(key)) return;
        var row = Add(key, null, null);
        row.IsPassing = true;

        // Before the row that was not used for longest, as the first to go.
        row.Leave();
        row.EnterBefore(_byUse.After);
    }

    /// <summary>Loads a row unless it is there; concurrent loads of one row share a read.</summary>
    public Task LoadAsync(string key)
    {
        if (_rows.ContainsKey(key)) return Task.CompletedTask;
        if (_loading.TryGetValue(key, out var running)) return running;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loading[key] = started.Task;
        return ReadAsync(key, started);
    }

    /// <summary>The rows to write, as they are now. They stay in memory until they are written.</summary>
    public List<PendingRow> Capture()
    {
        var pending = new List<PendingRow>(_dirty.Count);
        foreach (var row in _dirty)
        {
            row.IsBeingWritten = true;
            var value = row.Value!;
            pending.Add(new PendingRow(row, value.ToByteArray(), versionOf(value)));
        }

        _dirty.Clear();
        return pending;
    }

    /// <summary>Writes captured rows. A row that another activation wrote further along is left as it is.</summary>
    public Task WriteAsync(List<PendingRow> pending) => Task.WhenAll(pending.Select(p => WriteAsync(p)));

    /// <summary>Makes captured rows dirty again whose write may not have reached the store.</summary>
    public void Restore(List<PendingRow> pending)
    {
        foreach (var row in pending.Select(p => p.Row).Where(r => r.IsBeingWritten))
        {
            row.IsBeingWritten = false;
            _dirty.Add(row);
        }
    }

    /// <summary>
    /// Drops passing rows, and those used least recently beyond the capacity; none that a call under way may need.
    /// </summary>
    public void Trim()
    {
        var row = _byUse.After;
        while ((row.IsPassing || _rows.Count > capacity) && row != _byUse && row.UsedAt < clock.Oldest)
        {
            var next = row.After;
            if (!row.IsBeingWritten && !_dirty.Contains(row))
            {
                _rows.Remove(row.Key);
                row.Leave();
            }

            row = next;
        }
    }

    private void Renew(Row row)
    {
        if (ReferenceEquals(_byUse.Before, row)) return;
        row.Leave();
        row.EnterBefore(_byUse);
    }

    private Row Add(string key, T? value, string? tag)
    {
        var row = new Row { Key = key, Value = value, Tag = tag, UsedAt = clock.Now };
        row.EnterBefore(_byUse);
        _rows.Add(key, row);
        return row;
    }

    private async Task ReadAsync(string key, TaskCompletionSource started)
    {
        try
        {
            var stored = await store.ReadAsync(kind, prefix + key, CancellationToken.None);
            if (IsMine()) Add(key, stored.Exists ? parser.ParseFrom(stored.Value.Span) : null, stored.Tag);
        }
        finally
        {
            // Whoever joined looks again and, where the read failed, reads itself.
            if (IsMine()) _loading.Remove(key);
            started.SetResult();
        }

        bool IsMine() => _loading.TryGetValue(key, out var current) && current == started.Task;
    }

    private async Task WriteAsync(PendingRow pending)
    {
        var row = pending.Row;
        var tag = await store.WriteAsync(kind, prefix + row.Key, pending.Bytes, row.Tag, CancellationToken.None);
        while (tag is null)
        {
            var stored = await store.ReadAsync(kind, prefix + row.Key, CancellationToken.None);
            row.Tag = stored.Tag;
            if (stored.Exists && versionOf(parser.ParseFrom(stored.Value.Span)) >= pending.Version) break;
            tag = await store.WriteAsync(kind, prefix + row.Key, pending.Bytes, row.Tag, CancellationToken.None);
        }

        row.Tag = tag ?? row.Tag;
        row.IsBeingWritten = false;
    }

    /// <summary>A row to be written as it was when captured.</summary>
    internal sealed record PendingRow(Row Row, byte[] Bytes, long Version);

    /// <summary>One row in memory.</summary>
    internal sealed class Row
    {
        public Row() => Before = After = this;

        public required string Key { get; init; }

        public T? Value { get; set; }

        public string? Tag { get; set; }

        public long UsedAt { get; set; }

        public bool IsBeingWritten { get; set; }

        /// <summary>Absent, and of use only to the calls under way.</summary>
        public bool IsPassing { get; set; }

        /// <summary>The row used next before this one; a ring that the set's own row closes.</summary>
        public Row Before { get; private set; }

        /// <summary>The row used next after this one.</summary>
        public Row After { get; private set; }

        public void EnterBefore(Row other)
        {
            (Before, After) = (other.Before, other);
            Before.After = this;
            other.Before = this;
        }

        public void Leave()
        {
            Before.After = After;
            After.Before = Before;
        }
    }
}
