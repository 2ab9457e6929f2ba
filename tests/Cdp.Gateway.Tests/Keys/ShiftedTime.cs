namespace Cdp.Gateway.Tests.Keys;

/// <summary>The system's clock, with time that passes at once.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;

    public override long GetTimestamp() => (System.GetElapsedTime(0) + Shift).Ticks;
}
