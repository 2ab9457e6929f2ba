using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <summary>
/// What a partition remembers of the events of one tenant while somebody watches them: the newest, within bounds. Who is too
/// slow misses some and hears how many; nothing waits for it.
/// </summary>
/// <param name="id">Tells it from others of the partition, before and after.</param>
internal sealed class EventWatch(long id)
{
    private const int MostEvents = 2_048;
    private const int MostBytes = 8 << 20;
    private const int MostReplyBytes = 1 << 20;

    private readonly Queue<WatchedEvent> _events = new();
    private long _first;
    private long _bytes;
    private TaskCompletionSource? _more;

    private long End => _first + _events.Count;

    /// <summary>When somebody last asked, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long AskedAt { get; set; }

    /// <summary>Takes note of an event that was applied, erased or buried.</summary>
    public void Add(LogEntry entry, string customer, string reason)
    {
        _events.Enqueue(new WatchedEvent { Entry = entry, Customer = customer, Reason = reason });
        _bytes += entry.Size;
        while (_events.Count > MostEvents || _bytes > MostBytes)
        {
            _bytes -= _events.Dequeue().Entry.Size;
            _first++;
        }

        _more?.TrySetResult();
        _more = null;
    }

    /// <summary>Waits until there is something at a place or behind it.</summary>
    public async ValueTask MoreAsync(long place, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        if (place < End || longest <= TimeSpan.Zero) return;
        _more ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _more.Task.WaitAsync(longest, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nothing happened: that is an answer too.
        }
    }

    /// <summary>What there is from where a reader stands; one who watched something else begins at the end.</summary>
    public TailReply Read(TailRequest request)
    {
        var knows = request.Watch == id && request.Next <= End;
        var from = knows ? Math.Max(request.Next, _first) : End;
        var reply = new TailReply { Watch = id, Missed = knows ? from - request.Next : 0 };
        var bytes = 0;
        foreach (var watched in _events.Skip((int)(from - _first)).Take(request.Most))
        {
            reply.Events.Add(watched);
            bytes += watched.Entry.Size;
            if (bytes >= MostReplyBytes) break;
        }

        reply.Next = from + reply.Events.Count;
        return reply;
    }
}
