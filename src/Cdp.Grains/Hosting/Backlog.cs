using Cdp.Grains.Ports;

namespace Cdp.Grains.Hosting;

/// <summary>Bytes that each tenant has acknowledged here but that are not applied yet, in one partition.</summary>
/// <param name="maxBytes">Most of them per tenant.</param>
public sealed class Backlog(long maxBytes)
{
    /// <summary>
    /// Bytes of a tenant up to which nobody waits: enough to keep a partition busy over a flush to the disk, and little enough
    /// that events are applied, and let go of, before the garbage collector has moved them twice.
    /// </summary>
    public const long ComfortableBytes = 128 * 1024;

    private static readonly TimeSpan AdmissionDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ComfortableWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    // For each KB that a call has appended: who sends an event now and then is not made to wait for who sends thousands.
    private static readonly TimeSpan LongestWaitOfKilobyte = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
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
        lock (_lock) return BytesOf(tenant) < maxBytes ? TimeSpan.Zero : AdmissionDelay;
    }

    /// <summary>
    /// Who has appended waits for this, and at most so long, before it says so: whoever sends faster than is applied is slowed
    /// down, the more the further the tenant is ahead and the more it sent, before it is refused.
    /// </summary>
    /// <param name="tenant">The tenant whose events were appended.</param>
    /// <param name="appended">Bytes that were appended just now.</param>
    /// <returns>Completes when the tenant is little ahead again; completed where it is.</returns>
    public (Task Room, TimeSpan Longest) Room(string tenant, long appended)
    {
        lock (_lock)
        {
            if (BytesOf(tenant) is var bytes && bytes <= ComfortableBytes) return (Task.CompletedTask, TimeSpan.Zero);
            var room = _waiting[tenant].Room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var behind = ComfortableWait * (bytes / (double)ComfortableBytes);
            var share = LongestWaitOfKilobyte * Math.Max(1, appended / 1024.0);
            return (room.Task, new[] { behind, share, LongestWait }.Min());
        }
    }

    /// <summary>Counts what was appended at a position.</summary>
    /// <returns>Its bytes.</returns>
    public long Add(long first, IReadOnlyList<LogRecord> records)
    {
        var all = 0L;
        lock (_lock)
        {
            // One entry per run of records of the same tenant; a gateway's batch is one run.
            for (var i = 0; i < records.Count;)
            {
                var tenant = records[i].Tenant;
                var bytes = 0L;
                for (; i < records.Count && records[i].Tenant == tenant; i++) bytes += records[i].Payload.Length;
                if (!_waiting.TryGetValue(tenant, out var waiting)) _waiting[tenant] = waiting = new Waiting();
                waiting.Bytes += bytes;
                all += bytes;
                _open.Enqueue((tenant, bytes), first + records.Count);
            }
        }

        return all;
    }

    /// <summary>Everything before a position is applied.</summary>
    public void Applied(long position)
    {
        lock (_lock)
        {
            while (_open.TryPeek(out var item, out var end) && end <= position)
            {
                _open.Dequeue();
                var waiting = _waiting[item.Tenant];
                waiting.Bytes -= item.Bytes;
                if (waiting.Bytes <= 0) _waiting.Remove(item.Tenant);
                if (waiting.Bytes > ComfortableBytes) continue;
                waiting.Room?.SetResult();
                waiting.Room = null;
            }
        }
    }

    private long BytesOf(string tenant) => _waiting.TryGetValue(tenant, out var waiting) ? waiting.Bytes : 0;

    /// <summary>What a tenant waits for.</summary>
    private sealed class Waiting
    {
        public long Bytes { get; set; }

        public TaskCompletionSource? Room { get; set; }
    }
}
