using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>The outcome that an event carries: its id and its time are the event's.</summary>
public sealed class CarriedOutcomeTests
{
    private const long Received = 1_700_000_000_000_000;

    private static readonly EventOutcome Said = new()
    {
        DecisionId = "c1.1.1.0000000000000001", ActionId = "a", Kind = OutcomeKind.Converted, Value = new Money { Amount = "1", CurrencyCode = "EUR" },
    };

    [Fact]
    public void It_says_what_the_event_says()
    {
        var outcome = Of(new EventHead { Outcome = Said });
        Assert.NotNull(outcome);
        Assert.Equal((Said.DecisionId, Said.ActionId, Said.Kind, Said.Value), (outcome.DecisionId, outcome.ActionId, outcome.Kind, outcome.Value));
        Assert.Equal(Received, outcome.OccurredAt.UnixMicros);
        Assert.Null(Of(new EventHead()));
    }

    [Fact]
    public void Its_id_is_the_same_for_every_copy_and_another_for_every_other_event()
    {
        var all = new[] { ("shop", "1"), ("shop", "2"), ("app", "1"), ("", "shop1") }.Select(e => CarriedOutcome.IdOf(EventHash.IdOf(e.Item1, e.Item2))).ToList();
        Assert.Distinct(all);
        Assert.All(all, id => Assert.True(EventValidator.IsReserved(id)));
        Assert.All(all, id => Assert.InRange(id.Length, 1, EventLimits.MaxIdLength));
        Assert.Equal(all[0], CarriedOutcome.IdOf(EventHash.IdOf("shop", "1")));
        Assert.DoesNotContain("shop", all[0], StringComparison.Ordinal);
    }

    [Fact]
    public void It_happened_when_the_event_did_by_a_clock_that_is_put_right()
    {
        var head = new EventHead { Outcome = Said, OccurredAt = At(1_000), SentAt = At(61_000_000) };
        Assert.Equal(Received - 60_999_000, Of(head)!.OccurredAt.UnixMicros);
        head = new EventHead { Outcome = Said, OccurredAt = At(EventLimits.MaxMicros) };
        Assert.Equal(Received + EffectiveTime.MaxAheadMicros, Of(head)!.OccurredAt.UnixMicros);
    }

    [Theory]
    [InlineData("a/b.1.1.0000000000000001")]
    [InlineData("a b.1.1.0000000000000001")]
    [InlineData("ä.1.1.0000000000000001")]
    [InlineData("..1.1.0000000000000001")]
    public void What_no_decision_is_called_is_no_id_of_one(string id)
    {
        Assert.False(DecisionId.TryParse(id, out _));
        Assert.Equal((OutcomeReasons.DecisionIdInvalid, "decision_id"), Wrong(id));
        Assert.Null(OutcomeValidator.Check(Said.DecisionId, Said.ActionId, Said.Kind, Said.Value, "EUR"));

        static (string, string) Wrong(string id) =>
            OutcomeValidator.Check(id, "a", OutcomeKind.Shown, null, "EUR") is { } refusal ? (refusal.Reason, refusal.Field) : default;
    }

    private static Outcome? Of(EventHead head) => CarriedOutcome.Of(head, EventHash.IdOf("shop", "1"), Received);

    private static Timestamp At(long micros) => new() { UnixMicros = micros };
}
