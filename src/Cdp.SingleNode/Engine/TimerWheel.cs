namespace Cdp.SingleNode.Engine;

/// <summary>
/// All timers of an engine, hashed by the tick at which they fire: starting and cancelling cost the same however many
/// there are. Driven by one timer of the <see cref="TimeProvider"/>, and often: what thousands of grains do once a second
/// would otherwise be done at once, before every call that comes meanwhile.
/// </summary>
internal sealed class TimerWheel
{
    internal const int TicksPerSecond = 32;

    // A round is longer than the time for which most timers run.
    private const int Slots = 2048;

    private readonly Lock _gate = new();
    private readonly GrainTimer?[] _slots = new GrainTimer?[Slots];
    private readonly TimeProvider _time;
    private readonly long _start;
    private long _tick;

    internal TimerWheel(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>Whole ticks since the engine began.</summary>
    internal long ElapsedTicks => (long)(_time.GetElapsedTime(_start).TotalSeconds * TicksPerSecond);

    /// <summary>Adds a timer; it fires at the first tick not before <paramref name="due"/> from now.</summary>
    internal void Add(GrainTimer timer, TimeSpan due)
    {
        var elapsed = _time.GetElapsedTime(_start);
        var ticks = Math.Ceiling((elapsed + Min(due, TimeSpan.MaxValue - elapsed)).TotalSeconds * TicksPerSecond);
        lock (_gate)
        {
            timer.Place = TimerPlace.Wheel;
            timer.DueTick = Math.Max((long)ticks, _tick + 1);
            ref var first = ref _slots[timer.DueTick % Slots];
            timer.NextInWheel = first;
            if (first is not null)
                first.PreviousInWheel = timer;
            first = timer;
        }
    }

    /// <summary>Takes a timer out, if it is still in.</summary>
    internal void Remove(GrainTimer timer)
    {
        lock (_gate)
        {
            if (timer.Place == TimerPlace.Wheel)
                RemoveLocked(timer);
        }
    }

    /// <summary>Fires every timer due by <paramref name="tick"/>, in order of their ticks.</summary>
    internal void Advance(long tick)
    {
        foreach (var timer in TakeDue(tick))
            timer.Fire();
    }

    private List<GrainTimer> TakeDue(long tick)
    {
        var due = new List<GrainTimer>();
        lock (_gate)
        {
            if (tick <= _tick)
                return due;
            // After a pause longer than one round, one round visits every slot.
            var from = Math.Max(_tick + 1, tick - Slots + 1);
            for (var at = from; at <= tick; at++)
            {
                for (var timer = _slots[at % Slots]; timer is not null;)
                {
                    var next = timer.NextInWheel;
                    if (timer.DueTick <= tick)
                    {
                        due.Add(timer);
                    }

                    timer = next;
                }
            }

            due.Sort(static (a, b) => a.DueTick.CompareTo(b.DueTick));
            foreach (var timer in due)
            {
                RemoveLocked(timer);
                timer.Place = TimerPlace.Due;
            }

            _tick = tick;
        }

        return due;
    }

    private void RemoveLocked(GrainTimer timer)
    {
        if (timer.PreviousInWheel is not null)
            timer.PreviousInWheel.NextInWheel = timer.NextInWheel;
        else
            _slots[timer.DueTick % Slots] = timer.NextInWheel;
        if (timer.NextInWheel is not null)
            timer.NextInWheel.PreviousInWheel = timer.PreviousInWheel;
        timer.NextInWheel = null;
        timer.PreviousInWheel = null;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
