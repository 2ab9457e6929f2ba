using System.IO.Hashing;
using Cdp.Domain.Events;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Events;

public sealed class EventHashTests
{
    [Fact]
    public void An_id_hashes_as_source_zero_id()
    {
        Assert.Equal(XxHash128.HashToUInt128("shop\0größe"u8), EventHash.IdOf("shop", "größe"));
        Assert.NotEqual(EventHash.IdOf("a", "bc"), EventHash.IdOf("ab", "c"));
        Assert.Equal(XxHash128.HashToUInt128([0]), EventHash.IdOf("", ""));
        Assert.Equal(EventHash.IdOf(new string('ä', 900), "x"), EventHash.IdOf(new string('ä', 900), "x"));
    }

    [Fact]
    public void Content_is_the_same_whatever_sent_at_says()
    {
        var first = Sample();
        var again = Sample();
        again.SentAt = new Timestamp { UnixMicros = 99, UtcOffsetMinutes = 60 };
        Assert.Equal(EventHash.ContentOf(first.ToByteArray()), EventHash.ContentOf(again.ToByteArray()));
        Assert.Equal(XxHash64.HashToUInt64(first.ToByteArray()), EventHash.ContentOf(first.ToByteArray()));
    }

    [Fact]
    public void Any_other_change_is_other_content()
    {
        ulong hash = EventHash.ContentOf(Sample().ToByteArray());
        Action<Event>[] changes =
        [
            e => e.Id = "f", e => e.Kind = EventKind.Page, e => e.Channel = "store", e => e.OccurredAt.UnixMicros = 6, e => e.SessionId = "s",
            e => e.Properties["a"] = new Value { IntValue = 2 }, e => e.Identifiers.Add(new Identifier { Namespace = "device", Value = "d" }),
        ];
        Assert.All(changes, change =>
        {
            var changed = Sample();
            change(changed);
            Assert.NotEqual(hash, EventHash.ContentOf(changed.ToByteArray()));
        });
    }

    [Fact]
    public void Only_the_top_level_is_left_out()
    {
        // Value.timestamp_value has number 6 and Value.decimal_value 4; a nested message whose own field is 7 must count.
        var one = Sample();
        one.Properties["t"] = new Value { MoneyValue = new Money { CurrencyCode = "EUR", Amount = "1" }, };
        byte[] unknown = [.. one.ToByteArray(), 0x92, 0x03, 0x02, 0x3A, 0x00];
        byte[] other = [.. one.ToByteArray(), 0x92, 0x03, 0x02, 0x3A, 0x01];
        Assert.NotEqual(EventHash.ContentOf(unknown), EventHash.ContentOf(other));
    }

    [Fact]
    public void Bytes_that_are_no_message_are_hashed_and_never_fault()
    {
        var random = new Random(3);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            ulong hash = EventHash.ContentOf(bytes);
            Assert.Equal(hash, EventHash.ContentOf(bytes));
        }

        Assert.Equal(XxHash64.HashToUInt64([0xFF, 0xFF]), EventHash.ContentOf([0xFF, 0xFF]));
        Assert.NotEqual(EventHash.ContentOf([0x3A, 0x05, 1]), EventHash.ContentOf([0x3A, 0x05, 2]));
    }

    private static Event Sample() => new()
    {
        Id = "e",
        Kind = EventKind.Track,
        Type = "Seen",
        Channel = "web",
        OccurredAt = new Timestamp { UnixMicros = 5 },
        Identifiers = { new Identifier { Namespace = "email", Value = "a@b" } },
        Properties = { ["a"] = new Value { IntValue = 1 } },
    };
}
