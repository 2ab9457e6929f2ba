namespace Cdp.SingleNode.Engine;

/// <summary>How a turn relates to the calls of its activation that are under way.</summary>
internal enum TurnKind : byte
{
    /// <summary>Goes on with something that began; always may run.</summary>
    Continuation,

    /// <summary>Begins a call that may run while others await.</summary>
    Interleaving,

    /// <summary>Begins a call or timer that waits until no other exclusive one is under way.</summary>
    Exclusive,
}

/// <summary>
/// One piece of work for an activation's thread of control. It is its own list node, so that queueing allocates nothing.
/// </summary>
internal abstract class Turn
{
    private Activation? _owner;

    internal Turn? Next { get; set; }

    internal Turn? Previous { get; set; }

    /// <summary>Order of arrival at the activation; wraps around.</summary>
    internal int Sequence { get; set; }

    /// <summary>Whose list holds this turn; null while in none. Written under the owner's gate.</summary>
    internal Activation? Owner
    {
        get => Volatile.Read(ref _owner);
        set => Volatile.Write(ref _owner, value);
    }

    internal abstract TurnKind Kind { get; }

    /// <summary>Runs on the activation's context. Never throws.</summary>
    internal abstract void Run(Activation activation);

    /// <summary>Ends a turn that will never run.</summary>
    internal virtual void Refuse(Exception reason)
    {
    }
}

/// <summary>The rest of something that awaited, posted by the awaited thing.</summary>
internal sealed class ContinuationTurn(SendOrPostCallback callback, object? state) : Turn
{
    internal override TurnKind Kind => TurnKind.Continuation;

    internal override void Run(Activation activation)
    {
        try
        {
            callback(state);
        }
        catch (Exception exception)
        {
            activation.FailUnawaited(exception, "a continuation");
        }
    }
}

/// <summary>Creates and loads the grain. One instance serves all activations.</summary>
internal sealed class ActivateTurn : Turn
{
    internal override TurnKind Kind => TurnKind.Continuation;

    internal override void Run(Activation activation) => activation.BeginActivate();
}

/// <summary>Lets the grain save. One instance per deactivation.</summary>
internal sealed class DeactivateTurn : Turn
{
    internal override TurnKind Kind => TurnKind.Continuation;

    internal override void Run(Activation activation) => activation.BeginDeactivate();
}
