using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Domain.Tests.Events;

public sealed class EffectiveTimeTests
{
    private const long Received = 1_700_000_000_000_000;
    private const long Minute = 60_000_000;

    [Theory]
    [InlineData(null, null, 0)]
    [InlineData(null, -3L, 0)]
    [InlineData(-10L, null, -10)]
    [InlineData(4L, null, 4)]
    [InlineData(6L, null, 5)]
    [InlineData(-10L, -2L, -8)]
    [InlineData(50L, 60L, -10)]
    [InlineData(-10L, -30L, 5)]
    public void It_is_when_it_occurred_by_the_corrected_clock_and_at_most_five_minutes_after_receipt(long? occurred, long? sent, long expected)
    {
        var candidate = new Event { OccurredAt = At(occurred), SentAt = At(sent) };
        Assert.Equal(Received + (expected * Minute), EffectiveTime.Of(candidate.OccurredAt, candidate.SentAt, Received));
    }

    [Theory]
    [InlineData(long.MaxValue, null, Received + (5 * Minute))]
    [InlineData(long.MinValue, null, EventLimits.MinMicros)]
    [InlineData(long.MinValue, long.MaxValue, EventLimits.MinMicros)]
    [InlineData(long.MaxValue, long.MinValue, Received + (5 * Minute))]
    public void It_stays_in_range_for_any_number(long occurred, long? sent, long expected)
    {
        var candidate = new Event { OccurredAt = new Timestamp { UnixMicros = occurred } };
        if (sent is { } micros)
            candidate.SentAt = new Timestamp { UnixMicros = micros };
        Assert.Equal(expected, EffectiveTime.Of(candidate.OccurredAt, candidate.SentAt, Received));
    }

    private static Timestamp? At(long? minutes) => minutes is { } m ? new Timestamp { UnixMicros = Received + (m * Minute) } : null;
}
