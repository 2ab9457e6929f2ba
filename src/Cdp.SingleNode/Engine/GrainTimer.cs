namespace Cdp.SingleNode.Engine;

/// <summary>A timer of one activation: waits in the wheel, then in the mailbox, and runs as an exclusive turn.</summary>
internal sealed class GrainTimer(Activation activation, Func<CancellationToken, ValueTask> callback) : Turn, IDisposable
{
    private bool _disposed;

    internal override TurnKind Kind => TurnKind.Exclusive;

    /// <summary>Place in the wheel; guarded by the wheel.</summary>
    internal GrainTimer? NextInWheel { get; set; }

    internal GrainTimer? PreviousInWheel { get; set; }

    /// <summary>Tick at which it fires; -1 while not in the wheel.</summary>
    internal long DueTick { get; set; } = -1;

    /// <summary>Place among the activation's timers; guarded by the activation.</summary>
    internal GrainTimer? NextOfActivation { get; set; }

    internal GrainTimer? PreviousOfActivation { get; set; }

    public void Dispose()
    {
        Volatile.Write(ref _disposed, true);
        activation.GrainKind.Engine.Timers.Remove(this);
        activation.Forget(this);
        activation.TryWithdraw(this);
    }

    /// <summary>Called by the wheel after it took the timer out.</summary>
    internal void Fire()
    {
        // A timer whose activation ended has nobody left to run it.
        if (activation.Forget(this))
            activation.TryEnqueue(this, depth: 0);
    }

    internal override void Run(Activation activation) => GrainEngine.Observe(RunAsync());

    private async Task RunAsync()
    {
        var failed = false;
        try
        {
            if (!Volatile.Read(ref _disposed))
                await callback(activation.GrainKind.Engine.Aborting);
        }
        catch (Exception exception)
        {
            failed = true;
            activation.GrainKind.Engine.Report(activation.GrainKind, "a timer", exception);
        }

        activation.EndCall(interleaves: false, failed);
    }
}
