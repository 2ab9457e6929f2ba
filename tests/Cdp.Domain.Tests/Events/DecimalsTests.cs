using System.Globalization;
using System.Numerics;
using Cdp.Domain.Events;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Events;

public sealed class DecimalsTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("007.500", "7.5")]
    [InlineData("-12.50", "-12.5")]
    [InlineData("0.000000001", "0.000000001")]
    [InlineData("-999999999999999.999999999", "-999999999999999.999999999")]
    public void Plain_notation_is_read_and_written(string text, string canonical)
    {
        Assert.True(Decimals.TryParse(text, out var nanos));
        Assert.Equal(canonical, Decimals.Format(nanos));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("+1")]
    [InlineData("1e3")]
    [InlineData(" 1")]
    [InlineData("1,5")]
    [InlineData("1.2.3")]
    [InlineData("--1")]
    [InlineData("١")]
    [InlineData("1000000000000000")]
    [InlineData("1.0000000001")]
    public void Anything_else_is_no_decimal(string text) => Assert.False(Decimals.TryParse(text, out _));

    [Theory]
    [InlineData(19.99, "19.99")]
    [InlineData(0.1, "0.1")]
    [InlineData(-2.5, "-2.5")]
    [InlineData(1e-9, "0.000000001")]
    [InlineData(5e-10, "0")]
    [InlineData(1.5e-9, "0.000000002")]
    [InlineData(1e-300, "0")]
    [InlineData(-0.0, "0")]
    [InlineData(123456789012345.67, "123456789012345.67")]
    [InlineData(999999999999999.9, "999999999999999.9")]
    public void A_double_becomes_the_decimal_it_is_written_as(double number, string expected)
    {
        Assert.True(Decimals.TryFromDouble(number, out var nanos));
        Assert.Equal(expected, Decimals.Format(nanos));
    }

    [Theory]
    [InlineData(1e15)]
    [InlineData(-1e300)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_double_out_of_range_is_no_decimal(double number) => Assert.False(Decimals.TryFromDouble(number, out _));

    [Fact]
    public void What_is_written_reads_as_the_same_number() =>
        Prop.ForAll(Numbers(999_999_999_999_999), (Int128 nanos) => Decimals.TryParse(Decimals.Format(nanos), out var back) && back == nanos)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Sums_beyond_the_range_of_one_amount_are_written_in_full() =>
        Assert.Equal("170141183460469231731687303715.884105727", Decimals.Format(Int128.MaxValue));

    [Fact]
    public void The_least_number_is_written_too() =>
        Assert.Equal("-170141183460469231731687303715.884105728", Decimals.Format(Int128.MinValue));

    [Fact]
    public void A_product_is_rounded_half_to_even_whatever_its_size() =>
        Prop.ForAll(Numbers(999_999_999_999_999), Numbers(2_000), (Int128 left, Int128 right) =>
        {
            var wide = (BigInteger)left * (BigInteger)right;
            var floor = BigInteger.Divide(wide - PositiveRemainder(wide), Decimals.One);
            var twice = 2 * PositiveRemainder(wide);
            var expected = twice > Decimals.One || (twice == Decimals.One && !floor.IsEven) ? floor + 1 : floor;
            bool inRange = BigInteger.Abs(expected) < BigInteger.Pow(10, 24);
            return Decimals.TryMultiply(left, right, out var product) == inRange && (!inRange || (BigInteger)product == expected);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_quotient_is_rounded_half_to_even_and_there_is_none_by_zero() =>
        Prop.ForAll(Numbers(999_999_999_999_999), Numbers(2_000), (Int128 left, Int128 right) =>
        {
            if (right == 0)
                return !Decimals.TryDivide(left, right, out _);
            var (dividend, divisor) = ((BigInteger)left * Decimals.One * (right < 0 ? -1 : 1), BigInteger.Abs((BigInteger)right));
            var floor = BigInteger.Divide(dividend - Positive(dividend, divisor), divisor);
            var twice = 2 * Positive(dividend, divisor);
            var expected = twice > divisor || (twice == divisor && !floor.IsEven) ? floor + 1 : floor;
            bool inRange = BigInteger.Abs(expected) < BigInteger.Pow(10, 24);
            return Decimals.TryDivide(left, right, out var quotient) == inRange && (!inRange || (BigInteger)quotient == expected);

            static BigInteger Positive(BigInteger value, BigInteger divisor) => ((value % divisor) + divisor) % divisor;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("0.5", "0.000000001", "0")]
    [InlineData("1.5", "0.000000001", "0.000000002")]
    [InlineData("-0.5", "0.000000001", "0")]
    [InlineData("-1.5", "0.000000001", "-0.000000002")]
    [InlineData("3", "2.55", "7.65")]
    public void Products_of_plain_numbers(string left, string right, string expected)
    {
        Assert.True(Decimals.TryParse(left, out var a) & Decimals.TryParse(right, out var b));
        Assert.True(Decimals.TryMultiply(a, b, out var product));
        Assert.Equal(expected, Decimals.Format(product));
    }

    [Fact]
    public void Writing_does_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            comma.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = comma;
            Assert.True(Decimals.TryFromDouble(-1.5, out var nanos));
            Assert.Equal("-1.5", Decimals.Format(nanos));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static BigInteger PositiveRemainder(BigInteger wide) => ((wide % Decimals.One) + Decimals.One) % Decimals.One;

    private static Arbitrary<Int128> Numbers(long mostUnits) => (
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        from scale in Gen.Choose(0, 50)
        from nanos in Gen.Choose(0, 999_999_999)
        from negative in Gen.Elements(true, false)
        let units = (((long)high << 31) + low) % mostUnits >> scale
        let number = ((Int128)units * Decimals.One) + nanos
        select negative ? -number : number).ToArbitrary();
}
