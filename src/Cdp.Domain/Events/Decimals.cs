using System.Globalization;

namespace Cdp.Domain.Events;

/// <summary>
/// Exact decimal numbers as 128-bit integers of 10^-9 units ("nanos"): sums are the same in any order, which floating
/// point does not give.
/// </summary>
public static class Decimals
{
    /// <summary>Digits after the point.</summary>
    public const int Scale = 9;

    /// <summary>Digits before the point.</summary>
    public const int IntegerDigits = 15;

    /// <summary>Nanos of one unit.</summary>
    public const long One = 1_000_000_000;

    // 10^15 units: what a parsed number stays below.
    private static readonly Int128 Limit = (Int128)1_000_000_000_000_000 * One;

    /// <summary>Tells whether a number has at most <see cref="IntegerDigits"/> digits before the point.</summary>
    public static bool IsInRange(Int128 nanos) => nanos < Limit && nanos > -Limit;

    /// <summary>Reads plain notation: an optional minus, 1 to 15 digits, and optionally a point and 1 to 9 digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Int128 nanos)
    {
        nanos = 0;
        bool negative = text.Length > 0 && text[0] == '-';
        if (negative)
            text = text[1..];
        int point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        if (!TryReadDigits(whole, IntegerDigits, out long units))
            return false;
        long fraction = 0;
        if (point >= 0)
        {
            var digits = text[(point + 1)..];
            if (!TryReadDigits(digits, Scale, out fraction))
                return false;
            for (int i = digits.Length; i < Scale; i++)
                fraction *= 10;
        }

        nanos = ((Int128)units * One) + fraction;
        if (negative)
            nanos = -nanos;
        return true;
    }

    /// <summary>
    /// The decimal nearest to the shortest text that reads back as <paramref name="value"/>, rounded half to even to
    /// 9 places. False for infinities, NaN and 10^15 or more.
    /// </summary>
    public static bool TryFromDouble(double value, out Int128 nanos)
    {
        nanos = 0;
        if (!(Math.Abs(value) < 1e15))
            return false;
        Span<char> text = stackalloc char[32];
        if (!value.TryFormat(text, out int length, "R", CultureInfo.InvariantCulture)
            || !decimal.TryParse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exact))
        {
            return false;
        }

        nanos = (Int128)(decimal.Round(exact, Scale, MidpointRounding.ToEven) * One);
        return IsInRange(nanos);
    }

    /// <summary>Product of two numbers, rounded half to even to 9 places. False where it leaves the range.</summary>
    public static bool TryMultiply(Int128 left, Int128 right, out Int128 nanos)
    {
        // Whole units multiply exactly; only the fraction's product is rounded. Neither overflows within the range.
        var (units, fraction) = Int128.DivRem(left, One);
        nanos = 0;
        if (units != 0 && Int128.Abs(right) > Limit / Int128.Abs(units))
            return false;
        var (quotient, remainder) = Int128.DivRem(fraction * right, One);
        nanos = Rounded((units * right) + quotient, remainder, One);
        return IsInRange(nanos);
    }

    /// <summary>Quotient of two numbers, rounded half to even to 9 places. False where it leaves the range, and by zero.</summary>
    public static bool TryDivide(Int128 left, Int128 right, out Int128 nanos)
    {
        nanos = 0;
        if (right == 0)
            return false;
        var (quotient, remainder) = Int128.DivRem(left * One, right);
        nanos = Rounded(quotient, remainder, right);
        return IsInRange(nanos);
    }

    /// <summary>Plain notation without needless zeros, e.g. <c>-12.5</c>, <c>0</c>.</summary>
    public static string Format(Int128 nanos)
    {
        Span<char> text = stackalloc char[48];
        var size = UInt128.CreateTruncating(nanos < 0 ? -nanos : nanos);
        int at = text.Length;
        ulong fraction = (ulong)(size % One);
        var units = size / One;
        if (fraction != 0)
        {
            int places = Scale;
            while (fraction % 10 == 0)
            {
                fraction /= 10;
                places--;
            }

            for (; places > 0; places--, fraction /= 10)
                text[--at] = (char)('0' + (fraction % 10));
            text[--at] = '.';
        }

        if (units <= ulong.MaxValue)
        {
            ulong left = (ulong)units;
            do
            {
                text[--at] = (char)('0' + (left % 10));
                left /= 10;
            }
            while (left != 0);
        }
        else
        {
            for (; units != 0; units /= 10)
                text[--at] = (char)('0' + (int)(units % 10));
        }

        if (nanos < 0)
            text[--at] = '-';
        return new string(text[at..]);
    }

    /// <summary>Rounds half to even what a division left over.</summary>
    private static Int128 Rounded(Int128 quotient, Int128 remainder, Int128 divisor)
    {
        var twice = Int128.Abs(remainder) * 2;
        var size = Int128.Abs(divisor);
        if (twice < size || (twice == size && Int128.IsEvenInteger(quotient)))
            return quotient;
        return Int128.IsNegative(remainder) == Int128.IsNegative(divisor) ? quotient + 1 : quotient - 1;
    }

    private static bool TryReadDigits(ReadOnlySpan<char> digits, int most, out long value)
    {
        value = 0;
        if (digits.Length == 0 || digits.Length > most)
            return false;
        foreach (char c in digits)
        {
            if (!char.IsAsciiDigit(c))
                return false;
            value = (value * 10) + (c - '0');
        }

        return true;
    }
}
