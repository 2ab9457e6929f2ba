namespace Cdp.Domain.Events;

/// <summary>Currency codes (ISO 4217, alphabetic).</summary>
public static class Currencies
{
    /// <summary>ISO 4217's code for "no currency": stands for one that cannot be read.</summary>
    public const string None = "XXX";

    /// <summary>Tells whether a text has the form of a code: three capital letters.</summary>
    public static bool IsCode(string text) =>
        text.Length == 3 && char.IsAsciiLetterUpper(text[0]) && char.IsAsciiLetterUpper(text[1]) && char.IsAsciiLetterUpper(text[2]);

    /// <summary>The code that a text names; <see cref="None"/> where it names none.</summary>
    public static string Read(string text)
    {
        if (IsCode(text))
            return text;
        string trimmed = text.Trim().ToUpperInvariant();
        return IsCode(trimmed) ? trimmed : None;
    }
}
