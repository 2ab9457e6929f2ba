using System.Text.RegularExpressions;

namespace Cdp.Domain.Events.Masking;

/// <summary>Finds in texts what nobody should keep: numbers of payment cards, and secrets whose form gives them away.</summary>
/// <remarks>
/// A card number has the prefix and the length of a card network and a right check digit (ISO/IEC 7812-1, Luhn), with or without
/// spaces or hyphens between its digits. Of other numbers that look like one, one in ten has that check digit: those with another
/// prefix or length, as article numbers and times have, are left alone.
/// </remarks>
public static class SensitiveText
{
    /// <summary>What a card number is counted as.</summary>
    public const string CardNumber = "card_number";

    /// <summary>What a secret is counted as.</summary>
    public const string Secret = "secret";

    private const int FewestDigits = 14;
    private const int MostDigits = 19;
    private const int KeptDigits = 4;

    /// <summary>How secrets begin that are looked for.</summary>
    private static readonly byte[][] SecretStarts =
        [.. new[] { "sk_live_", "rk_live_", "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "github_pat_", "xoxb-", "xoxp-", "AIza", "-----BEGIN ", "eyJ", "cdp_" }.Select(System.Text.Encoding.ASCII.GetBytes)];

    private static readonly Regex Secrets = Linear(
        """
        \b(?:sk|rk)_live_[0-9A-Za-z]{16,}|\bA[KS]IA[0-9A-Z]{16}\b|\bgh[pos]_[0-9A-Za-z]{36,}|\bgithub_pat_[0-9A-Za-z_]{22,}|\bxox[bp]-[0-9A-Za-z-]{20,}|\bAIza[0-9A-Za-z_-]{35}|\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]+|\bcdp_[a-z0-9-]{1,40}_[0-9a-z]+_[0-9A-Za-z_-]{40,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)
        """);

    /// <summary>Digits with single spaces or hyphens between them.</summary>
    private static readonly Regex Numbers = Linear("[0-9](?:[ -]?[0-9]){13,}");

    /// <summary>Whether bytes may hold something: cheap, and never wrong where it says no.</summary>
    /// <param name="utf8">Any bytes in which texts stand in UTF-8.</param>
    public static bool MayBeIn(ReadOnlySpan<byte> utf8)
    {
        var digits = 0;
        foreach (var b in utf8)
        {
            if (b is >= (byte)'0' and <= (byte)'9')
            {
                if (++digits >= FewestDigits) return true;
            }
            else if (b is not ((byte)' ' or (byte)'-'))
            {
                digits = 0;
            }
        }

        foreach (var start in SecretStarts)
        {
            if (utf8.IndexOf(start) >= 0) return true;
        }

        return false;
    }

    /// <summary>A text with what it should not hold masked; null: there is nothing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="kind">What was found; the last of several.</param>
    public static string? Mask(string text, out string kind)
    {
        var found = string.Empty;
        var masked = Secrets.Replace(text, match =>
        {
            found = Secret;
            return "[secret]";
        });
        masked = Numbers.Replace(masked, match =>
        {
            if (MaskCards(match.Value) is not { } hidden) return match.Value;
            found = CardNumber;
            return hidden;
        });
        kind = found;
        return found.Length > 0 ? masked : null;
    }

    /// <summary>Hides the cards in a run of groups of digits, which may have other numbers before and behind; null: there is none.</summary>
    private static string? MaskCards(string run)
    {
        char[]? masked = null;
        for (var start = 0; start < run.Length;)
        {
            var end = EndOfCard(run, start);
            if (end > 0)
            {
                masked ??= run.ToCharArray();
                Hide(masked.AsSpan(start, end - start));
                start = end;
            }
            else
            {
                while (start < run.Length && char.IsAsciiDigit(run[start])) start++;
            }

            while (start < run.Length && !char.IsAsciiDigit(run[start])) start++;
        }

        return masked is null ? null : new string(masked);
    }

    /// <summary>Where the card ends that begins with a group, with the end of a group; 0: none begins there.</summary>
    private static int EndOfCard(string run, int start)
    {
        Span<char> digits = stackalloc char[MostDigits];
        var count = 0;
        for (var i = start; i < run.Length && count <= MostDigits; i++)
        {
            if (!char.IsAsciiDigit(run[i])) continue;
            if (count == MostDigits) return 0;
            digits[count++] = run[i];
            var endsGroup = i + 1 == run.Length || !char.IsAsciiDigit(run[i + 1]);
            if (endsGroup && HasPrefixOfItsLength(digits[..count]) && HasCheckDigit(digits[..count])) return i + 1;
        }

        return 0;
    }

    /// <summary>All digits but the last four.</summary>
    private static void Hide(Span<char> number)
    {
        var kept = 0;
        for (var i = number.Length - 1; i >= 0; i--)
        {
            if (char.IsAsciiDigit(number[i]) && kept++ >= KeptDigits) number[i] = '*';
        }
    }

    /// <summary>Networks by the first digits of their numbers, and the lengths that they use.</summary>
    private static bool HasPrefixOfItsLength(ReadOnlySpan<char> digits)
    {
        if (digits.Length < FewestDigits) return false;
        var four = int.Parse(digits[..4], System.Globalization.CultureInfo.InvariantCulture);
        return digits.Length switch
        {
            14 => four is >= 3000 and <= 3059 or >= 3600 and <= 3699 or >= 3800 and <= 3999,
            15 => four is >= 3400 and <= 3499 or >= 3700 and <= 3799,
            16 => four is >= 4000 and <= 4999 or >= 5100 and <= 5599 or >= 2221 and <= 2720 or 6011 or >= 6440 and <= 6599 or >= 3528 and <= 3589 or >= 6200 and <= 6299,
            _ => four is >= 6200 and <= 6299 || (digits.Length == 19 && four is >= 4000 and <= 4999),
        };
    }

    private static bool HasCheckDigit(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            if (i % 2 == 1 && (digit *= 2) > 9) digit -= 9;
            sum += digit;
        }

        return sum % 10 == 0;
    }

    /// <summary>An expression that takes time in proportion to the text, whoever wrote that.</summary>
    private static Regex Linear(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
