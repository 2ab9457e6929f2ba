namespace Cdp.CrashKit;

/// <summary>Somebody with two devices, who is two customers until an event joins them.</summary>
public sealed class Shopper(int number)
{
    /// <summary>The devices.</summary>
    public IReadOnlyList<string> Devices { get; } = [$"shopper-{number}-phone", $"shopper-{number}-laptop"];

    /// <summary>Decisions asked for.</summary>
    public int Asked { get; set; }

    /// <summary>Of the events that made both customers; empty: not acknowledged.</summary>
    public string Token { get; set; } = string.Empty;

    /// <summary>Of an event that joined both; empty: none was acknowledged.</summary>
    public string JoinToken { get; set; } = string.Empty;
}
