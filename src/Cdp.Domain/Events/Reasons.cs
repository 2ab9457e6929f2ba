namespace Cdp.Domain.Events;

/// <summary>Stable reasons of refusals at intake. Part of the API: never renamed, each explained in docs/errors.md.</summary>
public static class Reasons
{
    /// <summary>The bytes are no event.</summary>
    public const string EventMalformed = "EVENT_MALFORMED";

    /// <summary>The event takes more than <see cref="EventLimits.MaxEventBytes"/>.</summary>
    public const string EventTooLarge = "EVENT_TOO_LARGE";

    /// <summary>The batch takes more than <see cref="EventLimits.MaxBatchBytes"/>.</summary>
    public const string BatchTooLarge = "BATCH_TOO_LARGE";

    /// <summary>The batch holds more than <see cref="EventLimits.MaxBatchEvents"/> events.</summary>
    public const string BatchTooManyEvents = "BATCH_TOO_MANY_EVENTS";

    /// <summary>The event has no id.</summary>
    public const string IdMissing = "ID_MISSING";

    /// <summary>The event's id is too long.</summary>
    public const string IdTooLong = "ID_TOO_LONG";

    /// <summary>The event's kind is none that this server knows.</summary>
    public const string KindUnknown = "KIND_UNKNOWN";

    /// <summary>A TRACK event has no type.</summary>
    public const string TypeMissing = "TYPE_MISSING";

    /// <summary>The event's type is too long.</summary>
    public const string TypeTooLong = "TYPE_TOO_LONG";

    /// <summary>Types that begin with <c>cdp.</c> belong to the platform.</summary>
    public const string TypeReserved = "TYPE_RESERVED";

    /// <summary>The source's name is too long.</summary>
    public const string SourceTooLong = "SOURCE_TOO_LONG";

    /// <summary>The channel's name is too long.</summary>
    public const string ChannelTooLong = "CHANNEL_TOO_LONG";

    /// <summary>The session's id is too long.</summary>
    public const string SessionIdTooLong = "SESSION_ID_TOO_LONG";

    /// <summary>A name holds a control character.</summary>
    public const string TextInvalid = "TEXT_INVALID";

    /// <summary>A moment lies outside the years 0001 to 9999.</summary>
    public const string TimestampOutOfRange = "TIMESTAMP_OUT_OF_RANGE";

    /// <summary>An offset from UTC exceeds 18 hours.</summary>
    public const string UtcOffsetOutOfRange = "UTC_OFFSET_OUT_OF_RANGE";

    /// <summary>The event names nobody.</summary>
    public const string IdentifierMissing = "IDENTIFIER_MISSING";

    /// <summary>The event has more than <see cref="EventLimits.MaxIdentifiers"/> identifiers.</summary>
    public const string TooManyIdentifiers = "TOO_MANY_IDENTIFIERS";

    /// <summary>A namespace is empty, too long or has a character outside <c>[a-z0-9_.-]</c>.</summary>
    public const string NamespaceInvalid = "NAMESPACE_INVALID";

    /// <summary>An identifier's value is too long.</summary>
    public const string IdentifierTooLong = "IDENTIFIER_TOO_LONG";

    /// <summary>A value has no kind that this server knows.</summary>
    public const string ValueMissing = "VALUE_MISSING";

    /// <summary>A value nests lists and maps too deep.</summary>
    public const string ValueTooDeep = "VALUE_TOO_DEEP";

    /// <summary>A decimal number is not in plain notation or has too many digits.</summary>
    public const string DecimalInvalid = "DECIMAL_INVALID";

    /// <summary>A double is infinite or not a number.</summary>
    public const string DoubleNotFinite = "DOUBLE_NOT_FINITE";

    /// <summary>A currency code is not three capital letters.</summary>
    public const string CurrencyInvalid = "CURRENCY_INVALID";

    /// <summary>A trait's name is empty or too long.</summary>
    public const string TraitNameInvalid = "TRAIT_NAME_INVALID";

    /// <summary>A trait's value takes more than <see cref="EventLimits.MaxTraitValueBytes"/>.</summary>
    public const string TraitValueTooLarge = "TRAIT_VALUE_TOO_LARGE";

    /// <summary>What is added to a trait is no number.</summary>
    public const string TraitAddNotNumeric = "TRAIT_ADD_NOT_NUMERIC";

    /// <summary>One event changes the same trait in two ways.</summary>
    public const string TraitNamedTwice = "TRAIT_NAMED_TWICE";
}
