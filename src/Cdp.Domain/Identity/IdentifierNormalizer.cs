using System.Buffers;
using Cdp.Domain.Events;
using Cdp.V1;
using PhoneNumbers;

namespace Cdp.Domain.Identity;

/// <summary>Brings identifiers into the form that is compared, and sorts out what identifies nobody.</summary>
/// <remarks>
/// No provider's private rules (dots and sub-addresses of mail boxes) are applied: they change, and what they joined
/// by mistake could not be told apart again.
/// </remarks>
public static class IdentifierNormalizer
{
    /// <summary>Stands in every key. A change of any rule here is a new version and a re-keying of all links.</summary>
    public const int NormalizerVersion = 1;

    // Seven digits and the plus: the shortest national plans (Niue, +683 4000). Extensions and short codes are no one's.
    private const int ShortestPhone = 8;

    private static readonly SearchValues<char> NamespaceCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-");

    /// <summary>Whether a name is 1 to 64 of [a-z0-9_.-].</summary>
    public static bool IsNamespace(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= EventLimits.MaxNameLength && name.IndexOfAnyExcept(NamespaceCharacters) < 0;

    /// <summary>Normalises a value by its namespace's rule.</summary>
    /// <param name="rule">The namespace's rule.</param>
    /// <param name="value">The value as it was sent.</param>
    /// <param name="country">Country (ISO 3166-1 alpha-2) in which national phone numbers are read.</param>
    public static IdentifierResolution Normalize(in NamespaceRule rule, string value, string country)
    {
        if (!IsNamespace(rule.Name))
        {
            return IdentifierResolution.Refused(
                Reasons.NamespaceInvalid, "A namespace is 1 to 64 of the characters a-z, 0-9, '_', '.' and '-'.");
        }

        if (value.Length > EventLimits.MaxIdentifierLength)
        {
            return IdentifierResolution.Refused(
                Reasons.IdentifierTooLong,
                $"The value of an identifier has at most {EventLimits.MaxIdentifierLength} characters; this one has {value.Length}.");
        }

        var trimmed = value.Trim();
        if (BlockedValues.Contains(trimmed)) return IdentifierResolution.Blocked;
        var normalized = rule.Normalization switch
        {
            Normalization.Lower => IdentifierResolution.Usable(trimmed.ToLowerInvariant()),
            Normalization.Email => Email(trimmed),
            Normalization.Phone => Phone(trimmed, country),
            _ => IdentifierResolution.Usable(trimmed),
        };
        return rule.Blocked.Contains(normalized.Value) ? IdentifierResolution.Blocked : normalized;
    }

    private static IdentifierResolution Email(string trimmed)
    {
        var at = trimmed.LastIndexOf('@');
        var local = at < 0 ? default : trimmed.AsSpan(0, at);
        var quoted = local is ['"', .., '"'] && local.Length > 2;
        return local.IsEmpty || at == trimmed.Length - 1 || (!quoted && local.Contains('@'))
            ? IdentifierResolution.Refused(
                IdentifierReasons.EmailInvalid,
                "An e-mail address has one '@' with text on both sides. Send another value, or leave the identifier out.")
            : IdentifierResolution.Usable(trimmed.ToLowerInvariant());
    }

    private static IdentifierResolution Phone(string trimmed, string country)
    {
        var util = PhoneNumberUtil.GetInstance();
        try
        {
            // Possible, not valid: the table of assigned ranges lags behind what carriers hand out.
            var number = util.Parse(trimmed, country);
            var formatted = util.Format(number, PhoneNumberFormat.E164);
            if (util.IsPossibleNumber(number) && formatted.Length >= ShortestPhone) return IdentifierResolution.Usable(formatted);
        }
        catch (NumberParseException)
        {
            // Said below: the library reports text that is no number by throwing.
        }

        return IdentifierResolution.Refused(
            IdentifierReasons.PhoneInvalid,
            $"The value is no phone number, neither with a country code (+49 …) nor in the tenant's country {country}. Correct it, or leave the identifier out.");
    }
}
