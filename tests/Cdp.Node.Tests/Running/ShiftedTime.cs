namespace Cdp.Node.Tests.Running;

/// <summary>The system's clock, some time later.</summary>
internal sealed class ShiftedTime(TimeSpan later) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + later;
}
