namespace Cdp.SingleNode.Engine;

/// <content>How turns run: what is next, and who goes on when a thread gives the turn up.</content>
internal sealed partial class Activation
{
    private const int MaxTurnsPerSlice = 64;

    /// <summary>Read on the system's coarse clock, which moves every few milliseconds: a precise one costs as much as a short turn.</summary>
    private const int SliceMilliseconds = 1;

    void IThreadPoolWorkItem.Execute() => RunTurns(MaxTurnsPerSlice, depth: 1);

    private void Schedule() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Runs turns until none is ready or the slice is used up. The calling thread owns the turn.</summary>
    private void RunTurns(int turns, int depth)
    {
        var previous = Current;
        SetSynchronizationContext(this);
        _depth = (byte)depth;
        var end = Environment.TickCount64 + SliceMilliseconds;
        try
        {
            var posted = false;
            for (var ran = 0; ; ran++)
            {
                Turn? turn = null;
                Activation? next = null;
                var more = ran < turns && (ran == 0 || Environment.TickCount64 < end);
                // Every other turn at most, so that a call which yields again and again keeps no other out.
                posted = !posted && more && !_posted.IsEmpty && !MustDrop;
                if (posted)
                {
                    turn = _posted.TakeFirst();
                }
                else
                {
                    using (_gate.EnterScope())
                    {
                        if (more && !MustDrop)
                            turn = Take();
                        if (turn is null)
                            next = Settle();
                    }
                }

                if (turn is null)
                {
                    next?.Schedule();
                    return;
                }

                turn.Run(this);
            }
        }
        finally
        {
            SetSynchronizationContext(previous);
        }
    }

    private bool HasRunnable()
    {
        if (!_continuations.IsEmpty || !_posted.IsEmpty)
            return true;
        return _phase switch
        {
            Phase.Created => HasWaiting,
            Phase.Active => !_interleaving.IsEmpty || (!_exclusive.IsEmpty && !_busy),
            _ => false,
        };
    }

    /// <summary>Nothing longer goes on: a call that yields is to give its caller's thread back.</summary>
    private bool OnlyCallsWait => _phase == Phase.Active && _continuations.IsEmpty && _posted.IsEmpty;

    private bool HasWaiting => !_interleaving.IsEmpty || !_exclusive.IsEmpty;

    private Turn? Take()
    {
        if ((_continuations.TakeFirst() ?? _posted.TakeFirst()) is { } continuation)
            return continuation;
        if (_phase == Phase.Created && HasWaiting)
        {
            _phase = Phase.Activating;
            return GrainKind.Activate;
        }

        if (_phase != Phase.Active)
            return null;
        var exclusive = _busy ? null : _exclusive.First;
        var interleaving = _interleaving.First;
        // Both may start: the one that came first does (sequence numbers wrap, so the difference decides).
        var interleaves = exclusive is null || (interleaving is not null && interleaving.Sequence - exclusive.Sequence < 0);
        var call = interleaves ? _interleaving.TakeFirst() : _exclusive.TakeFirst();
        if (call is not null)
        {
            _waiting--;
            BeginCall(interleaves);
        }

        return call;
    }

    /// <summary>Gives the turn up. Returns who must be scheduled: this, if there is more to do, or a successor.</summary>
    private Activation? Settle()
    {
        if (MustDrop)
            EndLocked(EndReason.Dropped)?.Schedule();
        else
            BeginRequestedDeactivation();

        _inPlace = false;
        _running = HasRunnable();
        if (_phase == Phase.Ended && !_running)
            _grain = null;
        return _running ? this : null;
    }

    /// <summary>A grain that gives itself up while it loads or saves is dropped at the end of that.</summary>
    private bool MustDrop => _drop && _phase is Phase.Active;

    private void BeginCall(bool interleaves)
    {
        _inFlight++;
        if (!interleaves)
            _busy = true;
    }
}
