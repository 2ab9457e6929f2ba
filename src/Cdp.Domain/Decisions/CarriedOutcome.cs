using System.Globalization;
using Cdp.Domain.Events;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Decisions;

/// <summary>What an event says of a decision, as an outcome like any other.</summary>
public static class CarriedOutcome
{
    /// <summary>Begins the ids of outcomes that events carry. Types and ids that begin with <c>cdp.</c> are the platform's: no recorded outcome has such an id.</summary>
    public const string IdPrefix = "cdp.event.";

    /// <summary>
    /// The id of an event's outcome. All copies of the event have the same, and it tells nothing of source and id: it stays
    /// where the event is erased.
    /// </summary>
    /// <param name="eventId">Hash of the event's source and id (<see cref="EventHash.IdOf"/>).</param>
    public static string IdOf(UInt128 eventId) => string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{eventId:x32}");

    /// <summary>The outcome that an event carries; it happened when the event did.</summary>
    /// <param name="head">The event's head.</param>
    /// <param name="eventId">Hash of the event's source and id.</param>
    /// <param name="receivedAt">When the event was received, in microseconds since the epoch.</param>
    /// <returns>Null where it carries none.</returns>
    public static Outcome? Of(EventHead head, UInt128 eventId, long receivedAt) => head.Outcome is not { } said
        ? null
        : new Outcome
        {
            Id = IdOf(eventId),
            DecisionId = said.DecisionId,
            ActionId = said.ActionId,
            Kind = said.Kind,
            Value = said.Value,
            OccurredAt = new Timestamp { UnixMicros = EffectiveTime.Of(head.OccurredAt, head.SentAt, receivedAt) },
        };
}
