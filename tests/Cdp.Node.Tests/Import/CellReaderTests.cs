using System.Globalization;
using Cdp.Node.Import;
using Cdp.Node.Import.Mapping;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Node.Tests.Import;

public sealed class CellReaderTests
{
    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    [Theory]
    [InlineData("2010-12-01 08:26:00", "iso", "2010-12-01T08:26:00+00:00")]
    [InlineData("2010-07-01T08:26", "iso", "2010-07-01T08:26:00+01:00")]
    [InlineData("2010-07-01T08:26:00.25Z", "iso", "2010-07-01T08:26:00.25+00:00")]
    [InlineData("2010-07-01T08:26:00+05:30", "iso", "2010-07-01T08:26:00+05:30")]
    [InlineData(" 2010-07-01 ", "iso", "2010-07-01T00:00:00+01:00")]
    [InlineData("12/1/2010 8:26", "M/d/yyyy H:mm", "2010-12-01T08:26:00+00:00")]
    [InlineData("1577836800", "unix_seconds", "2020-01-01T00:00:00+00:00")]
    [InlineData("1577836800000.5", "unix_millis", "2020-01-01T00:00:00.0005+00:00")]
    [InlineData("2010-10-31 01:30:00", "iso", "2010-10-31T01:30:00+01:00")]
    [InlineData("2010-03-28 01:30:00", "iso", "2010-03-28T01:30:00+00:00")]
    public void Times_are_read_in_their_zone(string text, string format, string expected)
    {
        var time = CellReader.Time(text, new TimeCell("at", format, London));
        Assert.True(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture).EqualsExact(time!.Value), $"{time:o}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("2010-13-01")]
    [InlineData("2010-12-01 08:26:00 later")]
    [InlineData("01.12.2010")]
    public void What_is_no_time_is_not_guessed_at(string text) =>
        Assert.Null(CellReader.Time(text, new TimeCell("at", "iso", London)));

    [Theory]
    [InlineData("2.55", "2.55")]
    [InlineData("-0.010", "-0.01")]
    [InlineData(" 1e3 ", "1000")]
    [InlineData("999999999999999.999999999", "999999999999999.999999999")]
    public void Numbers_are_exact(string text, string expected) =>
        Assert.Equal(expected, CellReader.PlainDecimal(CellReader.Number(text)!.Value));

    [Theory]
    [InlineData("")]
    [InlineData("1,5")]
    [InlineData("1 000")]
    [InlineData("1000000000000000")]
    [InlineData("0.0000000001")]
    [InlineData("NaN")]
    [InlineData("£2")]
    public void What_is_no_exact_number_is_not_guessed_at(string text) => Assert.Null(CellReader.Number(text));

    [Fact]
    public void A_number_that_was_written_is_read_again_as_itself() =>
        Check.QuickThrowOnFailure(Prop.ForAll<int, byte>((units, scale) =>
        {
            var number = new decimal(Math.Abs((long)units) > int.MaxValue ? 0 : Math.Abs(units), 0, 0, units < 0, (byte)(scale % 10));
            return CellReader.Number(CellReader.PlainDecimal(number)) == number && CellReader.Number(CellReader.PlainAmount(number)) == number;
        }));
}
