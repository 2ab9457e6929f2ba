using Cdp.Domain.Events;
using Cdp.Domain.Events.Masking;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Events;

/// <summary>What nobody should keep is masked wherever it stands, and nothing else is.</summary>
public sealed class MaskingTests
{
    // The networks' own test numbers.
    [Theory]
    [InlineData("4111111111111111", "************1111")]
    [InlineData("4111 1111 1111 1111", "**** **** **** 1111")]
    [InlineData("my card is 5555-5555-5555-4444, thanks", "my card is ****-****-****-4444, thanks")]
    [InlineData("378282246310005", "***********0005")]
    [InlineData("3782 822463 10005", "**** ****** *0005")]
    [InlineData("30569309025904", "**********5904")]
    [InlineData("6011111111111117", "************1117")]
    [InlineData("3530111333300000", "************0000")]
    [InlineData("2223003122003222", "************3222")]
    [InlineData("qty 2 4111 1111 1111 1111 exp 12 27", "qty 2 **** **** **** 1111 exp 12 27")]
    [InlineData("4111111111111111 5555555555554444", "************1111 ************4444")]
    [InlineData("{\"pan\":\"4111111111111111\"}", "{\"pan\":\"************1111\"}")]
    public void Card_numbers_keep_their_last_four_digits(string text, string masked)
    {
        Assert.Equal(masked, SensitiveText.Mask(text, out string kind));
        Assert.Equal("card_number", kind);
    }

    [Theory]
    [InlineData("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc")]
    [InlineData("AKIA" + "IOSFODNN7EXAMPLE")]
    [InlineData("ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----")]
    [InlineData("cdp_default_operator_" + "0123456789abcdefghijABCDEFGHIJ0123456789xyz")]
    public void Secrets_are_gone(string secret)
    {
        Assert.Equal("before [secret] behind", SensitiveText.Mask($"before {secret} behind", out string kind));
        Assert.Equal("secret", kind);
        Assert.True(SensitiveText.MayBeIn(System.Text.Encoding.UTF8.GetBytes(secret)));
    }

    [Theory]
    [InlineData("4006381333931")]
    [InlineData("1795954850350352")]
    [InlineData("4111111111111112")]
    [InlineData("41111111111111111111")]
    [InlineData("DE89370400440532013000")]
    [InlineData("+49 151 1234 5678")]
    [InlineData("2026-11-29 12:20:19")]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("eyJ is how tokens begin, AKIA how keys do")]
    public void What_only_looks_like_it_stays(string text) => Assert.Null(SensitiveText.Mask(text, out _));

    [Fact]
    public void A_random_card_in_any_text_is_found_and_the_quick_look_never_overlooks_one() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new System.Random(seed);
            char[] digits = [.. "4", .. Enumerable.Range(0, 14).Select(_ => (char)('0' + random.Next(10))), '0'];
            while (!IsLuhn(digits)) digits[^1]++;
            var separator = random.Next(3) switch { 0 => "", 1 => " ", _ => "-" };
            var number = string.Join(separator, digits.Chunk(4).Select(group => new string(group)));
            var text = $"{"abc,;:x"[..random.Next(8)]}{number}{" .,;)y"[..random.Next(7)]}";
            Assert.True(SensitiveText.MayBeIn(System.Text.Encoding.UTF8.GetBytes(text)));
            var masked = SensitiveText.Mask(text, out _);
            Assert.NotNull(masked);
            Assert.Equal(4, masked.Count(char.IsAsciiDigit));
            Assert.Equal(text.Length, masked.Length);
        }));

    [Fact]
    public void An_event_is_masked_in_its_properties_context_and_traits_and_keeps_its_identifiers()
    {
        var made = new Event { Id = "1", Type = "Note", Identifiers = { new Identifier { Namespace = "card", Value = "4111111111111111" } } };
        made.Properties["note"] = Text("4111111111111111");
        made.Properties["list"] = new Value { ListValue = new ListValue { Values = { Text("fine"), Text("5555555555554444") } } };
        made.Context["ann@example.org"] = Text("AKIAIOSFODNN7EXAMPLE");
        made.Traits = new TraitChanges { Set = { ["pan"] = Text("378282246310005") } };
        var bytes = EventMask.Apply(made.ToByteArray(), out var masked);
        Assert.Equal(["context.* secret", "properties.list[] card_number", "properties.note card_number", "traits.pan card_number"], masked.Select(m => $"{m.Path} {m.Kind}").Order(StringComparer.Ordinal));
        var read = EventReader.Whole(bytes);
        Assert.Equal(("4111111111111111", "************1111", "[secret]", "***********0005"), (read.Identifiers[0].Value, read.Properties["note"].StringValue, read.Context["ann@example.org"].StringValue, read.Traits.Set["pan"].StringValue));
        Assert.Equal("fine", read.Properties["list"].ListValue.Values[0].StringValue);

        // Masked again it stays as it is.
        Assert.Null(EventMask.Apply(bytes, out _));
    }

    [Fact]
    public void A_card_that_is_sent_as_a_number_is_masked_and_other_numbers_stay()
    {
        var cards = new Dictionary<string, (Value Value, string Masked)>(StringComparer.Ordinal)
        {
            ["integer"] = (new Value { IntValue = 4111111111111111 }, "************1111"),
            ["long"] = (new Value { IntValue = 6205500000000000004 }, "***************0004"),
            ["short"] = (new Value { IntValue = 30569309025904 }, "**********5904"),
            ["double"] = (new Value { DoubleValue = 5555555555554444 }, "************4444"),
            ["decimal"] = (new Value { DecimalValue = "378282246310005" }, "***********0005"),
        };
        foreach (var (name, (value, expected)) in cards)
        {
            var made = new Event { Id = "1", Type = "Note", Properties = { [name] = value } };
            var bytes = EventMask.Apply(made.ToByteArray(), out var masked);
            Assert.Equal(($"properties.{name}", "card_number"), (Assert.Single(masked).Path, masked[0].Kind));
            Assert.Equal(expected, EventReader.Whole(bytes).Properties[name].StringValue);
        }

        Value[] others =
        [
            new() { IntValue = 4111111111111112 }, new() { IntValue = -4111111111111111 }, new() { IntValue = 1795954850350352 }, new() { IntValue = long.MaxValue }, new() { IntValue = long.MinValue },
            new() { DoubleValue = 4111111111111111.5 }, new() { DoubleValue = 4.111e300 }, new() { DoubleValue = double.NegativeInfinity }, new() { DecimalValue = "19.99" }, new() { BoolValue = true }, new(),
        ];
        foreach (var value in others) Assert.Null(EventMask.Apply(new Event { Id = "1", Type = "Note", Properties = { ["n"] = value } }.ToByteArray(), out _));
    }

    [Fact]
    public void The_quick_look_at_numbers_never_overlooks_a_card() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new System.Random(seed);
            char[] digits = [.. "4", .. Enumerable.Range(0, 14).Select(_ => (char)('0' + random.Next(10))), '0'];
            while (!IsLuhn(digits)) digits[^1]++;
            var number = long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
            var value = random.Next(2) == 0 ? new Value { IntValue = number } : new Value { DoubleValue = number };
            var made = new Event { Id = new string('x', random.Next(40)), Type = "Note", Properties = { ["n"] = new Value { ListValue = new ListValue { Values = { value } } } } };
            EventMask.Apply(made.ToByteArray(), out var masked);
            Assert.Single(masked);
        }));

    private static bool IsLuhn(char[] digits) => digits.Reverse().Select((c, i) => i % 2 == 0 ? c - '0' : (c - '0') * 2 is var d && d > 9 ? d - 9 : d).Sum() % 10 == 0;

    private static Value Text(string text) => new() { StringValue = text };
}
