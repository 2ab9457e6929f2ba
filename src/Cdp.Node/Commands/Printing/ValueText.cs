using System.Globalization;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes values, times and identifiers for people.</summary>
internal static class ValueText
{
    public static string Of(Value? value) => value?.KindCase switch
    {
        Value.KindOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        Value.KindOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        Value.KindOneofCase.DecimalValue => value.DecimalValue,
        Value.KindOneofCase.DoubleValue => value.DoubleValue.ToString("R", CultureInfo.InvariantCulture),
        Value.KindOneofCase.StringValue => value.StringValue,
        Value.KindOneofCase.TimestampValue => Of(value.TimestampValue),
        Value.KindOneofCase.MoneyValue => Of(value.MoneyValue),
        Value.KindOneofCase.ListValue => $"[{string.Join(", ", value.ListValue.Values.Select(Of))}]",
        Value.KindOneofCase.MapValue => $"{{{string.Join(", ", value.MapValue.Fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key}: {Of(f.Value)}"))}}}",
        _ => "null",
    };

    public static string Of(Money? money) => money is null ? "" : $"{money.Amount} {money.CurrencyCode}";

    public static string Of(Identifier? identifier) => identifier is null ? "" : $"{identifier.Namespace}:{identifier.Value}";

    public static string Of(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Writes a time as the clock showed it where it was recorded, with its offset.</summary>
    public static string Of(Timestamp? time)
    {
        if (time is null)
            return "";
        var ticks = DateTime.UnixEpoch.Ticks + ((Int128)time.UnixMicros * TimeSpan.TicksPerMicrosecond);
        var local = ticks + ((Int128)time.UtcOffsetMinutes * TimeSpan.TicksPerMinute);
        if (local < 0 || local > DateTime.MaxValue.Ticks)
            return string.Create(CultureInfo.InvariantCulture, $"{time.UnixMicros} µs");
        var sign = time.UtcOffsetMinutes < 0 ? '-' : '+';
        var offset = TimeSpan.FromMinutes(Math.Abs(time.UtcOffsetMinutes));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{new DateTime((long)local, DateTimeKind.Unspecified):yyyy-MM-dd HH:mm:ss.FFFFFF} {sign}{offset:hh\\:mm}");
    }
}
