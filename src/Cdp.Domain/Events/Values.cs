using System.Globalization;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Events;

/// <summary>Reads values as numbers, texts and by path.</summary>
public static class Values
{
    /// <summary>Reads an integer, a decimal or a double as nanos (see <see cref="Decimals"/>).</summary>
    public static bool TryGetNumber(Value value, out Int128 nanos)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.IntValue:
                nanos = (Int128)value.IntValue * Decimals.One;
                return true;
            case Value.KindOneofCase.DecimalValue:
                return Decimals.TryParse(value.DecimalValue, out nanos);
            case Value.KindOneofCase.DoubleValue:
                return Decimals.TryFromDouble(value.DoubleValue, out nanos);
            default:
                nanos = 0;
                return false;
        }
    }

    /// <summary>
    /// Reads an amount: a number, money, or a text in plain decimal notation, which some senders use for precision.
    /// </summary>
    /// <param name="value">What to read.</param>
    /// <param name="nanos">The amount; less than 10^15 units.</param>
    /// <param name="currency">The currency that money carries, else null.</param>
    public static bool TryGetAmount(Value value, out Int128 nanos, out string? currency)
    {
        currency = null;
        switch (value.KindCase)
        {
            case Value.KindOneofCase.MoneyValue:
                currency = Currencies.Read(value.MoneyValue.CurrencyCode);
                return Decimals.TryParse(value.MoneyValue.Amount, out nanos);
            case Value.KindOneofCase.StringValue:
                return Decimals.TryParse(value.StringValue, out nanos);
            default:
                return TryGetNumber(value, out nanos) && Decimals.IsInRange(nanos);
        }
    }

    /// <summary>Reads a name: a text that is not empty, or an integer.</summary>
    public static string? GetName(Value? value) => value?.KindCase switch
    {
        Value.KindOneofCase.StringValue => value.StringValue.Length == 0 ? null : value.StringValue,
        Value.KindOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>The value of a name in a map that was read as a list: the last one counts.</summary>
    public static Value? Find(RepeatedField<NamedValue> entries, string name)
    {
        for (int i = entries.Count - 1; i >= 0; i--)
        {
            if (string.Equals(entries[i].Name, name, StringComparison.Ordinal))
                return entries[i].Value;
        }

        return null;
    }

    /// <summary>Follows a path of names through nested maps; null where it ends.</summary>
    public static Value? Find(RepeatedField<NamedValue> entries, ReadOnlySpan<string> path) =>
        path.IsEmpty ? null : Into(Find(entries, path[0]), path[1..]);

    /// <summary>Follows names into nested maps; null where they lead nowhere.</summary>
    public static Value? Into(Value? value, ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (value?.KindCase != Value.KindOneofCase.MapValue || !value.MapValue.Fields.TryGetValue(name, out value))
                return null;
        }

        return value;
    }
}
