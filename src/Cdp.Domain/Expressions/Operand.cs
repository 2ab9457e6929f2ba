using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Domain.Expressions;

/// <summary>A value while an expression is evaluated; the default is missing. Numbers are nanos, times microseconds.</summary>
public readonly struct Operand
{
    /// <summary>Longest duration: 10,000 years of 365 days.</summary>
    internal const long MaxDurationMicros = 10_000L * 365 * 86_400 * 1_000_000;

    private readonly Int128 _number;
    private readonly object? _reference;

    private Operand(ValueKind kind, Int128 number, object? reference)
    {
        Kind = kind;
        _number = number;
        _reference = reference;
    }

    /// <summary>What it is; never <see cref="ValueKind.Any"/>.</summary>
    public ValueKind Kind { get; }

    /// <summary>Whether there is no value.</summary>
    public bool IsMissing => Kind == ValueKind.Missing;

    /// <summary>Whether it is the value true.</summary>
    public bool IsTrue => Kind == ValueKind.Bool && _number != 0;

    /// <summary>Whether it is the value false.</summary>
    public bool IsFalse => Kind == ValueKind.Bool && _number == 0;

    /// <summary>Nanos of a number or amount, microseconds of a moment or duration, 1 or 0 of a bool.</summary>
    public Int128 Amount => _number;

    /// <summary>The text, or the currency code of an amount; else empty.</summary>
    public string Text => _reference as string ?? string.Empty;

    internal ListValue? StoredList => _reference as ListValue;

    internal Operand[]? Elements => _reference as Operand[];

    /// <summary>True or false.</summary>
    public static Operand Of(bool value) => new(ValueKind.Bool, value ? 1 : 0, null);

    /// <summary>A number in nanos; missing where it leaves the range of <see cref="Decimals"/>.</summary>
    public static Operand Number(Int128 nanos) => Decimals.IsInRange(nanos) ? new(ValueKind.Number, nanos, null) : default;

    /// <summary>A whole number; missing from 10^15 on.</summary>
    public static Operand Integer(long number) => Number((Int128)number * Decimals.One);

    /// <summary>An amount; missing where it leaves the range of <see cref="Decimals"/>.</summary>
    public static Operand Money(Int128 nanos, string currency) => Decimals.IsInRange(nanos) ? new(ValueKind.Money, nanos, currency) : default;

    /// <summary>A text.</summary>
    public static Operand Of(string text) => new(ValueKind.Text, 0, text);

    /// <summary>A moment in microseconds since the epoch.</summary>
    public static Operand Moment(Int128 micros) => micros >= long.MinValue && micros <= long.MaxValue ? new(ValueKind.Timestamp, micros, null) : default;

    /// <summary>A length of time in microseconds; missing beyond 10,000 years.</summary>
    public static Operand Duration(Int128 micros) =>
        Int128.Abs(micros) <= MaxDurationMicros ? new(ValueKind.Duration, micros, null) : default;

    /// <summary>Elements of one kind.</summary>
    internal static Operand List(Operand[] elements) => new(ValueKind.List, 0, elements);

    /// <summary>A stored value. Null, a map and what cannot be read are missing. A double is read as <see cref="Decimals"/> says.</summary>
    public static Operand Of(Value? value)
    {
        switch (value?.KindCase)
        {
            case Value.KindOneofCase.BoolValue:
                return Of(value.BoolValue);
            case Value.KindOneofCase.StringValue:
                return Of(value.StringValue);
            case Value.KindOneofCase.TimestampValue:
                return Moment(value.TimestampValue.UnixMicros);
            case Value.KindOneofCase.ListValue:
                return new Operand(ValueKind.List, 0, value.ListValue);
            case Value.KindOneofCase.MoneyValue:
                return Decimals.TryParse(value.MoneyValue.Amount, out var amount) ? Money(amount, value.MoneyValue.CurrencyCode) : default;
            case Value.KindOneofCase.IntValue or Value.KindOneofCase.DecimalValue or Value.KindOneofCase.DoubleValue:
                return Values.TryGetNumber(value, out var nanos) ? Number(nanos) : default;
            default:
                return default;
        }
    }

    /// <summary>Number of elements of a list.</summary>
    internal int Count => StoredList?.Values.Count ?? Elements?.Length ?? 0;

    /// <summary>An element of a list.</summary>
    internal Operand this[int index] => Elements is { } elements ? elements[index] : Of(StoredList!.Values[index]);

    /// <summary>As the public API gives it: numbers exact, durations as expressions write them; null where there is none.</summary>
    public Value? ToValue() => Kind switch
    {
        ValueKind.Bool => new Value { BoolValue = IsTrue },
        ValueKind.Number => _number % Decimals.One == 0
            ? new Value { IntValue = (long)(_number / Decimals.One) }
            : new Value { DecimalValue = Decimals.Format(_number) },
        ValueKind.Money => new Value { MoneyValue = new Money { CurrencyCode = Text, Amount = Decimals.Format(_number) } },
        ValueKind.Text => new Value { StringValue = Text },
        ValueKind.Timestamp => new Value { TimestampValue = new Timestamp { UnixMicros = (long)_number } },
        ValueKind.Duration => new Value { StringValue = ToString() },
        ValueKind.List => new Value { ListValue = StoredList?.Clone() ?? ListOf(Elements!) },
        _ => null,
    };

    private static ListValue ListOf(Operand[] elements) => new() { Values = { elements.Select(element => element.ToValue()) } };

    /// <summary>
    /// Compares values of one kind: numbers, amounts of one currency, texts by UTF-16 code units, moments, durations, false
    /// before true. Null where they cannot be compared: one is missing, a list, of another kind or currency.
    /// </summary>
    internal static int? Compare(in Operand left, in Operand right)
    {
        if (left.Kind != right.Kind || left.Kind is ValueKind.Missing or ValueKind.List)
            return null;
        if (left.Kind == ValueKind.Text)
            return string.CompareOrdinal(left.Text, right.Text);
        if (left.Kind == ValueKind.Money && !string.Equals(left.Text, right.Text, StringComparison.Ordinal))
            return null;
        return left._number.CompareTo(right._number);
    }

    /// <summary>As an expression would write it; <c>missing</c> where there is none.</summary>
    public override string ToString() => Kind switch
    {
        ValueKind.Bool => IsTrue ? "true" : "false",
        ValueKind.Number => Decimals.Format(_number),
        ValueKind.Money => $"{Decimals.Format(_number)} {Text}",
        ValueKind.Text => ExpressionFormatter.Quote(Text),
        ValueKind.Timestamp => Moments.Format((long)_number),
        ValueKind.Duration => Moments.FormatDuration(_number),
        ValueKind.List => $"[{string.Join(", ", Enumerable.Range(0, Count).Select(ToElement))}]",
        _ => "missing",
    };

    private string ToElement(int index) => this[index].ToString();
}
