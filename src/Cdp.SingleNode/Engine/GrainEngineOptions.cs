using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>Settings of a <see cref="GrainEngine"/>.</summary>
public sealed record GrainEngineOptions
{
    /// <summary>
    /// Most activations of collectable kinds kept at once; beyond it the least recently used are deactivated. While
    /// deactivations save, the number may be exceeded. At least 1; default 1,000,000.
    /// </summary>
    public int MaxActivations { get; init; } = 1_000_000;

    /// <summary>
    /// Managed heap in bytes above which the least recently used activations are deactivated, an eighth at a time.
    /// Null (default): half of what the runtime says is available to the process.
    /// </summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>Reads the size of the managed heap; for tests. Default: the heap's size after the last collection.</summary>
    public Func<long>? ReadMemoryBytes { get; init; }

    /// <summary>
    /// Idle time after which an activation is deactivated unless its kind says otherwise. It is collected between one
    /// and two times this after its last call. Positive; default 10 minutes.
    /// </summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long <see cref="GrainEngine.StopAsync"/> waits for the calls of each kind to end, and again for its grains to
    /// save. Positive; default 20 seconds.
    /// </summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Clones every request and reply and fails a call whose messages were changed after they were sent. Slow; for
    /// tests. Default false.
    /// </summary>
    public bool CheckMessages { get; init; }

    /// <summary>Hears of exceptions that no caller awaits: of timers, deactivations and detached continuations. Must not throw.</summary>
    public Action<GrainFault>? OnFault { get; init; }

    /// <summary>The size of the managed heap, in bytes, above which memory presses.</summary>
    public long MemoryCeiling => MaxMemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    internal void Validate()
    {
        Require(MaxActivations >= 1, nameof(MaxActivations), "at least 1");
        Require(MaxMemoryBytes is null or > 0, nameof(MaxMemoryBytes), "positive");
        Require(IdleAfter > TimeSpan.Zero, nameof(IdleAfter), "positive");
        Require(DrainLimit > TimeSpan.Zero, nameof(DrainLimit), "positive");
    }

    private static void Require(bool fits, string option, string range)
    {
        if (!fits)
            throw new ArgumentException($"The engine's option {option} must be {range}.", option);
    }
}

/// <summary>An exception in a grain that no caller awaits. It carries no key, so that it can be logged.</summary>
/// <param name="Kind">The grain's kind (<see cref="GrainType.Kind"/>).</param>
/// <param name="During">What ran: a timer, a deactivation, a continuation.</param>
/// <param name="Exception">What was thrown.</param>
public sealed record GrainFault(string Kind, string During, Exception Exception);
