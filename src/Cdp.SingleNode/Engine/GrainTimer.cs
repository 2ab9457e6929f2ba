using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>Where a timer is.</summary>
internal enum TimerPlace : byte
{
    /// <summary>Not started.</summary>
    Nowhere,

    /// <summary>In the wheel.</summary>
    Wheel,

    /// <summary>Taken out of the wheel because it is due, on its way to the mailbox.</summary>
    Due,

    /// <summary>In the mailbox.</summary>
    Mailbox,
}

/// <summary>
/// A timer of one activation: waits in the wheel, then in the mailbox, and runs as an exclusive turn. It is made once and
/// started again and again, so that old objects point to old ones only and starting it leaves the garbage collector no work.
/// </summary>
internal sealed class GrainTimer(Activation activation, Func<CancellationToken, ValueTask> callback) : Turn, IGrainTimer
{
    internal override TurnKind Kind => TurnKind.Exclusive;

    /// <summary>Changes under the activation's gate, from the wheel to due under the wheel's alone.</summary>
    internal TimerPlace Place { get; set; }

    /// <summary>Neighbours in the wheel; guarded by the wheel.</summary>
    internal GrainTimer? NextInWheel { get; set; }

    internal GrainTimer? PreviousInWheel { get; set; }

    /// <summary>Tick at which it fires; guarded by the wheel.</summary>
    internal long DueTick { get; set; }

    /// <summary>The activation's timer made before it.</summary>
    internal GrainTimer? NextOfActivation { get; init; }

    public bool IsStarted => Place != TimerPlace.Nowhere;

    public void Start(TimeSpan due)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(due, TimeSpan.Zero);
        activation.StartTimer(this, due);
    }

    public void Stop() => activation.StopTimer(this);

    internal override void Run(Activation activation)
    {
        Place = TimerPlace.Nowhere;
        GrainEngine.Observe(RunAsync());
    }

    /// <summary>Called by the wheel after it took the timer out.</summary>
    internal void Fire() => activation.Fire(this);

    private async Task RunAsync()
    {
        var failed = false;
        try
        {
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
