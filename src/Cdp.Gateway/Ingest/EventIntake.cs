using Cdp.Domain;
using Cdp.Domain.Consent;
using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Events.Masking;
using Cdp.Domain.Identity;
using Cdp.Domain.Schemas;
using Cdp.Gateway.Keys;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Ingest;

/// <summary>Turns the bytes of one event into a record of the log: an event that counts, or a dead letter that says why not.</summary>
internal static class EventIntake
{
    private const int ToldViolations = 3;

    /// <summary>Reads one event.</summary>
    /// <param name="caller">Whose event it is.</param>
    /// <param name="bytes">The event on the wire.</param>
    /// <param name="receivedAt">Microseconds since the epoch.</param>
    /// <param name="partitions">Number of partitions.</param>
    public static Intake Read(Caller caller, ReadOnlySpan<byte> bytes, long receivedAt, int partitions)
    {
        IReadOnlyList<MaskedValue> masked = [];
        if (!caller.Definitions.Config.Tenant.KeepSensitiveValues && EventMask.Apply(bytes, out masked) is { } clean) bytes = clean;

        // An event that its key may not publish is kept as a dead letter, too: mostly it is the key that is too narrow.
        var refusal = EventValidator.Validate(bytes, out var head) ?? caller.Scope?.Check(head!);
        return refusal is null
            ? Accept(caller, head!, bytes, receivedAt, partitions, masked)
            : Refuse(caller, bytes, receivedAt, partitions, head, refusal, Findings(head, masked));
    }

    /// <summary>An event that the platform itself makes; its type may be reserved.</summary>
    public static Intake Own(Caller caller, Event made, long receivedAt, int partitions)
    {
        var bytes = made.ToByteArray();
        return Accept(caller, EventReader.Head(bytes), bytes, receivedAt, partitions, []);
    }

    private static Intake Accept(Caller caller, EventHead head, ReadOnlySpan<byte> bytes, long receivedAt, int partitions, IReadOnlyList<MaskedValue> masked)
    {
        var identifiers = caller.Identifiers.Resolve(head.Identifiers);
        if (identifiers.RefusedIndex >= 0)
        {
            return Refuse(caller, bytes, receivedAt, partitions, head, new EventRefusal(
                identifiers.Refusal.Reason, $"identifiers[{identifiers.RefusedIndex}].value", identifiers.Refusal.Message));
        }

        if (identifiers.Count == 0)
        {
            return Refuse(caller, bytes, receivedAt, partitions, head, new EventRefusal(
                IdentifierReasons.Blocked, "identifiers",
                "Every identifier has a value that stands for nobody (such as \"\", \"null\", \"0\", \"anonymous\"). Send one that is the customer's own, e.g. a device id."));
        }

        if (head.Outcome is { } said && OutcomeValidator.Check(said.DecisionId, said.ActionId, said.Kind, said.Value, caller.Definitions.CurrencyCode) is { } wrong)
            return Refuse(caller, bytes, receivedAt, partitions, head, wrong with { Field = $"outcome.{wrong.Field}" });

        if (string.Equals(head.Type, ConsentEvents.Type, StringComparison.Ordinal) && WrongConsent(caller, bytes) is { } unclear)
            return Refuse(caller, bytes, receivedAt, partitions, head, unclear);

        var source = SourceOf(caller, head);
        var breaches = Breaches(caller, head, bytes, out var breached);
        if (breached is not null && caller.Definitions.Meaning(head.Type, head.Kind).RejectsBreaches)
            return Refuse(caller, bytes, receivedAt, partitions, head, breached, breaches);
        var id = EventHash.IdOf(source, head.Id);
        var logged = new LoggedEvent
        {
            ReceivedAt = receivedAt,
            IdHashHigh = (ulong)(id >> 64),
            IdHashLow = (ulong)id,
            ContentHash = EventHash.ContentOf(bytes),
            Source = source,
            ApiKeyId = caller.Key.Id,
            Carried = CarriedOutcome.Of(head, id, receivedAt),
            Gpc = PrivacySignal.IsIn(bytes),
        };
        logged.Keys.Capacity = identifiers.Count;
        for (var i = 0; i < identifiers.Count; i++) logged.Keys.Add(identifiers.KeyAt(i));
        logged.Breaches.Add(breaches);
        logged.Breaches.Add(Findings(head, masked));
        if (breached is null && masked.Count > 0)
        {
            breached = new EventRefusal(
                EventMask.MaskedReason, masked[0].Path,
                $"This looks like {(masked[0].Kind == SensitiveText.CardNumber ? "the number of a payment card" : "a secret")}, and was masked before it was kept. Leave it out at its source.");
        }

        var payload = EventScanner.Compose(logged, LoggedEvent.EventFieldNumber, bytes);
        logged.Event = UnsafeByteOperations.UnsafeWrap(payload.AsMemory(payload.Length - bytes.Length));
        var partition = IdentifierKeys.PartitionOf(identifiers[0].Key, partitions);
        return new Intake(partition, new AppendedEvent(new LogRecord(caller.Tenant, LogRecordFlags.None, 0, payload), logged), null, breached is null ? string.Empty : head.Id)
        {
            Head = caller.Definitions.CollectsByPurpose ? head : null,
            Warning = breached,
        };
    }

    private static string SourceOf(Caller caller, EventHead head) => head.Source.Length > 0 ? SharedNames.Of(head.Source) : caller.Key.Source;

    private static EventRefusal? WrongConsent(Caller caller, ReadOnlySpan<byte> bytes) =>
        ConsentEvents.TryRead(EventReader.ForFold(bytes), out var wrong) is { } act ? ConsentEvents.Check(act, caller.Definitions, "properties.") : wrong;

    private static SchemaBreach[] Findings(EventHead? head, IReadOnlyList<MaskedValue> masked) =>
        [.. masked.Take(EventSchema.MaxViolations).Select(m => new SchemaBreach { Type = head?.Type ?? string.Empty, Path = m.Path, Keyword = m.Kind })];

    /// <summary>The rules of its type's schema that an event breaks, and what is said of them to who sent it.</summary>
    private static SchemaBreach[] Breaches(Caller caller, EventHead head, ReadOnlySpan<byte> bytes, out EventRefusal? breached)
    {
        breached = null;
        if (caller.Definitions.Meaning(head.Type, head.Kind).Schema is not { } schema || schema.Check(EventReader.Whole(bytes).Properties) is not { Count: > 0 } violations) return [];
        var more = violations.Count > ToldViolations ? " And more." : "";
        breached = new EventRefusal(
            EventSchema.ViolationReason, violations[0].Path,
            $"The event breaks the schema of its type: {string.Join(" ", violations.Take(ToldViolations).Select(v => $"{v.Path}: {v.Message}"))}{more} Send it as ListEventTypes says, or have the schema changed.");
        return [.. violations.Select(v => new SchemaBreach { Type = head.Type, Path = v.Path, Keyword = v.Keyword })];
    }

    private static Intake Refuse(
        Caller caller, ReadOnlySpan<byte> bytes, long receivedAt, int partitions, EventHead? head, EventRefusal refusal, params SchemaBreach[] breaches)
    {
        var logged = new LoggedEvent
        {
            ReceivedAt = receivedAt,
            ApiKeyId = caller.Key.Id,
            Refused = new Refusal
            {
                Reason = refusal.Reason, Field = refusal.Field, Message = refusal.Message, Raw = ByteString.CopyFrom(bytes), Source = head is null ? string.Empty : SourceOf(caller, head),
            },
            Breaches = { breaches },
        };
        var partition = (int)(System.IO.Hashing.XxHash3.HashToUInt64(bytes) % (ulong)partitions);
        var record = new LogRecord(caller.Tenant, LogRecordFlags.Refused, 0, logged.ToByteArray());
        return new Intake(partition, new AppendedEvent(record, logged), refusal, head?.Id ?? string.Empty);
    }
}

/// <summary>What became of one event at the door.</summary>
/// <param name="Partition">Where its record goes.</param>
/// <param name="Appended">The record.</param>
/// <param name="Refusal">Why it does not count; null: it counts.</param>
/// <param name="EventId">Its id where it could be read; empty where there is nothing to say of it.</param>
internal readonly record struct Intake(int Partition, AppendedEvent Appended, EventRefusal? Refusal, string EventId)
{
    /// <summary>
    /// Its head, where it counts and its customer may have to be asked. Else it is let go of at once: an event waits for the disk
    /// and for its customer, and what waits with it the garbage collector moves.
    /// </summary>
    public EventHead? Head { get; init; }

    /// <summary>What is wrong with it although it counts.</summary>
    public EventRefusal? Warning { get; init; }

    /// <summary>Whether nothing of it is kept: it is refused, and no dead letter either.</summary>
    public bool IsDropped { get; init; }
}
