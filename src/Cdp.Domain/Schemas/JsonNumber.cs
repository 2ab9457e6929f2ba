using System.Globalization;
using System.Text.Json;

namespace Cdp.Domain.Schemas;

/// <summary>A number, exact where 28 digits hold it.</summary>
internal readonly struct JsonNumber
{
    private const double MostExact = 7.9e28;

    private readonly decimal _exact;
    private readonly double _large;

    /// <summary>An exact one.</summary>
    public JsonNumber(decimal exact) => _exact = exact;

    private JsonNumber(double large) => _large = large;

    private bool IsLarge => _large != 0;

    /// <summary>Whether it has no fraction.</summary>
    public bool IsInteger => IsLarge || decimal.Truncate(_exact) == _exact;

    /// <summary>A binary number.</summary>
    public static JsonNumber Of(double number) => Math.Abs(number) < MostExact ? new((decimal)number) : new(number);

    /// <summary>A number of a schema.</summary>
    public static JsonNumber Of(JsonElement element) => element.TryGetDecimal(out var exact) ? new(exact) : Of(element.GetDouble());

    /// <summary>A decimal number in plain notation; null: it is none.</summary>
    public static JsonNumber? Parse(string text) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? new(number) : null;

    /// <summary>Whether it is a whole number of times another; not known of large ones, which pass.</summary>
    public bool IsMultipleOf(JsonNumber other) => IsLarge || other.IsLarge || _exact % other._exact == 0;

    /// <summary>Below 0, 0 or above, as it is less than another, equal or more.</summary>
    public int Against(JsonNumber other) => IsLarge || other.IsLarge ? Approximate.CompareTo(other.Approximate) : _exact.CompareTo(other._exact);

    /// <summary>In one way for equal numbers.</summary>
    public override string ToString() =>
        IsLarge ? _large.ToString("R", CultureInfo.InvariantCulture) : _exact.ToString("0.############################", CultureInfo.InvariantCulture);

    private double Approximate => IsLarge ? _large : (double)_exact;
}
