namespace Cdp.Node.Import;

/// <summary>How one import runs.</summary>
public sealed record ImportOptions
{
    /// <summary>Most events in one call, 1 to 1,000.</summary>
    public int BatchSize { get; init; } = 500;

    /// <summary>Most calls in flight at once.</summary>
    public int Window { get; init; } = 4;

    /// <summary>File for rejected lines; made when the first line is rejected.</summary>
    public required string RejectsPath { get; init; }

    /// <summary>Whether all times move so that the newest event is now.</summary>
    public bool ShiftToNow { get; init; }

    /// <summary>Where progress is kept; null: nowhere, the import always starts at the beginning.</summary>
    public CheckpointFile? Checkpoint { get; init; }

    /// <summary>What the progress belongs to: file, mapping and server. Progress of anything else is not continued.</summary>
    public string Fingerprint { get; init; } = "";
}
