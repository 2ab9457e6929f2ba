using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// Appends to a customer's history that no call waits for: entries that a crash may lose. Whatever is appended next is
/// appended behind them or not at all. Their ends are counted beside the customer's turns and wake none.
/// </summary>
internal sealed class AppendsBehind(IGrainContext context, CustomerPorts ports) : IAppendObserver
{
    private readonly Lock _gate = new();
    private long _begun;
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
        _begun++;
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
        End();
    }

    /// <inheritdoc/>
    public void Failed(Exception exception)
    {
        Volatile.Write(ref _lost, true);
        ports.Metrics.Failed("customer", exception);
        context.Abandon();
        End();
    }

    private void End()
    {
        lock (_gate)
        {
            _ended++;
            while (_waiting is not null && _waiting.TryPeek(out var first) && first.Until <= _ended) _waiting.Dequeue().Ended.SetResult();
        }
    }
}
