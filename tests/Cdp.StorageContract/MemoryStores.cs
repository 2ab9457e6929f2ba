using System.Globalization;
using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>The simplest state store that keeps the contract: the oracle of the suites and the store of grain tests.</summary>
public sealed class MemoryStateStore : IStateStore
{
    private readonly Dictionary<(string Kind, string Key), (byte[] Value, long Tag)> _rows = [];
    private readonly Lock _lock = new();
    private long _lastTag;

    /// <summary>Makes every call fail while set.</summary>
    public bool Broken { get; set; }

    /// <summary>All keys and values, as text.</summary>
    public IReadOnlyList<string> All()
    {
        lock (_lock) return [.. _rows.Select(row => $"{row.Key.Kind} {row.Key.Key} {Bytes.Text(row.Value.Value)}")];
    }

    /// <summary>Kinds and keys.</summary>
    public IReadOnlyList<(string Kind, string Key)> Keys()
    {
        lock (_lock) return [.. _rows.Keys];
    }

    /// <summary>States that there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _rows.Count;
        }
    }

    public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ThrowIfBroken();
            return new(_rows.TryGetValue((kind, key), out var row) ? new StateRow(row.Value, Text(row.Tag)) : default);
        }
    }

    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ThrowIfBroken();
            var current = _rows.TryGetValue((kind, key), out var row) ? Text(row.Tag) : null;
            if (current != expectedTag) return new((string?)null);
            _rows[(kind, key)] = (value.ToArray(), ++_lastTag);
            return new(Text(_lastTag));
        }
    }

    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ThrowIfBroken();
            var current = _rows.TryGetValue((kind, key), out var row) ? Text(row.Tag) : null;
            if (current != expectedTag) return new(false);
            _rows.Remove((kind, key));
            return new(true);
        }
    }

    /// <summary>Removes every state of a kind.</summary>
    public void DropKind(string kind)
    {
        lock (_lock)
        {
            foreach (var key in _rows.Keys.Where(k => k.Kind == kind).ToList()) _rows.Remove(key);
        }
    }

    private void ThrowIfBroken()
    {
        if (Broken) throw new IOException("The store is broken.");
    }

    private static string Text(long tag) => tag.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The simplest history that keeps the contract.</summary>
public sealed class MemoryHistory : IHistory
{
    private readonly Dictionary<string, List<HistorySliceRow>> _histories = [];
    private readonly Lock _lock = new();

    /// <summary>Makes every call fail while set.</summary>
    public bool Broken { get; set; }

    /// <summary>Keys that begin with a prefix.</summary>
    public IReadOnlyList<string> Keys(string prefix)
    {
        lock (_lock) return [.. _histories.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
    }

    /// <summary>All keys and slices, as text.</summary>
    public IReadOnlyList<string> All()
    {
        lock (_lock) return [.. _histories.SelectMany(history => history.Value.Select(row => $"{history.Key} {Bytes.Text(row.Bytes)}"))];
    }

    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Broken) throw new IOException("The store is broken.");
            if (!_histories.TryGetValue(key, out var rows)) _histories[key] = rows = [];
            if (Length(rows) != expected) return new(false);
            rows.Add(new HistorySliceRow(expected, count, slice.ToArray()));
            return new(true);
        }
    }

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var result = new List<HistorySliceRow>();
            var bytes = 0;
            foreach (var row in _histories.GetValueOrDefault(key, []).SkipWhile(r => r.End <= from))
            {
                if (result.Count > 0 && bytes + row.Bytes.Length > maxBytes) break;
                result.Add(row);
                bytes += row.Bytes.Length;
            }

            return new(result);
        }
    }

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken)
    {
        lock (_lock) return new(Length(_histories.GetValueOrDefault(key, [])));
    }

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_histories.TryGetValue(key, out var rows)) return new(false);
            var at = rows.FindIndex(row => row.First == first && row.Count == count);
            if (at < 0) return new(false);
            if (slice.Length > rows[at].Bytes.Length) throw new ArgumentException("It is longer than what it replaces.", nameof(slice));
            rows[at] = new HistorySliceRow(first, count, slice.ToArray());
            return new(true);
        }
    }

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken)
    {
        lock (_lock) _histories.Remove(key);
        return default;
    }

    private static long Length(List<HistorySliceRow> rows) => rows.Count == 0 ? 0 : rows[^1].End;
}

/// <summary>The simplest index that keeps the contract.</summary>
public sealed class MemoryCustomerIndex : ICustomerIndex
{
    private readonly SortedSet<(string Tenant, string Customer)> _ids = new(
        Comparer<(string Tenant, string Customer)>.Create((a, b) =>
            string.CompareOrdinal(a.Tenant, b.Tenant) is not 0 and var c ? c : string.CompareOrdinal(a.Customer, b.Customer)));

    private readonly Lock _lock = new();

    public ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken)
    {
        lock (_lock) _ids.Add((tenant, customer));
        return default;
    }

    public ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(_ids.Where(i => i.Tenant == tenant && string.CompareOrdinal(i.Customer, after) > 0)
                .Take(size).Select(i => i.Customer).ToList());
        }
    }

    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken)
    {
        lock (_lock) _ids.Remove((tenant, customer));
        return default;
    }
}

/// <summary>The simplest log that keeps the contract, but for durability.</summary>
public sealed class MemoryEventLog(int partitions) : IEventLog
{
    private readonly List<LogRecord>[] _records = [.. Enumerable.Range(0, partitions).Select(_ => new List<LogRecord>())];
    private readonly Dictionary<(int Partition, long Position), int> _blankedLengths = [];
    private readonly Lock _lock = new();

    public int Partitions => _records.Length;

    public string Epoch { get; init; } = "memory";

    /// <summary>All payloads, as text.</summary>
    public IReadOnlyList<string> All()
    {
        lock (_lock) return [.. _records.SelectMany(partition => partition.Select(record => Bytes.Text(record.Payload)))];
    }

    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        Check(partition);
        lock (_lock)
        {
            var first = _records[partition].Count;
            _records[partition].AddRange(records.Select(r => r with { Payload = r.Payload.ToArray() }));
            return new(first);
        }
    }

    public ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        Check(partition);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        lock (_lock)
        {
            var result = new List<PositionedRecord>();
            var bytes = 0;
            for (var p = (int)Math.Min(from, int.MaxValue); p < _records[partition].Count; p++)
            {
                var record = _records[partition][p];
                if (result.Count > 0 && bytes + record.Payload.Length > maxBytes) break;
                result.Add(new PositionedRecord(p, record));
                bytes += record.Payload.Length;
            }

            return new(result);
        }
    }

    public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(positions.Select(p => p.Position >= 0 && p.Position < _records[p.Partition].Count
                ? _records[p.Partition][(int)p.Position]
                : (LogRecord?)null).ToList());
        }
    }

    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken)
    {
        Check(partition);
        lock (_lock) return new(_records[partition].Count);
    }

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken)
    {
        Check(partition);
        lock (_lock)
        {
            if (position < 0 || position >= _records[partition].Count) return new(false);
            var record = _records[partition][(int)position];
            var length = _blankedLengths.GetValueOrDefault((partition, position), record.Payload.Length);
            if (remainder.Length > Math.Min(length, ushort.MaxValue)) throw new ArgumentException("More than there was.", nameof(remainder));
            _blankedLengths[(partition, position)] = length;
            _records[partition][(int)position] = record with { Flags = record.Flags | LogRecordFlags.Blanked, Payload = remainder.ToArray() };
            return new(true);
        }
    }

    private void Check(int partition)
    {
        if ((uint)partition >= (uint)_records.Length) throw new ArgumentOutOfRangeException(nameof(partition), partition, $"The log has partitions 0 to {_records.Length - 1}.");
    }
}
