using System.Globalization;

namespace Cdp.Domain.Schemas;

/// <summary>The formats of texts that schemas may name.</summary>
internal enum TextFormat
{
    DateTime,
    Date,
    Email,
    Uri,
    Uuid,
}

/// <summary>Tells whether texts are written in a format.</summary>
internal static class TextFormats
{
    private static readonly string[] DateTimes = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Their names.</summary>
    public static string All => string.Join(", ", Enum.GetValues<TextFormat>().Select(NameOf));

    /// <summary>The name in a schema.</summary>
    public static string NameOf(TextFormat format) => format switch
    {
        TextFormat.DateTime => "date-time",
        TextFormat.Date => "date",
        TextFormat.Email => "email",
        TextFormat.Uri => "uri",
        _ => "uuid",
    };

    /// <summary>The format of a name; null: none.</summary>
    public static TextFormat? Find(string name) => Enum.GetValues<TextFormat>().Cast<TextFormat?>().FirstOrDefault(format => NameOf(format!.Value) == name);

    /// <summary>Whether a text is written in a format.</summary>
    public static bool IsMet(TextFormat format, string text) => format switch
    {
        // RFC 3339: with an offset.
        TextFormat.DateTime => DateTimeOffset.TryParseExact(text.ToUpperInvariant(), DateTimes, CultureInfo.InvariantCulture, DateTimeStyles.None, out _) && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-'),
        TextFormat.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        TextFormat.Email => IsAddress(text),
        TextFormat.Uri => Uri.TryCreate(text, UriKind.Absolute, out var uri) && text.StartsWith($"{uri.Scheme}:", StringComparison.OrdinalIgnoreCase),
        _ => Guid.TryParseExact(text, "D", out _),
    };

    /// <summary>One '@' with text on both sides, and nothing that stands in no address.</summary>
    private static bool IsAddress(string text) =>
        text.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < text.Length - 1 && text.LastIndexOf('@') == at && !text.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c));
}
