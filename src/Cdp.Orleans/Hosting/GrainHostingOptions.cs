namespace Cdp.Orleans.Hosting;

/// <summary>How a silo hosts plain grains.</summary>
public sealed record GrainHostingOptions
{
    /// <summary>
    /// Live activations above which the least recently used are deactivated, those of kinds that may not be collected left
    /// out. At least 1; default 1,000,000.
    /// </summary>
    public int MaxActivations { get; init; } = 1_000_000;

    /// <summary>Idle time after which an activation is deactivated unless its kind says otherwise. Positive; default 10 minutes.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a stop waits for the grains of one kind to end their calls and save. Positive; default 20 seconds.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Hears of exceptions that no caller awaits, of timers and deactivations: the grain's kind, what ran, and the exception.
    /// Must not throw.
    /// </summary>
    public Action<string, string, Exception>? OnFault { get; init; }
}
