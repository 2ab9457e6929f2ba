namespace Cdp.Gateway.Tests.Composed;

/// <summary>A clock on which a second passes in milliseconds: what waits for its time comes at once, and in turns.</summary>
internal sealed class FastTime : TimeProvider
{
    private const int Times = 50;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp() * (TimeSpan.TicksPerSecond / System.TimestampFrequency));

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => System.GetTimestamp() * Times;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

    /// <summary>A timer of the system counts whole milliseconds, and one of none fires once.</summary>
    private static TimeSpan Shorter(TimeSpan time) =>
        time > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Max(1, (time / Times).TotalMilliseconds)) : time;
}
