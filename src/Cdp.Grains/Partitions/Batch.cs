namespace Cdp.Grains.Partitions;

/// <summary>A delivered batch: it is applied when nothing of it is outstanding.</summary>
internal sealed class Batch(long end)
{
    /// <summary>The position after its last event.</summary>
    public long End { get; } = end;

    /// <summary>Hand-overs, merges, links and dead letters that have not returned; the delivery itself counts as one.</summary>
    public int Outstanding { get; set; } = 1;

    /// <summary>Events of it that are kept as dead letters.</summary>
    public int DeadLetters { get; set; }
}
