using System.Text;
using Cdp.Rpc.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Rpc.Tests;

public sealed class WireTests
{
    [Fact]
    public void A_message_survives_its_encoding_which_is_printable_ASCII()
    {
        Prop.ForAll<NonNull<string>>(text =>
        {
            // What is no valid UTF-16 cannot be sent as UTF-8.
            var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get));
            var encoded = GrpcMessage.Encode(valid);
            return encoded.All(c => c is >= ' ' and <= '~') && GrpcMessage.Decode(encoded) == valid;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_very_long_message_is_cut_between_two_characters()
    {
        var encoded = GrpcMessage.Encode(string.Concat(Enumerable.Repeat("a🧺", 10_000)));

        Assert.InRange(encoded.Length, 2000, 2048);
        Assert.Matches("^(a🧺)+a?$", GrpcMessage.Decode(encoded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz", "%zz")]
    [InlineData("%41%", "A%")]
    [InlineData("%c3%A4", "ä")]
    public void A_message_is_decoded_leniently(string encoded, string expected) =>
        Assert.Equal(expected, GrpcMessage.Decode(encoded));

    [Fact]
    public void Bytes_survive_their_encoding_padded_or_not()
    {
        Prop.ForAll<byte[]>(bytes =>
            BinaryMetadata.TryDecode(BinaryMetadata.Encode(bytes), out var bare) && bare.AsSpan().SequenceEqual(bytes)
            && BinaryMetadata.TryDecode(Convert.ToBase64String(bytes), out var padded) && padded.AsSpan().SequenceEqual(bytes)).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("*")]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("A=A=")]
    public void What_is_no_base64_is_not_decoded(string text) => Assert.False(BinaryMetadata.TryDecode(text, out _));

    [Fact]
    public void A_timeout_survives_its_format_and_is_never_shortened()
    {
        Prop.ForAll<long>(ticks =>
        {
            var timeout = TimeSpan.FromTicks(Math.Abs(ticks == long.MinValue ? 0 : ticks));
            return GrpcTimeout.TryParse(GrpcTimeout.Format(timeout), out var parsed)
                && parsed >= timeout && parsed.Ticks <= timeout.Ticks * 1.001 + TimeSpan.TicksPerMicrosecond;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("99999999H", 99_999_999 * TimeSpan.TicksPerHour)]
    [InlineData("1n", 1)]
    [InlineData("200n", 2)]
    [InlineData("5u", 50)]
    [InlineData("5m", 50_000)]
    [InlineData("2M", 120 * TimeSpan.TicksPerSecond)]
    public void A_timeout_is_read_in_its_unit(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Fact]
    public void The_longest_timeout_is_the_most_hours_that_fit() =>
        Assert.Equal("99999999H", GrpcTimeout.Format(TimeSpan.FromHours(200_000_000)));
}
