namespace Cdp.SingleNode.Hosting;

/// <summary>Bytes that a tenant has acknowledged but not applied in one partition.</summary>
internal sealed class Backlog(long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(string Tenant, long Bytes), long> _open = new();

    /// <summary>Whether a tenant may append now.</summary>
    public bool Admits(string tenant)
    {
        lock (_lock) return _bytes.GetValueOrDefault(tenant) < maxBytes;
    }

    /// <summary>Counts what was appended up to a position.</summary>
    public void Add(string tenant, long bytes, long end)
    {
        lock (_lock)
        {
            _bytes[tenant] = _bytes.GetValueOrDefault(tenant) + bytes;
            _open.Enqueue((tenant, bytes), end);
        }
    }

    /// <summary>Everything before a position is applied.</summary>
    public void Applied(long position)
    {
        lock (_lock)
        {
            while (_open.TryPeek(out var item, out var end) && end <= position)
            {
                _open.Dequeue();
                var left = _bytes[item.Tenant] - item.Bytes;
                if (left > 0) _bytes[item.Tenant] = left;
                else _bytes.Remove(item.Tenant);
            }
        }
    }
}
