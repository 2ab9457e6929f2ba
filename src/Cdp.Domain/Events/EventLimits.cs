namespace Cdp.Domain.Events;

/// <summary>What one event and one batch may hold. Documented in docs/limits.md. Characters are UTF-16 code units.</summary>
public static class EventLimits
{
    /// <summary>Bytes of one event on the wire.</summary>
    public const int MaxEventBytes = 256 * 1024;

    /// <summary>Bytes of one batch on the wire.</summary>
    public const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>Events in one batch.</summary>
    public const int MaxBatchEvents = 1_000;

    /// <summary>Identifiers of one event.</summary>
    public const int MaxIdentifiers = 20;

    /// <summary>Depth of nested values; a value that is neither list nor map has depth 1.</summary>
    public const int MaxDepth = 16;

    /// <summary>Characters of an event's id, and of a session's.</summary>
    public const int MaxIdLength = 128;

    /// <summary>Characters of an event's type.</summary>
    public const int MaxTypeLength = 128;

    /// <summary>Characters of a source's name, a channel's and a namespace's.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Characters of an identifier's value.</summary>
    public const int MaxIdentifierLength = 512;

    /// <summary>Characters of a trait's name.</summary>
    public const int MaxTraitNameLength = 128;

    /// <summary>Bytes of a trait's value on the wire.</summary>
    public const int MaxTraitValueBytes = 8 * 1024;

    /// <summary>Minutes from UTC, either way.</summary>
    public const int MaxUtcOffsetMinutes = 1_080;

    /// <summary>0001-01-01T00:00:00Z in microseconds since the epoch.</summary>
    public const long MinMicros = -62_135_596_800_000_000;

    /// <summary>9999-12-31T23:59:59.999999Z in microseconds since the epoch.</summary>
    public const long MaxMicros = 253_402_300_799_999_999;
}
