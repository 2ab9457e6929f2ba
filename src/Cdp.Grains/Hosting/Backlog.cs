using Cdp.Grains.Ports;

namespace Cdp.Grains.Hosting;

/// <summary>Bytes that each tenant has acknowledged here but that are not applied yet, in one partition.</summary>
/// <param name="maxBytes">Most of them per tenant.</param>
public sealed class Backlog(long maxBytes)
{
    private static readonly TimeSpan AdmissionDelay = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(string Tenant, long Bytes), long> _open = new();

    /// <summary>Whether all that was acknowledged here is applied, as far as that was heard of.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _open.Count == 0;
        }
    }

    /// <summary>How long a tenant has to wait before it may append; zero: now.</summary>
    public TimeSpan Admit(string tenant)
    {
        lock (_lock) return _bytes.GetValueOrDefault(tenant) < maxBytes ? TimeSpan.Zero : AdmissionDelay;
    }

    /// <summary>Counts what was appended at a position.</summary>
    public void Add(long first, IReadOnlyList<LogRecord> records)
    {
        lock (_lock)
        {
            // One entry per run of records of the same tenant; a gateway's batch is one run.
            for (var i = 0; i < records.Count;)
            {
                var tenant = records[i].Tenant;
                var bytes = 0L;
                for (; i < records.Count && records[i].Tenant == tenant; i++) bytes += records[i].Payload.Length;
                _bytes[tenant] = _bytes.GetValueOrDefault(tenant) + bytes;
                _open.Enqueue((tenant, bytes), first + records.Count);
            }
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
