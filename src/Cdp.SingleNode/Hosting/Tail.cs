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
    private bool _inDoubt;
    private int _failures;
    private long _end = end;
    private TaskCompletionSource _more = NewSignal();

    /// <summary>
    /// Whether an append failed and may stand in the log nevertheless: nobody will offer its events, so that the log has to
    /// be asked for them.
    /// </summary>
    public bool InDoubt
    {
        get
        {
            lock (_lock) return _inDoubt;
        }
    }

    /// <summary>Adds events that are durable. Appends may return in another order than that of their positions.</summary>
    /// <param name="first">Position of the first.</param>
    /// <param name="events">The events.</param>
    /// <param name="failures"><see cref="Failures"/> as they were before the append began.</param>
    public void Offer(long first, IReadOnlyList<AppendedEvent> events, int failures)
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            // All that failed before this began got no position, or one below: none is missing now.
            if (first == _end && failures == _failures) _inDoubt = false;
            if (first + events.Count > _end) _early.Add(first, events);
            if (!TakeIn() && !_inDoubt) return;
            more = _more;
            _more = NewSignal();
        }

        more.SetResult();
    }

    /// <summary>Appends that failed until now.</summary>
    public int Failures
    {
        get
        {
            lock (_lock) return _failures;
        }
    }

    /// <summary>An append failed, and nobody knows whether its events stand in the log.</summary>
    public void Doubt()
    {
        lock (_lock)
        {
            _failures++;
            _inDoubt = true;
        }
    }

    /// <summary>Goes on at a position, all before it having been read from the log.</summary>
    public void Skip(long next)
    {
        lock (_lock)
        {
            while (_entries.Count > 0 && _first < next) Forget();
            if (next <= _end) return;
            _first = _end = next;
            TakeIn();
        }
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

    /// <summary>Takes in what was offered and follows the end.</summary>
    private bool TakeIn()
    {
        var taken = false;
        while (_early.Count > 0 && _early.GetKeyAtIndex(0) <= _end)
        {
            // Some of them may have been read from the log already.
            Append(_early.GetValueAtIndex(0), (int)(_end - _early.GetKeyAtIndex(0)));
            _early.RemoveAt(0);
            taken = true;
        }

        return taken;
    }

    private void Append(IReadOnlyList<AppendedEvent> events, int known)
    {
        for (var i = known; i < events.Count; i++)
        {
            var entry = new LogEntry
            {
                Partition = partition,
                Position = _end++,
                Tenant = events[i].Record.Tenant,
                Event = events[i].Event,
                Size = events[i].Record.Payload.Length,
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
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
