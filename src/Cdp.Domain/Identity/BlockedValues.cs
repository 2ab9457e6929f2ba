using System.Buffers;
using System.Collections.Frozen;

namespace Cdp.Domain.Identity;

/// <summary>
/// Values that systems write where they know nobody. One of them taken for an identifier would make one customer of
/// thousands.
/// </summary>
public static class BlockedValues
{
    /// <summary>From this length on a value of one repeated character is a filler.</summary>
    public const int FillerLength = 8;

    private static readonly FrozenSet<string> Words = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "null", "(null)", "<null>", "undefined", "none", "(none)", "nil", "n/a", "na", "#n/a", "nan", "unknown", "anonymous",
        "guest", "test", "not set", "(not set)", "not_set", "no email", "true", "false", "[object object]", "-", "--", "?", "-1");

    private static readonly SearchValues<char> ZeroOrSeparator = SearchValues.Create("0-.+_:{}() ");

    /// <summary>Whether a value, white space at its ends removed, identifies nobody in any namespace.</summary>
    public static bool Contains(string trimmed) =>
        trimmed.Length == 0 || Words.Contains(trimmed) || IsAllZeros(trimmed) || IsFiller(trimmed);

    private static bool IsAllZeros(ReadOnlySpan<char> value) =>
        value.Contains('0') && value.IndexOfAnyExcept(ZeroOrSeparator) < 0;

    private static bool IsFiller(ReadOnlySpan<char> value) =>
        value.Length >= FillerLength && value.IndexOfAnyExcept(value[0]) < 0;
}
