using Cdp.Domain.Consent;
using Cdp.Domain.Identity;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Events;

/// <summary>Tells whether an event keeps the limits of <see cref="EventLimits"/> and of the contract's comments.</summary>
public static class EventValidator
{
    private const string ReservedPrefix = "cdp.";

    /// <summary>Whether a type belongs to the platform.</summary>
    public static bool IsReserved(string type) => type.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Judges a batch as a whole, before its events are judged one by one.</summary>
    /// <param name="events">Number of events.</param>
    /// <param name="bytes">Size of the request on the wire.</param>
    public static EventRefusal? ValidateBatch(int events, long bytes)
    {
        if (bytes > EventLimits.MaxBatchBytes)
            return new(Reasons.BatchTooLarge, "", $"The batch takes {bytes} bytes; at most {EventLimits.MaxBatchBytes} are taken. Send fewer events at a time.");
        if (events > EventLimits.MaxBatchEvents)
            return new(Reasons.BatchTooManyEvents, "events", $"The batch holds {events} events; at most {EventLimits.MaxBatchEvents} are taken. Send several batches.");
        return null;
    }

    /// <summary>Judges one event. Never throws.</summary>
    /// <param name="wireBytes">The event on the wire.</param>
    /// <param name="head">Its head; null where the event is too large or cannot be read.</param>
    /// <returns>The first thing that is wrong, or null.</returns>
    public static EventRefusal? Validate(ReadOnlySpan<byte> wireBytes, out EventHead? head)
    {
        head = null;
        if (CheckSize(wireBytes.Length) is { } tooLarge)
            return tooLarge;
        try
        {
            head = EventReader.Head(wireBytes);
            return CheckNames(head)
                ?? CheckTime(head.OccurredAt, "occurred_at")
                ?? CheckTime(head.SentAt, "sent_at")
                ?? CheckIdentifiers(head)
                ?? (PlainEvent.IsRight(wireBytes) ? null : CheckBody(EventReader.Whole(wireBytes)));
        }
        catch (InvalidProtocolBufferException)
        {
            head = null;
            return new(Reasons.EventMalformed, "", "The bytes are not a cdp.v1.Event. Generate your client from the current protos.");
        }
    }

    private static EventRefusal? CheckBody(Event candidate) =>
        ValueValidator.CheckMap(candidate.Properties, "properties")
        ?? ValueValidator.CheckMap(candidate.Context, "context")
        ?? TraitValidator.Check(candidate.Traits);

    private static EventRefusal? CheckSize(int bytes) =>
        bytes <= EventLimits.MaxEventBytes
            ? null
            : new(Reasons.EventTooLarge, "", $"The event takes {bytes} bytes; at most {EventLimits.MaxEventBytes} are taken. Leave out large properties or refer to them.");

    internal static EventRefusal? CheckTime(Timestamp? time, string field)
    {
        if (time is null)
            return null;
        if (time.UnixMicros is < EventLimits.MinMicros or > EventLimits.MaxMicros)
            return new(Reasons.TimestampOutOfRange, field, "The moment lies outside the years 0001 to 9999. Send microseconds since 1970-01-01T00:00:00Z.");
        if (time.UtcOffsetMinutes is < -EventLimits.MaxUtcOffsetMinutes or > EventLimits.MaxUtcOffsetMinutes)
            return new(Reasons.UtcOffsetOutOfRange, field, "The offset from UTC exceeds 18 hours. Send minutes, -1080 to 1080.");
        return null;
    }

    internal static EventRefusal? CheckText(string text, int maxLength, string field, string tooLong)
    {
        if (text.Length > maxLength)
            return new(tooLong, field, $"It has {text.Length} characters; at most {maxLength} are taken.");
        foreach (char c in text)
        {
            if (char.IsControl(c))
                return new(Reasons.TextInvalid, field, "It holds a control character. Send printable text.");
        }

        return null;
    }

    private static EventRefusal? CheckNames(EventHead candidate)
    {
        if (candidate.Id.Length == 0)
            return new(Reasons.IdMissing, "id", "The event has no id. Send one that is unique within its source, so that a repeated event counts once.");
        if (candidate.Kind is < EventKind.Unspecified or > EventKind.Alias)
            return new(Reasons.KindUnknown, "kind", "This server knows no such kind. Send TRACK, IDENTIFY, PAGE, SCREEN, GROUP or ALIAS.");
        if (candidate.Type.Length == 0 && candidate.Kind is (EventKind.Unspecified or EventKind.Track))
            return new(Reasons.TypeMissing, "type", "A TRACK event needs a type, e.g. \"Order Completed\".");
        if (IsReserved(candidate.Type) && !string.Equals(candidate.Type, ConsentEvents.Type, StringComparison.Ordinal))
            return new(Reasons.TypeReserved, "type", "Types that begin with \"cdp.\" belong to the platform, but for acts of consent (\"cdp.consent\"). Choose another name.");
        return CheckText(candidate.Id, EventLimits.MaxIdLength, "id", Reasons.IdTooLong)
            ?? CheckText(candidate.Type, EventLimits.MaxTypeLength, "type", Reasons.TypeTooLong)
            ?? CheckText(candidate.Source, EventLimits.MaxNameLength, "source", Reasons.SourceTooLong)
            ?? CheckText(candidate.Channel, EventLimits.MaxNameLength, "channel", Reasons.ChannelTooLong)
            ?? CheckText(candidate.SessionId, EventLimits.MaxIdLength, "session_id", Reasons.SessionIdTooLong);
    }

    private static EventRefusal? CheckIdentifiers(EventHead candidate)
    {
        var identifiers = candidate.Identifiers;
        if (identifiers.Count == 0)
            return new(Reasons.IdentifierMissing, "identifiers", "The event names nobody. Send at least one identifier.");
        if (identifiers.Count > EventLimits.MaxIdentifiers)
            return new(Reasons.TooManyIdentifiers, "identifiers", $"The event has {identifiers.Count} identifiers; at most {EventLimits.MaxIdentifiers} are taken.");
        for (int i = 0; i < identifiers.Count; i++)
        {
            var identifier = identifiers[i];
            if (!IdentifierNormalizer.IsNamespace(identifier.Namespace))
                return new(Reasons.NamespaceInvalid, $"identifiers[{i}].namespace", "A namespace has 1 to 64 characters of a-z, 0-9, \"_\", \".\" and \"-\", e.g. \"email\".");

            // An empty value is a blocked one: it identifies nobody and is left out, as the identity rules say.
            if (identifier.Value.Length > EventLimits.MaxIdentifierLength)
                return new(Reasons.IdentifierTooLong, $"identifiers[{i}].value", $"The value has {identifier.Value.Length} characters; at most {EventLimits.MaxIdentifierLength} are taken.");
        }

        return null;
    }
}
