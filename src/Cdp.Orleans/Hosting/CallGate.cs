namespace Cdp.Orleans.Hosting;

/// <summary>
/// Lets one exclusive call of an activation in at a time, in the order of their arrival. Used on the activation's scheduler,
/// except for cancellations.
/// </summary>
/// <remarks>
/// Orleans' own queue will not do: a call that may interleave and is under way lets several others run beside each other.
/// </remarks>
internal sealed class CallGate
{
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _taken;

    /// <summary>Waits for its turn.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while it waited.</exception>
    public ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_taken) return new(WaitAsync(cancellationToken));
        _taken = true;
        return default;
    }

    /// <summary>Lets the next one in.</summary>
    public void Leave()
    {
        while (_waiting.TryDequeue(out var next))
        {
            if (next.TrySetResult()) return;
        }

        _taken = false;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue(turn);
        using (cancellationToken.UnsafeRegister(static (turn, token) => ((TaskCompletionSource)turn!).TrySetCanceled(token), turn)) await turn.Task;
    }
}
