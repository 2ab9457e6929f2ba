namespace Cdp.SingleNode.Engine;

/// <summary>
/// All timers of an engine, hashed by the second in which they fire: starting and cancelling cost the same however many
/// there are. Driven by one timer of the <see cref="TimeProvider"/>.
/// </summary>
internal sealed class TimerWheel
{
    private const int Slots = 1024;

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

    /// <summary>Whole seconds since the engine began.</summary>
    internal long ElapsedSeconds => (long)_time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Adds a timer; it fires at the first tick not before <paramref name="due"/> from now.</summary>
    internal void Add(GrainTimer timer, TimeSpan due)
    {
        var elapsed = _time.GetElapsedTime(_start);
        var seconds = Math.Ceiling((elapsed + Min(due, TimeSpan.MaxValue - elapsed)).TotalSeconds);
        lock (_gate)
        {
            timer.DueTick = Math.Max((long)seconds, _tick + 1);
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
            if (timer.DueTick >= 0)
                RemoveLocked(timer);
        }
    }

    /// <summary>Fires every timer due by <paramref name="tick"/>, in order of their seconds.</summary>
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
                RemoveLocked(timer);
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
        timer.DueTick = -1;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
