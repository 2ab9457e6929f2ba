using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>What became of a call that knocked at an activation.</summary>
internal enum Admission
{
    /// <summary>The caller owns the turn and runs the call on its own thread.</summary>
    Run,

    /// <summary>The call has to be queued.</summary>
    Queue,

    /// <summary>The activation ended; look the key up again.</summary>
    Gone,
}

/// <summary>
/// One live grain: its mailbox, its thread of control and its context. Turns run one after another, on whatever thread;
/// as the <see cref="SynchronizationContext"/> of its turns it takes back every continuation of the grain's code.
/// </summary>
/// <remarks>
/// The mailbox and the phase are guarded by <c>_gate</c>, which is never held while grain code runs. Locks taken under it
/// (the kind's table, the LRU list, the timer wheel) are leaves. At most one thread owns the turn (<c>_running</c>): it was
/// either scheduled on the pool or took the turn in <see cref="Admit"/> or <see cref="TryEnqueue"/>. The owner leaves
/// through <see cref="Settle"/>, which looks for work under the gate, so that no wake-up is lost. What belongs to the turn
/// (<c>_busy</c>, <c>_inFlight</c>, <c>_depth</c>, <c>_posted</c>) is touched by its owner, or under the gate while there is none.
/// </remarks>
internal sealed partial class Activation : SynchronizationContext, IGrainContext, IThreadPoolWorkItem
{
    /// <summary>Calls that run nested on one thread's stack before the next one is queued.</summary>
    private const int MaxInlineDepth = 8;

    private const int MaxTurnsPerSlice = 64;
    private static readonly long SliceTicks = System.Diagnostics.Stopwatch.Frequency / 1000;

    private Gate _gate;
    private TurnList _continuations;
    private TurnList _posted;
    private TurnList _interleaving;
    private TurnList _exclusive;
    private object? _grain;
    private int _sequence;
    private int _inFlight;
    private int _waiting;
    private int _depth;
    private Phase _phase;
    private bool _running;
    private bool _busy;
    private bool _drop;

    internal Activation(GrainKind kind, string key, GrainReference reference)
    {
        GrainKind = kind;
        Key = key;
        Reference = reference;
        Lru.LastUsed = kind.Engine.Now;
    }

    private enum Phase : byte
    {
        Created,
        Activating,
        Active,
        Deactivating,
        Ended,
    }

    public string Key { get; }

    public TimeProvider Time => GrainKind.Engine.Time;

    public IGrains Grains => GrainKind.Scope;

    internal GrainKind GrainKind { get; }

    internal GrainReference Reference { get; }

    /// <summary>The plain grain, for the owner of a turn that begins a call.</summary>
    internal object Grain => _grain!;

    /// <summary>Calls and timers that wait; for statistics, read without the gate.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Nesting of the running turn on its thread's stack.</summary>
    internal int Depth => _depth;

    /// <summary>Takes the turn for a call if it can start at once.</summary>
    internal Admission Admit(bool interleaves, int depth)
    {
        Lru.LastUsed = GrainKind.Engine.Now;
        // A hint that saves a lock: whoever is told to queue finds out under the gate what is true.
        if (Volatile.Read(ref _running))
            return Admission.Queue;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Ended)
                return Admission.Gone;
            if (_running || _phase != Phase.Active || (_busy && !interleaves) || depth > MaxInlineDepth)
                return Admission.Queue;
            _running = true;
            _depth = depth;
            BeginCall(interleaves);
            return Admission.Run;
        }
    }

    /// <summary>Ends the turn that <see cref="Admit"/> gave.</summary>
    /// <param name="interleaves">Whether the call was an interleaving one.</param>
    /// <param name="ended">False when the call goes on after an await.</param>
    /// <param name="failed">Whether it ended with an exception.</param>
    internal void Leave(bool interleaves, bool ended, bool failed)
    {
        if (ended)
            EndCall(interleaves, failed);
        Activation? next;
        using (_gate.EnterScope())
            next = Settle();

        next?.Schedule();
    }

    /// <summary>Queues a call, timer or continuation. False if the activation ended (continuations are always taken).</summary>
    /// <param name="turn">The work.</param>
    /// <param name="depth">Nesting of the caller, who runs the first turns itself when that is allowed.</param>
    internal bool TryEnqueue(Turn turn, int depth)
    {
        bool wake;
        using (_gate.EnterScope())
        {
            if (turn.Kind == TurnKind.Continuation)
            {
                _continuations.Add(turn, this);
            }
            else
            {
                if (_phase == Phase.Ended)
                    return false;
                turn.Sequence = _sequence++;
                if (turn.Kind == TurnKind.Exclusive)
                    _exclusive.Add(turn, this);
                else
                    _interleaving.Add(turn, this);
                _waiting++;
            }

            wake = !_running && HasRunnable();
            _running |= wake;
        }

        if (!wake)
            return true;
        if (depth is > 0 and <= MaxInlineDepth)
            RunTurns(turns: 2, depth);
        else
            Schedule();
        return true;
    }

    /// <summary>Takes a call out of the queue. False if it started, or ended, or never was queued.</summary>
    internal bool TryWithdraw(Turn turn)
    {
        using (_gate.EnterScope())
        {
            if (turn.Owner != this)
                return false;
            if (turn.Kind == TurnKind.Exclusive)
                _exclusive.Remove(turn);
            else
                _interleaving.Remove(turn);
            _waiting--;
            return true;
        }
    }

    /// <summary>Ends a call. Called by the owner of the turn.</summary>
    internal void EndCall(bool interleaves, bool failed)
    {
        _inFlight--;
        if (interleaves)
            return;
        _busy = false;
        if (failed)
            _drop = true;
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        var turn = new ContinuationTurn(d, state);
        // On this context the thread owns the turn: nobody need be kept out or woken.
        if (Current == this)
            _posted.Add(turn, this);
        else
            TryEnqueue(turn, depth: 0);
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A grain's turn cannot be entered synchronously; use Post or await.");

    public override SynchronizationContext CreateCopy() => this;

    void IThreadPoolWorkItem.Execute() => RunTurns(MaxTurnsPerSlice, depth: 1);

    private void Schedule() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Runs turns until none is ready or the slice is used up. The calling thread owns the turn.</summary>
    private void RunTurns(int turns, int depth)
    {
        var previous = Current;
        SetSynchronizationContext(this);
        _depth = depth;
        var end = System.Diagnostics.Stopwatch.GetTimestamp() + SliceTicks;
        try
        {
            var posted = false;
            for (var ran = 0; ; ran++)
            {
                Turn? turn = null;
                Activation? next = null;
                var more = ran < turns && (ran == 0 || System.Diagnostics.Stopwatch.GetTimestamp() < end);
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
