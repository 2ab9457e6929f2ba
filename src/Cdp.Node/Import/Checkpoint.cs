namespace Cdp.Node.Import;

/// <summary>How far an import came. Everything before <see cref="Units"/> is acknowledged or rejected.</summary>
public sealed record Checkpoint
{
    /// <summary>What it belongs to: file, mapping, server.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Units (lines, or groups of lines) done.</summary>
    public required long Units { get; init; }

    /// <summary>What was added to all times, in ticks of 100 ns: an import goes on with the shift it began with.</summary>
    public required long ShiftTicks { get; init; }

    /// <summary>Length of the rejects file in bytes at that point.</summary>
    public required long RejectsLength { get; init; }

    /// <summary>Token of the last acknowledged batch.</summary>
    public required string Token { get; init; }

    /// <summary>The counters at that point.</summary>
    public required ImportCounters Counters { get; init; }
}
