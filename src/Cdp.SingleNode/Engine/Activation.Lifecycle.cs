using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <content>How an activation begins and ends.</content>
internal sealed partial class Activation
{
    /// <summary>Place in the list of least recent use.</summary>
    internal LruNode Lru;

    private GrainTimer? _timers;
    private DeactivationReason? _asked;
    private bool _forced;

    // Made only for who waits: thousands end in one sweep, and each is an old object that would point to a young one.
    private TaskCompletionSource? _ended;

    /// <inheritdoc/>
    public IGrainTimer CreateTimer(Func<CancellationToken, ValueTask> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        using (_gate.EnterScope())
            return _timers = new GrainTimer(this, callback) { NextOfActivation = _timers };
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        Activation? next = null;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Ended)
                return;
            _drop = true;
            if (!_running)
                next = Settle();
        }

        next?.Schedule();
    }

    /// <summary>The end of a deactivation under way; completed if there is none.</summary>
    internal Task Deactivating
    {
        get
        {
            Task ended;
            using (_gate.EnterScope())
                ended = _phase == Phase.Deactivating ? EndedLocked() : Task.CompletedTask;

            return ended;
        }
    }

    /// <summary>Starts a deactivation if nothing is under way or waits; false if the activation is in use.</summary>
    internal bool TryDeactivate(DeactivationReason reason)
    {
        using (_gate.EnterScope())
        {
            if (_running || _inFlight > 0 || _phase is not (Phase.Created or Phase.Active) || HasWaiting)
                return false;
            _asked ??= reason;
            if (_phase == Phase.Created)
            {
                EndLocked(EndReason.Deactivated);
                return true;
            }

            BeginRequestedDeactivation();
            _running = true;
        }

        Schedule();
        return true;
    }

    /// <summary>
    /// Asks for a deactivation as soon as no call is under way or waits; with <paramref name="force"/> as soon as no
    /// exclusive call is under way, whatever waits. The task ends with the activation.
    /// </summary>
    internal Task DeactivateWhenIdle(DeactivationReason reason, bool force)
    {
        Task ended;
        Activation? next = null;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Ended)
                return Task.CompletedTask;
            _asked ??= reason;
            _forced |= force;
            ended = EndedLocked();
            if (!_running)
                next = Settle();
        }

        next?.Schedule();
        return ended;
    }

    /// <summary>Drops the activation at once and refuses what waits.</summary>
    internal void Abort(Exception reason)
    {
        TurnList interleaving, exclusive;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Ended)
                return;
            (interleaving, exclusive) = TakeWaiting();
            interleaving.Reassign(null);
            exclusive.Reassign(null);
            EndLocked(EndReason.Dropped);
            if (!_running)
                _grain = null;
        }

        Refuse(interleaving, exclusive, reason);
    }

    /// <summary>Reports an exception that no caller awaits and drops the activation.</summary>
    internal void FailUnawaited(Exception exception, string during)
    {
        GrainKind.Engine.Report(GrainKind, during, exception);
        Abandon();
    }

    /// <summary>Runs as a turn: makes the grain and loads it.</summary>
    internal void BeginActivate()
    {
        GrainEngine.Observe(ActivateAsync());
    }

    /// <summary>Runs as a turn: lets the grain save.</summary>
    internal void BeginDeactivate()
    {
        GrainEngine.Observe(DeactivateAsync());
    }

    /// <summary>Puts a timer in the wheel, unless the activation ended.</summary>
    internal void StartTimer(GrainTimer timer, TimeSpan due)
    {
        using (_gate.EnterScope())
        {
            StopLocked(timer);
            if (_phase != Phase.Ended)
                GrainKind.Engine.Timers.Add(timer, due);
        }
    }

    /// <summary>Takes a timer out of wherever it is.</summary>
    internal void StopTimer(GrainTimer timer)
    {
        using (_gate.EnterScope())
            StopLocked(timer);
    }

    /// <summary>Queues a timer that is due, unless it was stopped or started again meanwhile.</summary>
    internal void Fire(GrainTimer timer)
    {
        bool wake;
        using (_gate.EnterScope())
        {
            if (timer.Place != TimerPlace.Due)
                return;
            timer.Place = TimerPlace.Mailbox;
            wake = EnqueueLocked(timer);
        }

        if (wake)
            Schedule();
    }

    private async Task ActivateAsync()
    {
        try
        {
            var grain = GrainKind.Create(this);
            if (grain is IGrainLifecycle lifecycle)
                await lifecycle.ActivateAsync(GrainKind.Engine.Aborting);
            using (_gate.EnterScope())
            {
                if (_phase != Phase.Activating)
                    return;
                if (_drop)
                    throw new GrainUnavailableException($"A grain of kind '{GrainKind.Kind}' gave itself up while it loaded.");
                _grain = grain;
                _phase = Phase.Active;
            }
        }
        catch (Exception exception)
        {
            Abort(exception);
        }
    }

    private async Task DeactivateAsync()
    {
        var reason = _asked!.Value;
        var orderly = true;
        try
        {
            if (_grain is IGrainLifecycle lifecycle)
                await lifecycle.DeactivateAsync(reason, GrainKind.Engine.Aborting);
        }
        catch (Exception exception)
        {
            orderly = false;
            GrainKind.Engine.Report(GrainKind, "a deactivation", exception);
        }

        Activation? successor = null;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Deactivating)
                successor = EndLocked(orderly && !_drop ? EndReason.Deactivated : EndReason.Dropped);
        }

        successor?.Schedule();
    }

    private void BeginRequestedDeactivation()
    {
        if (_asked is null || _phase is not (Phase.Active or Phase.Created) || _busy)
            return;
        if (!_forced && (_inFlight > 0 || HasWaiting))
            return;
        if (_phase == Phase.Created)
        {
            EndLocked(EndReason.Deactivated)?.Schedule();
            return;
        }

        _phase = Phase.Deactivating;
        GrainKind.Lru.Remove(this);
        _continuations.Add(new DeactivateTurn(), this);
    }

    /// <summary>
    /// Ends the activation under its gate: timers stop, and what waits goes to a successor that is published at the same
    /// moment, so that no later call gets ahead of it.
    /// </summary>
    /// <returns>The successor, to be scheduled; null if nothing waits.</returns>
    private Activation? EndLocked(EndReason how)
    {
        _phase = Phase.Ended;
        _drop = false;
        StopTimers();
        GrainKind.Lru.Remove(this);
        GrainKind.CountEnd(how, _asked);
        Activation? successor = null;
        var (interleaving, exclusive) = TakeWaiting();
        if (!interleaving.IsEmpty || !exclusive.IsEmpty)
            successor = Succeed(interleaving, exclusive);
        if (successor is null)
            GrainKind.Remove(this);
        _ended?.TrySetResult();
        return successor;
    }

    private Task EndedLocked() => (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private Activation Succeed(TurnList interleaving, TurnList exclusive)
    {
        var successor = new Activation(GrainKind, Key, Reference)
        {
            _interleaving = interleaving,
            _exclusive = exclusive,
            _sequence = _sequence,
            _waiting = _waiting,
            _running = true,
        };
        interleaving.Reassign(successor);
        exclusive.Reassign(successor);
        GrainKind.Replace(this, successor);
        return successor;
    }

    /// <summary>Detaches the calls that wait.</summary>
    private (TurnList Interleaving, TurnList Exclusive) TakeWaiting()
    {
        var waiting = (_interleaving, _exclusive);
        (_interleaving, _exclusive) = (default, default);
        return waiting;
    }

    private void StopLocked(GrainTimer timer)
    {
        // First: until the wheel has let go of it, it may become due.
        GrainKind.Engine.Timers.Remove(timer);
        if (timer.Owner == this)
        {
            _exclusive.Remove(timer);
            _waiting--;
        }

        timer.Place = TimerPlace.Nowhere;
    }

    private void StopTimers()
    {
        for (var timer = _timers; timer is not null; timer = timer.NextOfActivation)
            StopLocked(timer);
    }

    private static void Refuse(TurnList interleaving, TurnList exclusive, Exception reason)
    {
        foreach (var list in (ReadOnlySpan<TurnList>)[interleaving, exclusive])
        {
            var rest = list;
            while (rest.TakeFirst() is { } turn)
                turn.Refuse(reason);
        }
    }
}

/// <summary>How an activation ended.</summary>
internal enum EndReason
{
    /// <summary>In order: the grain saved.</summary>
    Deactivated,

    /// <summary>Without saving: it failed or gave itself up.</summary>
    Dropped,
}
