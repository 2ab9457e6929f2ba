namespace Cdp.Domain.Identity;

/// <summary>What became of an identifier as it was sent.</summary>
public enum IdentifierOutcome
{
    /// <summary>It identifies someone.</summary>
    Usable,

    /// <summary>It is well-formed but identifies nobody; it is left out of the event.</summary>
    Blocked,

    /// <summary>It cannot be read; the event is refused.</summary>
    Refused,
}

/// <summary>An identifier's value, normalised, or why it is not used.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Value">The normalised value; empty unless usable.</param>
/// <param name="Reason">Stable reason of a refusal (see <see cref="IdentifierReasons"/> and <see cref="Events.Reasons"/>), else empty.</param>
/// <param name="Message">What is wrong and what to do, without the value itself, else empty.</param>
public readonly record struct IdentifierResolution(IdentifierOutcome Outcome, string Value, string Reason, string Message)
{
    /// <summary>A value that identifies nobody.</summary>
    public static IdentifierResolution Blocked { get; } = new(IdentifierOutcome.Blocked, "", "", "");

    /// <summary>A value to compare.</summary>
    public static IdentifierResolution Usable(string value) => new(IdentifierOutcome.Usable, value, "", "");

    /// <summary>A value that cannot be read.</summary>
    public static IdentifierResolution Refused(string reason, string message) => new(IdentifierOutcome.Refused, "", reason, message);
}

/// <summary>Stable reasons that only identifiers have; see also <see cref="Events.Reasons"/>.</summary>
public static class IdentifierReasons
{
    /// <summary>Not an e-mail address.</summary>
    public const string EmailInvalid = "EMAIL_INVALID";

    /// <summary>Not a phone number, in the tenant's country or with a country code.</summary>
    public const string PhoneInvalid = "PHONE_INVALID";

    /// <summary>Every identifier stands for nobody.</summary>
    public const string Blocked = "IDENTIFIERS_BLOCKED";

    /// <summary>A link that would have passed a namespace's limit.</summary>
    public const string NamespaceLimit = "NAMESPACE_LIMIT";
}
