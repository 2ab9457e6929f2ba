using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Events;

/// <summary>Judges values: kinds, depth, numbers, moments.</summary>
internal static class ValueValidator
{
    /// <summary>Judges the values of a map.</summary>
    public static EventRefusal? CheckMap(MapField<string, Value> map, string field) => CheckMap(map, 1, field);

    /// <summary>Judges one value; the path of what is wrong begins with <paramref name="field"/>.</summary>
    public static EventRefusal? Check(Value value, int depth, string field) =>
        Find(value, depth) is { } found ? found with { Field = field + found.Field } : null;

    private static EventRefusal? CheckMap(MapField<string, Value> map, int depth, string field)
    {
        foreach (var pair in map)
        {
            if (Find(pair.Value, depth) is { } found)
                return found with { Field = $"{field}.{pair.Key}{found.Field}" };
        }

        return null;
    }

    // Paths are built only on the way back from what was found: most values are right.
    private static EventRefusal? Find(Value value, int depth)
    {
        if (depth > EventLimits.MaxDepth)
            return new(Reasons.ValueTooDeep, "", $"Values nest at most {EventLimits.MaxDepth} deep. Flatten it.");
        switch (value.KindCase)
        {
            case Value.KindOneofCase.None:
                return new(Reasons.ValueMissing, "", "The value has no kind that this server knows. Send null_value for nothing.");
            case Value.KindOneofCase.DecimalValue:
                return CheckDecimal(value.DecimalValue, "");
            case Value.KindOneofCase.DoubleValue:
                return double.IsFinite(value.DoubleValue)
                    ? null
                    : new(Reasons.DoubleNotFinite, "", "Infinity and NaN are no values. Leave it out or send null_value.");
            case Value.KindOneofCase.TimestampValue:
                return EventValidator.CheckTime(value.TimestampValue, "");
            case Value.KindOneofCase.MoneyValue:
                return CheckMoney(value.MoneyValue);
            case Value.KindOneofCase.ListValue:
                return CheckList(value.ListValue, depth);
            case Value.KindOneofCase.MapValue:
                return CheckMap(value.MapValue.Fields, depth + 1, "");
            default:
                return null;
        }
    }

    private static EventRefusal? CheckList(ListValue list, int depth)
    {
        for (int i = 0; i < list.Values.Count; i++)
        {
            if (Find(list.Values[i], depth + 1) is { } found)
                return found with { Field = $"[{i}]{found.Field}" };
        }

        return null;
    }

    private static EventRefusal? CheckMoney(Money money) =>
        Currencies.IsCode(money.CurrencyCode)
            ? CheckDecimal(money.Amount, ".amount")
            : new(Reasons.CurrencyInvalid, ".currency_code", "A currency is an ISO 4217 code of three capital letters, e.g. \"EUR\".");

    private static EventRefusal? CheckDecimal(string text, string field) =>
        Decimals.TryParse(text, out _)
            ? null
            : new(Reasons.DecimalInvalid, field, "A decimal number has 1 to 15 digits, then at most 9 after a point, e.g. \"-12.50\"; no exponent, no grouping.");
}
