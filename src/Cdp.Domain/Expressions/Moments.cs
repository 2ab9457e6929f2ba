using System.Globalization;
using System.Text;
using Cdp.Domain.Events;

namespace Cdp.Domain.Expressions;

/// <summary>How expressions write moments and lengths of time.</summary>
internal static class Moments
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFK",
    ];

    private static readonly (char Unit, long Micros)[] Units =
        [('w', 604_800_000_000), ('d', 86_400_000_000), ('h', 3_600_000_000), ('m', 60_000_000), ('s', 1_000_000)];

    /// <summary>Length of a unit in microseconds; null where the letter names none.</summary>
    public static long? MicrosOf(char unit)
    {
        foreach (var (letter, length) in Units)
        {
            if (letter == unit)
                return length;
        }

        return null;
    }

    /// <summary>Reads a date, midnight UTC, or a time with its offset, as ISO 8601 writes them.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long micros)
    {
        bool isTime = text.Contains('T');
        bool hasOffset = text.EndsWith("Z") || (isTime && text[(text.IndexOf('T') + 1)..].IndexOfAny('+', '-') >= 0);
        if (isTime != hasOffset || !DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            micros = 0;
            return false;
        }

        micros = UnixTime.Micros(time);
        return true;
    }

    /// <summary>The shortest form that reads back as the moment.</summary>
    public static string Format(long micros)
    {
        var time = DateTimeOffset.UnixEpoch.AddTicks(micros * 10);
        string format = (time.TimeOfDay, micros % 1_000_000) switch
        {
            ({ Ticks: 0 }, _) => "yyyy-MM-dd",
            (_, 0) => "yyyy-MM-ddTHH:mm:ssZ",
            _ => "yyyy-MM-ddTHH:mm:ss.FFFFFFZ",
        };
        return time.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Largest units first, e.g. <c>1d12h</c>; parts of a second, which no literal has, are left out.</summary>
    public static string FormatDuration(Int128 micros)
    {
        var text = new StringBuilder();
        var left = Int128.Abs(micros);
        foreach (var (unit, length) in Units)
        {
            // Weeks only where nothing is left over: 30d rather than 4w2d.
            if (left < length || (unit == 'w' && left % length != 0))
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{left / length}{unit}");
            left %= length;
        }

        string size = text.Length == 0 ? "0s" : text.ToString();
        return micros < 0 && text.Length > 0 ? $"-{size}" : size;
    }
}
