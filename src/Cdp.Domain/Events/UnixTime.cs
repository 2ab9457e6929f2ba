namespace Cdp.Domain.Events;

/// <summary>Moments as contracts and states hold them.</summary>
public static class UnixTime
{
    /// <summary>Microseconds since the epoch, UTC, rounded towards zero.</summary>
    public static long Micros(DateTimeOffset moment) => (moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
}
