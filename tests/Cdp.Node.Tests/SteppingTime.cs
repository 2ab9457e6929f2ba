namespace Cdp.Node.Tests;

/// <summary>A clock on which every pause is over at once and moves the time by its length.</summary>
internal sealed class SteppingTime : TimeProvider
{
    private readonly Lock _turn = new();
    private DateTimeOffset _now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    public List<TimeSpan> Pauses { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_turn)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public void Advance(TimeSpan span)
    {
        lock (_turn)
            _now += span;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Elapsed();
        if (dueTime < TimeSpan.Zero)
            return timer;
        lock (_turn)
        {
            _now += dueTime;
            Pauses.Add(dueTime);
        }

        // Not before the caller holds its timer.
        ThreadPool.QueueUserWorkItem(_ => callback(state));
        return timer;
    }

    private sealed class Elapsed : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
