using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>What became of a unit: exactly one of event, rejection and <see cref="IsDuplicate"/>.</summary>
public sealed record MappedUnit
{
    /// <summary>The lines.</summary>
    public required ImportUnit Unit { get; init; }

    /// <summary>The event to publish, or null.</summary>
    public Event? Event { get; init; }

    /// <summary>The event's size on the wire in bytes; 0 without one.</summary>
    public int Size { get; init; }

    /// <summary>Why nothing is published, or null.</summary>
    public Rejection? Rejection { get; init; }

    /// <summary>True if the file holds the same id with the same content before.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>True if fields of the items were left out to keep the event within its limit.</summary>
    public bool IsTrimmed { get; init; }
}
