using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// Appends to a customer's history that no call waits for: entries that a crash may lose. One is under way at a time, and what
/// comes meanwhile makes the next one: if another activation's entries came in the place of one that failed, the length could
/// fit the next all the same. Their ends are counted beside the customer's turns and wake none.
/// </summary>
internal sealed class AppendsBehind(IGrainContext context, CustomerPorts ports) : IAppendObserver
{
    private readonly Lock _gate = new();
    private HistorySlice? _next;
    private long _nextFirst;
    private long _begun;
    private long _issued;
    private long _ended;
    private bool _lost;
    private Queue<(long Until, TaskCompletionSource Ended)>? _waiting;

    /// <summary>Whether one failed: what is in memory is ahead of the history, and the activation ends.</summary>
    public bool Lost => Volatile.Read(ref _lost);

    /// <summary>Whether all that were begun have ended. Only turns of the customer begin one.</summary>
    public bool AtRest => Volatile.Read(ref _ended) == _begun;

    /// <summary>Begins one. Called in a turn of the customer.</summary>
    public void Begin(long expected, HistorySlice slice)
    {
        lock (_gate)
        {
            _begun++;
            if (_lost)
            {
                _ended = _begun;
                return;
            }

            if (_issued > _ended)
            {
                if (_next is null) (_next, _nextFirst) = (slice, expected);
                else _next.Entries.Add(slice.Entries);
                return;
            }

            _issued = _begun;
        }

        Issue(expected, slice);
    }

    /// <summary>Waits until all that were begun before have ended. Called in a turn of the customer.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            if (_ended == _begun) return Task.CompletedTask;
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_waiting ??= new()).Enqueue((_begun, ended));
            return ended.Task;
        }
    }

    /// <inheritdoc/>
    public void Appended(bool owned)
    {
        if (!owned)
        {
            Failed(new OwnershipLostException(context.Key));
            return;
        }

        ports.Steps.Reached(RecoverySteps.HistoryAppended);
        HistorySlice? next;
        long first;
        lock (_gate)
        {
            (next, first, _next) = (_next, _nextFirst, null);
            End(_issued);
            if (next is not null) _issued = _begun;
        }

        if (next is not null) Issue(first, next);
    }

    /// <inheritdoc/>
    public void Failed(Exception exception)
    {
        ports.Metrics.Failed("customer", exception);
        context.Abandon();
        lock (_gate)
        {
            _lost = true;
            _next = null;
            End(_begun);
        }
    }

    private void Issue(long expected, HistorySlice slice)
    {
        try
        {
            ports.Steps.Reached(RecoverySteps.HistoryAppending);
            ports.History.AppendBehind(context.Key, expected, slice.Entries.Count, slice.ToByteArray(), this);
        }
        catch (Exception e)
        {
            Failed(e);
        }
    }

    private void End(long until)
    {
        Volatile.Write(ref _ended, until);
        while (_waiting is not null && _waiting.TryPeek(out var first) && first.Until <= until) _waiting.Dequeue().Ended.SetResult();
    }
}
