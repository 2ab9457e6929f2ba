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
/// either scheduled on the pool or took the turn in <see cref="TryEnqueue"/> or in <see cref="Admit"/> (<c>_inPlace</c>
/// then). The owner leaves through <see cref="Settle"/>, which looks for work under the gate, so that no wake-up is lost.
/// What belongs to the turn (<c>_busy</c>, <c>_inFlight</c>, <c>_depth</c>, <c>_posted</c>) is touched by its owner, or under
/// the gate while there is none.
/// </remarks>
internal sealed partial class Activation : SynchronizationContext, IGrainContext, IThreadPoolWorkItem
{
    /// <summary>Calls that run nested on one thread's stack before the next one is queued.</summary>
    private const int MaxInlineDepth = 8;

    /// <summary>Turns that a caller who wakes an activation runs on its own thread: loading it, and the call.</summary>
    private const int MaxTurnsOfWaker = 2;

    /// <summary>Turns of others that a caller runs after its own call, within a slice, before the pool takes over.</summary>
    private const int MaxTurnsOfOthers = 8;

    /// <summary>Looks at another caller's turn before a call is queued behind it: for as long as that would cost.</summary>
    private const int MaxLooks = 8;

    /// <summary>Between two looks, some 0.6 µs. Each takes the cache line from whoever runs there.</summary>
    private const int SpinsBetweenLooks = 16;

    private Gate _gate;
    private TurnList _continuations;
    private TurnList _posted;
    private TurnList _interleaving;
    private TurnList _exclusive;
    private object? _grain;
    private int _sequence;
    private int _inFlight;
    private int _waiting;
    private Phase _phase;
    private byte _depth;
    private bool _running;
    private bool _inPlace;
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
        var now = GrainKind.Engine.Now;
        // Once a second, not each time: the callers of a busy grain share the cache line.
        if (Lru.LastUsed != now)
            Lru.LastUsed = now;
        // A hint that saves a lock: whoever is told to queue finds out under the gate what is true.
        if (RunsOn())
            return Admission.Queue;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Ended)
                return Admission.Gone;
            if (_running || _phase != Phase.Active || (_busy && !interleaves) || depth > MaxInlineDepth)
                return Admission.Queue;
            _running = true;
            _inPlace = true;
            _depth = (byte)depth;
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
        bool runNext;
        using (_gate.EnterScope())
        {
            next = Settle();
            runNext = ended && next == this && OnlyCallsWait;
            _inPlace = runNext;
        }

        if (runNext)
            RunTurns(MaxTurnsOfOthers, _depth);
        else
            next?.Schedule();
    }

    /// <summary>Queues a call or continuation. False if the activation ended (continuations are always taken).</summary>
    /// <param name="turn">The work.</param>
    /// <param name="depth">Nesting of the caller, who runs the first turns itself when that is allowed.</param>
    internal bool TryEnqueue(Turn turn, int depth)
    {
        bool wake;
        using (_gate.EnterScope())
        {
            if (_phase == Phase.Ended && turn.Kind != TurnKind.Continuation)
                return false;
            wake = EnqueueLocked(turn);
        }

        if (!wake)
            return true;
        if (depth is > 0 and <= MaxInlineDepth)
            RunTurns(MaxTurnsOfWaker, depth);
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

    /// <summary>Queues a turn. True if the caller must see to it that it runs: it owns the turn then.</summary>
    private bool EnqueueLocked(Turn turn)
    {
        if (turn.Kind == TurnKind.Continuation)
        {
            _continuations.Add(turn, this);
        }
        else
        {
            turn.Sequence = _sequence++;
            if (turn.Kind == TurnKind.Exclusive)
                _exclusive.Add(turn, this);
            else
                _interleaving.Add(turn, this);
            _waiting++;
        }

        var wake = !_running && HasRunnable();
        _running |= wake;
        return wake;
    }

    /// <summary>
    /// Whether a turn runs that does not end at once. A call in place is watched for a moment: it is mostly shorter than
    /// it takes to queue another one and to resume its caller. A turn of the pool is not, since it may not have begun.
    /// </summary>
    private bool RunsOn()
    {
        for (var looks = 0; Volatile.Read(ref _running); looks++)
        {
            if (looks == MaxLooks || !Volatile.Read(ref _inPlace))
                return true;
            Thread.SpinWait(SpinsBetweenLooks);
        }

        return false;
    }
}
