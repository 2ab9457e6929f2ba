namespace Cdp.Domain.Expressions;

/// <summary>Kinds of values in expressions.</summary>
public enum ValueKind
{
    /// <summary>No value. Not a type: a value of any type may be missing.</summary>
    Missing,

    /// <summary>True or false.</summary>
    Bool,

    /// <summary>An integer or an exact decimal number.</summary>
    Number,

    /// <summary>An amount in one currency.</summary>
    Money,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A moment, in microseconds since the epoch, UTC.</summary>
    Timestamp,

    /// <summary>A length of time, in microseconds.</summary>
    Duration,

    /// <summary>A list of values.</summary>
    List,

    /// <summary>Known only when it is read, as a trait's; as a type only.</summary>
    Any,
}

/// <summary>The type of an expression.</summary>
/// <param name="Kind">What its values are.</param>
/// <param name="Element">What the elements of its lists are; else <see cref="ValueKind.Missing"/>.</param>
/// <param name="CurrencyCode">The currency of its amounts, where it is known; else empty.</param>
public readonly record struct ExpressionType(ValueKind Kind, ValueKind Element = ValueKind.Missing, string CurrencyCode = "")
{
    /// <summary>True or false.</summary>
    public static ExpressionType Bool { get; } = new(ValueKind.Bool);

    /// <summary>A number.</summary>
    public static ExpressionType Number { get; } = new(ValueKind.Number);

    /// <summary>An amount of money.</summary>
    public static ExpressionType Money { get; } = new(ValueKind.Money);

    /// <summary>An amount in a known currency.</summary>
    public static ExpressionType MoneyIn(string currency) => new(ValueKind.Money, CurrencyCode: currency);

    /// <summary>A text.</summary>
    public static ExpressionType Text { get; } = new(ValueKind.Text);

    /// <summary>A moment.</summary>
    public static ExpressionType Timestamp { get; } = new(ValueKind.Timestamp);

    /// <summary>A length of time.</summary>
    public static ExpressionType Duration { get; } = new(ValueKind.Duration);

    /// <summary>Known only when it is read.</summary>
    public static ExpressionType Any { get; } = new(ValueKind.Any);

    /// <summary>A list of elements of one kind.</summary>
    public static ExpressionType ListOf(ValueKind element) => new(ValueKind.List, element);

    /// <summary>Whether a value of this type may be one of the other.</summary>
    public bool MayBe(ValueKind kind) => Kind == kind || Kind == ValueKind.Any;

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ValueKind.List => $"list of {Name(Element)}",
        ValueKind.Money when CurrencyCode.Length > 0 => $"money in {CurrencyCode}",
        var kind => Name(kind),
    };

    /// <summary>Whether two currencies are known and differ: their amounts are never compared nor summed.</summary>
    internal bool IsOtherCurrency(ExpressionType other) =>
        CurrencyCode.Length > 0 && other.CurrencyCode.Length > 0 && !string.Equals(CurrencyCode, other.CurrencyCode, StringComparison.Ordinal);

    internal static string Name(ValueKind kind) => kind switch
    {
        ValueKind.Missing => "nothing",
        ValueKind.Any => "any value",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
