using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Node.Import.Mapping;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>Reads the text of a cell as a typed value, exactly or not at all.</summary>
public static class CellReader
{
    /// <summary>ISO 8601, with or without an offset, with a space or a T, down to a day.</summary>
    public const string IsoFormat = "iso";

    /// <summary>Seconds since 1970-01-01T00:00:00Z.</summary>
    public const string UnixSeconds = "unix_seconds";

    /// <summary>Milliseconds since 1970-01-01T00:00:00Z.</summary>
    public const string UnixMillis = "unix_millis";

    private const decimal DecimalLimit = 1_000_000_000_000_000m;

    private static readonly string[] IsoFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd' 'HH:mmK", "yyyy-MM-dd",
    ];

    /// <summary>Reads an exact number of at most 15 digits before the point and 9 after it; null if it is none.</summary>
    public static decimal? Number(string text)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite | NumberStyles.AllowLeadingSign
            | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return decimal.TryParse(text, Style, CultureInfo.InvariantCulture, out var number) && Fits(number) ? number : null;
    }

    /// <summary>Tells whether a number has at most 15 digits before the point and 9 after it.</summary>
    public static bool Fits(decimal number) => decimal.Abs(number) < DecimalLimit && decimal.Round(number, 9) == number;

    /// <summary>Writes a number in plain notation without needless zeros.</summary>
    public static string PlainDecimal(decimal number) => number.ToString("0.#########", CultureInfo.InvariantCulture);

    /// <summary>Writes an amount in plain notation with at least two digits after the point.</summary>
    public static string PlainAmount(decimal number) => number.ToString("0.00#######", CultureInfo.InvariantCulture);

    /// <summary>Reads a truth value; null if it is none.</summary>
    public static bool? Bool(string text) => text.Trim().ToUpperInvariant() switch
    {
        "TRUE" or "YES" or "Y" or "1" => true,
        "FALSE" or "NO" or "N" or "0" => false,
        _ => null,
    };

    /// <summary>
    /// Reads a time; null if it is none. A local time that a zone shows twice is the earlier one; one that it skips is
    /// read with the offset before the gap.
    /// </summary>
    public static DateTimeOffset? Time(string text, TimeCell cell)
    {
        text = text.Trim();
        if (cell.Format is UnixSeconds or UnixMillis)
            return Unix(text, cell.Format == UnixSeconds ? 1_000_000m : 1_000m);
        var formats = cell.Format == IsoFormat ? IsoFormats : [cell.Format];
        if (!DateTime.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var read))
            return null;
        if (read.Kind == DateTimeKind.Unspecified)
            return Local(read, cell.TimeZone);

        // With an offset: read again in the type that keeps it.
        return DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var exact) ? exact : null;
    }

    /// <summary>Writes a time as the contract has it.</summary>
    public static Timestamp ToTimestamp(DateTimeOffset time) => new()
    {
        UnixMicros = UnixTime.Micros(time),
        UtcOffsetMinutes = (int)time.Offset.TotalMinutes,
    };

    private static DateTimeOffset? Unix(string text, decimal microsPerUnit)
    {
        if (Number(text) is not { } number)
            return null;
        var ticks = (decimal)DateTime.UnixEpoch.Ticks + (number * microsPerUnit * TimeSpan.TicksPerMicrosecond);
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? new DateTimeOffset((long)ticks, TimeSpan.Zero) : null;
    }

    private static DateTimeOffset? Local(DateTime local, TimeZoneInfo zone)
    {
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);

        // Only within hours of year 1 or 9999 does the UTC time not exist.
        var utc = local.Ticks - offset.Ticks;
        return utc >= DateTime.MinValue.Ticks && utc <= DateTime.MaxValue.Ticks ? new DateTimeOffset(local, offset) : null;
    }
}
