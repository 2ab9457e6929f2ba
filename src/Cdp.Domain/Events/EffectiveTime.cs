using Cdp.V1;

namespace Cdp.Domain.Events;

/// <summary>
/// The time by which events are ordered. Device clocks are wrong, but by the same amount when an event happened and
/// when it was sent: <c>occurred + (received - sent)</c>. This is the rule that collection APIs of the field call
/// "timestamp" (Segment spec, "Timestamps in the Common fields": timestamp = receivedAt - (sentAt - originalTimestamp)).
/// </summary>
public static class EffectiveTime
{
    /// <summary>How far after its receipt an event may lie, in microseconds: a clock in 2099 pins nothing.</summary>
    public const long MaxAheadMicros = 5L * 60 * 1_000_000;

    /// <summary>The effective time of an event in microseconds since the epoch.</summary>
    /// <param name="occurredAt">When it happened by the device's clock, if known.</param>
    /// <param name="sentAt">When it was sent by the device's clock, if known.</param>
    /// <param name="receivedAtMicros">When it was received, by the gateway's clock.</param>
    public static long Of(Timestamp? occurredAt, Timestamp? sentAt, long receivedAtMicros)
    {
        if (occurredAt is not { } occurred)
            return receivedAtMicros;
        // 128 bits: an event that was never validated may hold any number.
        Int128 corrected = sentAt is { } sent
            ? (Int128)occurred.UnixMicros + receivedAtMicros - sent.UnixMicros
            : occurred.UnixMicros;
        Int128 latest = (Int128)receivedAtMicros + MaxAheadMicros;
        return (long)Int128.Clamp(Int128.Min(corrected, latest), EventLimits.MinMicros, EventLimits.MaxMicros);
    }
}
