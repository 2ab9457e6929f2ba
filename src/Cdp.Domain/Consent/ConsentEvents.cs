using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Consent;

/// <summary>
/// Acts of consent as events: of type <c>cdp.consent</c>, with the properties <c>purpose</c> and <c>granted</c>, and
/// where they apply <c>channel</c>, <c>expires_at</c> and <c>proof</c>.
/// </summary>
public static class ConsentEvents
{
    /// <summary>Type of the events.</summary>
    public const string Type = "cdp.consent";

    /// <summary>Most characters of a proof.</summary>
    public const int MaxProof = 200;

    /// <summary>Stable reason of an act that cannot be read.</summary>
    public const string InvalidReason = "CONSENT_INVALID";

    /// <summary>Type of the events that restrict the use of all data, or end that: property <c>restricted</c>.</summary>
    public const string RestrictionType = "cdp.restriction";

    /// <summary>The property of such events.</summary>
    public const string RestrictedName = "restricted";

    private const string PurposeName = "purpose";
    private const string ChannelName = "channel";
    private const string GrantedName = "granted";
    private const string ExpiresName = "expires_at";
    private const string ProofName = "proof";

    /// <summary>Whether an event is an act of consent.</summary>
    public static bool Is(FoldedEvent e) => string.Equals(e.Type, Type, StringComparison.Ordinal);

    /// <summary>Whether an event restricts the use of all data, or ends that; null: it does not say.</summary>
    public static bool? RestrictedBy(FoldedEvent e) =>
        string.Equals(e.Type, RestrictionType, StringComparison.Ordinal) && Values.Find(e.Properties, RestrictedName) is { KindCase: Value.KindOneofCase.BoolValue } said
            ? said.BoolValue
            : null;

    /// <summary>The properties of an event that says an act.</summary>
    public static void Write(ConsentAct act, MapField<string, Value> properties)
    {
        properties[PurposeName] = new Value { StringValue = act.Purpose };
        properties[GrantedName] = new Value { BoolValue = act.Granted };
        if (act.Channel.Length > 0)
            properties[ChannelName] = new Value { StringValue = act.Channel };
        if (act.ExpiresAt is { } expires)
            properties[ExpiresName] = new Value { TimestampValue = expires };
        if (act.Proof.Length > 0)
            properties[ProofName] = new Value { StringValue = act.Proof };
    }

    /// <summary>The act that an event says.</summary>
    /// <param name="e">The event.</param>
    /// <param name="wrong">What is wrong with it, else null.</param>
    public static ConsentAct? TryRead(FoldedEvent e, out EventRefusal? wrong)
    {
        wrong = null;
        if (e.Kind is not (EventKind.Unspecified or EventKind.Track))
            wrong = Invalid("kind", "An act of consent is a TRACK event.");
        else if (Values.Find(e.Properties, PurposeName) is not { KindCase: Value.KindOneofCase.StringValue } purpose)
            wrong = Invalid($"properties.{PurposeName}", "Name the purpose that is allowed or refused, as a text.");
        else if (Values.Find(e.Properties, GrantedName) is not { KindCase: Value.KindOneofCase.BoolValue } granted)
            wrong = Invalid($"properties.{GrantedName}", "Say true (allowed) or false (refused), as a bool.");
        else if (Values.Find(e.Properties, ChannelName) is { KindCase: not Value.KindOneofCase.StringValue })
            wrong = Invalid($"properties.{ChannelName}", "Name a channel as a text, or leave it out.");
        else if (Values.Find(e.Properties, ExpiresName) is { KindCase: not Value.KindOneofCase.TimestampValue })
            wrong = Invalid($"properties.{ExpiresName}", "Give a timestamp, or leave it out.");
        else if (Values.Find(e.Properties, ProofName) is { KindCase: not Value.KindOneofCase.StringValue })
            wrong = Invalid($"properties.{ProofName}", "Give a text, or leave it out.");
        else
        {
            return new ConsentAct
            {
                Purpose = purpose.StringValue,
                Granted = granted.BoolValue,
                Channel = Values.Find(e.Properties, ChannelName)?.StringValue ?? string.Empty,
                ExpiresAt = Values.Find(e.Properties, ExpiresName)?.TimestampValue,
                Proof = Values.Find(e.Properties, ProofName)?.StringValue ?? string.Empty,
            };
        }

        return null;
    }

    /// <summary>What is wrong with an act, else null.</summary>
    /// <param name="act">The act.</param>
    /// <param name="definitions">The tenant's.</param>
    /// <param name="path">Where the act stands in what was sent, ending in a dot.</param>
    public static EventRefusal? Check(ConsentAct act, Definitions definitions, string path)
    {
        if (!definitions.IsDeclared(act.Purpose))
        {
            return new(
                TenantReasons.PurposeUndeclared, $"{path}{PurposeName}",
                $"This purpose is not declared. Declare it with PutPurpose, or name one of: {string.Join(", ", definitions.Purposes)}.");
        }

        if (EventValidator.CheckText(act.Channel, EventLimits.MaxNameLength, $"{path}{ChannelName}", InvalidReason) is { } channel)
            return channel;
        if (EventValidator.CheckText(act.Proof, MaxProof, $"{path}{ProofName}", InvalidReason) is { } proof)
            return proof;
        if (act.ExpiresAt is not null && !act.Granted)
            return Invalid($"{path}{ExpiresName}", "A refusal does not expire: it counts until the customer allows it. Leave it out.");
        return EventValidator.CheckTime(act.ExpiresAt, $"{path}{ExpiresName}");
    }

    private static EventRefusal Invalid(string field, string remedy) => new(InvalidReason, field, remedy);
}
