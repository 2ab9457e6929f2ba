using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <summary>
/// What a partition remembers of the events of one tenant while somebody watches them: the newest, within bounds. Who is too
/// slow misses some and hears how many; nothing waits for it.
/// </summary>
/// <param name="id">Tells it from others of the partition, before and after.</param>
/// <param name="from">The first position that it takes note of; what stands before was under way when it began.</param>
internal sealed class EventWatch(long id, long from)
{
    private const int MostEvents = 2_048;
    private const int MostBytes = 8 << 20;
    private const int MostReplyBytes = 1 << 20;

    private readonly Queue<WatchedEvent> _events = new();
    private long _first;
    private long _bytes;
    private TaskCompletionSource? _more;

    private long End => _first + _events.Count;

    /// <summary>The first position that it takes note of.</summary>
    public long From => from;

    /// <summary>When somebody last asked, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long AskedAt { get; set; }

    /// <summary>Takes note of an event that was applied, erased or buried.</summary>
    public void Add(LogEntry entry, string customer, string reason)
    {
        if (entry.Position < from) return;
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

    /// <summary>Whether a reader comes from another watch, of another activation of the partition perhaps.</summary>
    public bool IsStrange(TailRequest request) => request.Watch > 0 && request.Watch != id;

    /// <summary>
    /// What there is from where a reader stands. One who watched nothing begins at the end, one who comes from another watch
    /// with the first.
    /// </summary>
    /// <param name="request">Where the reader stands.</param>
    /// <param name="between">Events between what the reader saw of another watch and the first of this one.</param>
    public TailReply Read(TailRequest request, long between)
    {
        var stands = request.Watch == 0 ? End : IsStrange(request) ? 0 : request.Next;
        var next = Math.Max(stands, _first);
        var reply = new TailReply { Watch = id, Missed = next - stands + between };
        var bytes = 0;
        foreach (var watched in _events.Skip((int)(next - _first)).Take(request.Most))
        {
            reply.Events.Add(watched);
            bytes += watched.Entry.Size;
            if (bytes >= MostReplyBytes) break;
        }

        reply.Next = next + reply.Events.Count;
        return reply;
    }
}
