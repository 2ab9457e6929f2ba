namespace Cdp.Gateway.Tests.Composed;

/// <summary>A clock that shows what it is told to; it may go back.</summary>
internal sealed class SettableTime : TimeProvider
{
    public DateTimeOffset Now { get; set; }

    public override DateTimeOffset GetUtcNow() => Now;
}
