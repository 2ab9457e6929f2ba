using System.Reflection;
using Cdp.Domain.Events;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Tests.Events;

public sealed class EventValidatorTests
{
    /// <summary>Every reason of one event: what to break, the reason, the field.</summary>
    private static readonly (Action<Event> Break, string Reason, string Field)[] Cases =
    [
        (e => e.Properties["blob"] = Text(new string('x', EventLimits.MaxEventBytes)), Reasons.EventTooLarge, ""),
        (e => e.Id = "", Reasons.IdMissing, "id"),
        (e => e.Id = new string('x', 129), Reasons.IdTooLong, "id"),
        (e => e.Kind = (EventKind)7, Reasons.KindUnknown, "kind"),
        (e => e.Kind = (EventKind)(-1), Reasons.KindUnknown, "kind"),
        (e => e.Type = "", Reasons.TypeMissing, "type"),
        (e => (e.Kind, e.Type) = (EventKind.Unspecified, ""), Reasons.TypeMissing, "type"),
        (e => e.Type = new string('x', 129), Reasons.TypeTooLong, "type"),
        (e => e.Type = "cdp.erased", Reasons.TypeReserved, "type"),
        (e => e.Type = "CDP.erased", Reasons.TypeReserved, "type"),
        (e => e.Source = new string('x', 65), Reasons.SourceTooLong, "source"),
        (e => e.Channel = new string('x', 65), Reasons.ChannelTooLong, "channel"),
        (e => e.SessionId = new string('x', 129), Reasons.SessionIdTooLong, "session_id"),
        (e => e.Id = "a\0b", Reasons.TextInvalid, "id"),
        (e => e.Channel = "web\u001b[2J", Reasons.TextInvalid, "channel"),
        (e => e.OccurredAt = Time(EventLimits.MaxMicros + 1), Reasons.TimestampOutOfRange, "occurred_at"),
        (e => e.SentAt = Time(EventLimits.MinMicros - 1), Reasons.TimestampOutOfRange, "sent_at"),
        (e => e.Properties["due"] = new Value { TimestampValue = Time(long.MaxValue) }, Reasons.TimestampOutOfRange, "properties.due"),
        (e => e.OccurredAt = new Timestamp { UtcOffsetMinutes = 1081 }, Reasons.UtcOffsetOutOfRange, "occurred_at"),
        (e => e.Identifiers.Clear(), Reasons.IdentifierMissing, "identifiers"),
        (e => e.Identifiers.Add(Enumerable.Range(0, 20).Select(i => Id("device", $"d{i}"))), Reasons.TooManyIdentifiers, "identifiers"),
        (e => e.Identifiers.Add(Id("", "v")), Reasons.NamespaceInvalid, "identifiers[1].namespace"),
        (e => e.Identifiers.Add(Id("E-Mail", "v")), Reasons.NamespaceInvalid, "identifiers[1].namespace"),
        (e => e.Identifiers.Add(Id(new string('x', 65), "v")), Reasons.NamespaceInvalid, "identifiers[1].namespace"),
        (e => e.Identifiers.Add(Id("email", new string('x', 513))), Reasons.IdentifierTooLong, "identifiers[1].value"),
        (e => e.Properties["p"] = new Value(), Reasons.ValueMissing, "properties.p"),
        (e => e.Context["p"] = List(Text("a"), new Value()), Reasons.ValueMissing, "context.p[1]"),
        (e => e.Properties["p"] = Nested(17), Reasons.ValueTooDeep, "properties.p" + string.Concat(Enumerable.Repeat("[0]", 16))),
        (e => e.Properties["p"] = new Value { DecimalValue = "1e3" }, Reasons.DecimalInvalid, "properties.p"),
        (e => e.Properties["cart"] = Map("total", new Value { MoneyValue = new Money { CurrencyCode = "EUR", Amount = "1,5" } }), Reasons.DecimalInvalid, "properties.cart.total.amount"),
        (e => e.Properties["p"] = new Value { DoubleValue = double.NaN }, Reasons.DoubleNotFinite, "properties.p"),
        (e => e.Properties["p"] = new Value { DoubleValue = double.NegativeInfinity }, Reasons.DoubleNotFinite, "properties.p"),
        (e => e.Properties["p"] = new Value { MoneyValue = new Money { CurrencyCode = "eur", Amount = "1" } }, Reasons.CurrencyInvalid, "properties.p.currency_code"),
        (e => e.Traits = new TraitChanges { Set = { [""] = Text("v") } }, Reasons.TraitNameInvalid, "traits.set"),
        (e => e.Traits = new TraitChanges { Unset = { "ok", new string('x', 129) } }, Reasons.TraitNameInvalid, "traits.unset[1]"),
        (e => e.Traits = new TraitChanges { SetOnce = { ["t"] = Text(new string('x', 8_200)) } }, Reasons.TraitValueTooLarge, "traits.set_once.t"),
        (e => e.Traits = new TraitChanges { Set = { ["t"] = Nested(17) } }, Reasons.ValueTooDeep, "traits.set.t" + string.Concat(Enumerable.Repeat("[0]", 16))),
        (e => e.Traits = new TraitChanges { Add = { ["t"] = Text("1") } }, Reasons.TraitAddNotNumeric, "traits.add.t"),
        (e => e.Traits = new TraitChanges { Add = { ["t"] = new Value { DoubleValue = 1e15 } } }, Reasons.TraitAddNotNumeric, "traits.add.t"),
        (e => e.Traits = new TraitChanges { Add = { ["t"] = new Value { DoubleValue = double.NaN } } }, Reasons.DoubleNotFinite, "traits.add.t"),
        (e => e.Traits = new TraitChanges { Set = { ["t"] = Text("v") }, Unset = { "t" } }, Reasons.TraitNamedTwice, "traits.unset.t"),
        (e => e.Traits = new TraitChanges { Set = { ["t"] = Text("v") }, SetOnce = { ["t"] = Text("v") } }, Reasons.TraitNamedTwice, "traits.set_once.t"),
        (e => e.Traits = new TraitChanges { Set = { ["t"] = Text("v") }, Add = { ["t"] = new Value { IntValue = 1 } } }, Reasons.TraitNamedTwice, "traits.add.t"),
    ];

    public static TheoryData<int> CaseNumbers => [.. Enumerable.Range(0, Cases.Length)];

    [Theory]
    [MemberData(nameof(CaseNumbers))]
    public void A_breach_is_refused_with_its_reason_and_field(int number)
    {
        var (breach, reason, field) = Cases[number];
        var candidate = Valid();
        Assert.Null(Judged.RefusalOf(candidate));
        breach(candidate);
        var refusal = Judged.RefusalOf(candidate);
        Assert.NotNull(refusal);
        Assert.Equal((reason, field), (refusal.Reason, refusal.Field));
        Assert.NotEmpty(refusal.Message);
    }

    [Fact]
    public void Every_reason_has_a_case()
    {
        var all = typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);
        string[] other = [Reasons.BatchTooLarge, Reasons.BatchTooManyEvents, Reasons.EventMalformed];
        Assert.Equal(all.Order(), Cases.Select(entry => entry.Reason).Concat(other).Distinct().Order());
    }

    [Theory]
    [InlineData(1_000, 4 * 1024 * 1024, null)]
    [InlineData(1_001, 1_000, Reasons.BatchTooManyEvents)]
    [InlineData(1, (4 * 1024 * 1024) + 1, Reasons.BatchTooLarge)]
    public void A_batch_is_judged_by_its_count_and_bytes(int events, long bytes, string? reason) =>
        Assert.Equal(reason, EventValidator.ValidateBatch(events, bytes)?.Reason);

    [Fact]
    public void What_is_just_within_the_limits_is_taken()
    {
        var candidate = Valid();
        candidate.Id = new string('x', 128);
        candidate.Type = new string('ä', 128);
        candidate.Channel = new string('x', 64);
        candidate.Source = new string('x', 64);
        candidate.OccurredAt = new Timestamp { UnixMicros = EventLimits.MaxMicros, UtcOffsetMinutes = -1080 };
        candidate.Properties["deep"] = Nested(16);
        candidate.Properties["decimal"] = new Value { DecimalValue = "-999999999999999.999999999" };
        candidate.Identifiers.Add(Id("email", new string('x', 512)));
        candidate.Identifiers.Add(Id("email", ""));
        candidate.Traits = new TraitChanges { Set = { [new string('x', 128)] = Text(new string('x', 8_180)) } };
        Assert.Null(Judged.RefusalOf(candidate));
    }

    [Fact]
    public void A_page_needs_no_type()
    {
        var candidate = Valid();
        (candidate.Kind, candidate.Type) = (EventKind.Page, "");
        Assert.Null(Judged.RefusalOf(candidate));
    }

    [Fact]
    public void Bytes_that_are_no_event_are_refused()
    {
        Assert.Equal(Reasons.EventMalformed, EventValidator.Validate([0xFF, 0xFF], out var head)?.Reason);
        Assert.Null(head);
        byte[] brokenInside = [.. Valid().ToByteArray(), 0x52, 0x02, 0x0A, 0x7F];
        Assert.Equal(Reasons.EventMalformed, EventValidator.Validate(brokenInside, out _)?.Reason);
    }

    [Fact]
    public void Whatever_bytes_come_are_judged_as_the_parsed_event_is_and_folded_without_a_fault()
    {
        var random = new Random(7);
        byte[][] seeds = [Valid().ToByteArray(), Rich().ToByteArray(), RichTraits().ToByteArray()];
        int taken = 0;
        int refused = 0;
        for (int i = 0; i < 30_000; i++)
        {
            byte[] bytes = [.. seeds[i % seeds.Length]];
            for (int flips = random.Next(0, 6); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var refusal = EventValidator.Validate(bytes, out var head);
            if (refusal?.Reason == Reasons.EventMalformed)
            {
                Assert.Throws<InvalidProtocolBufferException>(() => Event.Parser.ParseFrom(bytes));
                continue;
            }

            var whole = Judged.WholeRefusalOf(bytes);
            Assert.Equal((whole?.Reason, whole?.Field), (refusal?.Reason, refusal?.Field));
            if (refusal is not null)
            {
                refused++;
                continue;
            }

            taken++;
            var parsed = Event.Parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
            Assert.Equal(parsed.Identifiers, head!.Identifiers);
            Assert.Equal(parsed.Outcome, head.Outcome);
            var read = EventReader.ForFold(bytes);
            Assert.Equal((parsed.Id, parsed.Kind, parsed.Type, parsed.Channel), (read.Id, read.Kind, read.Type, read.Channel));
            Assert.Equal(parsed.Properties, Map(read.Properties));
            Assert.Equal(parsed.Traits?.Set ?? [], Map(read.Traits?.Set ?? []));
            Assert.Equal(parsed.Traits?.SetOnce ?? [], Map(read.Traits?.SetOnce ?? []));
            Assert.Equal(parsed.Traits?.Add ?? [], Map(read.Traits?.Add ?? []));
            Assert.Equal(parsed.Traits?.Unset ?? [], read.Traits?.Unset ?? []);
            long at = EffectiveTime.Of(read.OccurredAt, read.SentAt, 1_700_000_000_000_000);
            var e = new Cdp.Domain.Profiles.FoldEvent(read, parsed.Source, at, at, 0, i, []);
            Assert.True(Cdp.Domain.Profiles.ProfileFold.TryAbsorb(new State.V1.ProfileState(), e, Profiles.Folding.Definitions));
        }

        Assert.InRange(taken, 1_000, 29_000);
        Assert.InRange(refused, 1_000, 29_000);

        static MapField<string, Value> Map(RepeatedField<State.V1.NamedValue> entries)
        {
            var map = new MapField<string, Value>();
            foreach (var entry in entries)
                map[entry.Name] = entry.Value ?? new Value();
            return map;
        }
    }

    private static Event Rich()
    {
        var made = Valid();
        made.OccurredAt = new Timestamp { UnixMicros = 1_700_000_000_000_000, UtcOffsetMinutes = 60 };
        made.Properties["total"] = new Value { MoneyValue = new Money { CurrencyCode = "EUR", Amount = "12.50" } };
        made.Properties["price"] = new Value { DecimalValue = "-1.5" };
        made.Properties["ratio"] = new Value { DoubleValue = 0.25 };
        made.Properties["when"] = new Value { TimestampValue = new Timestamp { UnixMicros = 5, UtcOffsetMinutes = -90 } };
        made.Properties["none"] = new Value { NullValue = NullValue.Unspecified };
        made.Properties["items"] = new Value
        {
            ListValue = new ListValue { Values = { new Value { MapValue = new MapValue { Fields = { ["sku"] = Text("ä"), ["quantity"] = new Value { IntValue = -3 } } } } } },
        };
        made.Outcome = new EventOutcome { DecisionId = "c1.1.1.0000000000000001", ActionId = "a", Kind = OutcomeKind.Converted, Value = new Money { CurrencyCode = "EUR", Amount = "1" } };
        made.Context["page"] = new Value { MapValue = new MapValue { Fields = { ["url"] = Text("https://x.example"), ["first"] = new Value { BoolValue = true } } } };
        return made;
    }

    private static Event RichTraits()
    {
        var made = Rich();
        made.Traits = new TraitChanges { Set = { ["city"] = Text("Köln"), ["age"] = new Value { IntValue = 44 } } };
        return made;
    }

    private static Event Valid() => new()
    {
        Id = "e1",
        Kind = EventKind.Track,
        Type = "Order Completed",
        Source = "shop",
        Channel = "web",
        OccurredAt = Time(1_700_000_000_000_000),
        Identifiers = { Id("email", "ann@example.com") },
        Properties =
        {
            ["total"] = new Value { DecimalValue = "12.50" },
            ["products"] = List(Map("product_id", Text("p1")), Map("price", new Value { DoubleValue = 1.5 })),
        },
        Traits = new TraitChanges { Set = { ["tier"] = Text("gold") }, Add = { ["points"] = new Value { IntValue = 3 } } },
    };

    private static Identifier Id(string name, string value) => new() { Namespace = name, Value = value };

    private static Timestamp Time(long micros) => new() { UnixMicros = micros };

    private static Value Text(string text) => new() { StringValue = text };

    private static Value List(params Value[] values) => new() { ListValue = new ListValue { Values = { values } } };

    private static Value Map(string name, Value value) => new() { MapValue = new MapValue { Fields = { [name] = value } } };

    private static Value Nested(int depth) => depth == 1 ? Text("x") : List(Nested(depth - 1));
}
