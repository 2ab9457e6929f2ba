using Cdp.Grains.Ports;
using Cdp.State.V1;

namespace Cdp.SingleNode.Hosting;

/// <summary>
/// The newest events of one partition, parsed, so that the feed need not read back what was just appended. Bounded:
/// what does not fit is read from the log.
/// </summary>
internal sealed class Tail(int partition, long end, long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<LogEntry> _entries = new();
    private readonly SortedList<long, IReadOnlyList<AppendedEvent>> _early = [];
    private long _first = end;
    private long _bytes;
    private TaskCompletionSource? _room;
    private long _end = end;
    private TaskCompletionSource _more = NewSignal();

    /// <summary>Adds events that are durable. Appends may return in another order than that of their positions.</summary>
    public void Offer(long first, IReadOnlyList<AppendedEvent> events)
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            _early.Add(first, events);
            if (first != _end) return;
            while (_early.Count > 0 && _early.GetKeyAtIndex(0) == _end)
            {
                Append(_early.GetValueAtIndex(0));
                _early.RemoveAt(0);
            }

            more = _more;
            _more = NewSignal();
        }

        more.SetResult();
    }

    /// <summary>
    /// Takes entries from a position on and forgets all before it. Null where they have to be read from the log; empty
    /// at the end.
    /// </summary>
    public IReadOnlyList<LogEntry>? Take(long from, int most, out Task more)
    {
        lock (_lock)
        {
            more = _more.Task;
            while (_entries.Count > 0 && _first < from) Forget();
            if (_entries.Count == 0) _first = Math.Max(_first, Math.Min(from, _end));
            if (from >= _end) return [];
            if (from < _first || _entries.Count == 0) return null;
            return [.. _entries.Take(most)];
        }
    }

    /// <summary>Completes when there is room for more; completed where there is now.</summary>
    public Task Room
    {
        get
        {
            lock (_lock) return _bytes <= maxBytes / 2 ? Task.CompletedTask : (_room ??= NewSignal()).Task;
        }
    }

    private void Append(IReadOnlyList<AppendedEvent> events)
    {
        foreach (var appended in events)
        {
            var entry = new LogEntry
            {
                Partition = partition,
                Position = _end++,
                Tenant = appended.Record.Tenant,
                Event = appended.Event,
                Size = appended.Record.Payload.Length,
            };
            _entries.Enqueue(entry);
            _bytes += entry.Size;
        }

        while (_bytes > maxBytes) Forget();
    }

    private void Forget()
    {
        _bytes -= _entries.Dequeue().Size;
        _first++;
        if (_room is null || _bytes > maxBytes / 2) return;
        _room.SetResult();
        _room = null;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
