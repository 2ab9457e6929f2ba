using Cdp.Domain.Consent;
using Cdp.Domain.Events;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>Random events of one customer: few names, so that they meet, and times that tie and lie around session pauses.</summary>
internal static class RandomEvents
{
    public const long Minute = 60_000_000;
    public const long Day = 24 * 60 * Minute;
    public const long Start = 1_700_000_000_000_000;

    /// <summary>Few names in many roles; up to 40 events.</summary>
    public static Arbitrary<Occurrence[]> Narrow { get; } = Arb.From(Events(Names.Narrow, 0, 40), Smaller);

    /// <summary>More names of every sort than a profile holds; hundreds of events. A failure is shown as it is: fewer do not overflow.</summary>
    public static Arbitrary<Occurrence[]> Wide { get; } = Events(Names.Wide, 300, 700).ToArbitrary();

    /// <summary>The same events in another order.</summary>
    public static Occurrence[] Shuffled(Occurrence[] events, int seed)
    {
        var shuffled = events.ToArray();
        new System.Random(seed).Shuffle(shuffled);
        return shuffled;
    }

    /// <summary>In canonical order but for neighbours, as a live stream is.</summary>
    public static Occurrence[] NearlyOrdered(Occurrence[] events, int seed)
    {
        var random = new System.Random(seed);
        return
        [
            .. events.Order(Occurrence.Canonical)
                .Select((e, index) => (e, place: index + random.Next(6)))
                .OrderBy(pair => pair.place)
                .Select(pair => pair.e),
        ];
    }

    private static Gen<Occurrence[]> Events(Names names, int least, int most) =>
        from count in Gen.Choose(least, most)
        from events in One(names).ArrayOf(count)
        select events.Select(WithPosition).ToArray();

    // Ids are unique within their source, as redelivered copies are sorted out before the fold.
    private static Occurrence WithPosition(Occurrence e, int index)
    {
        e.Event.Id = $"{e.Event.Id}{index % 7}-{index}";
        return e with { Position = index, Partition = index % 3 };
    }

    private static IEnumerable<Occurrence[]> Smaller(Occurrence[] events)
    {
        for (int size = events.Length / 2; size > 0; size /= 2)
        {
            for (int from = 0; from + size <= events.Length; from += size)
                yield return [.. events[..from], .. events[(from + size)..]];
        }
    }

    private static Gen<Occurrence> One(Names names) =>
        from time in Time(names)
        from received in Gen.Choose(0, 100)
        from skew in Gen.Frequency((8, Gen.Constant(0L)), (1, Gen.Constant(2 * Minute)), (1, Gen.Constant(90 * 365 * Day)))
        from kind in Gen.Frequency((9, Gen.Constant(EventKind.Track)), (1, Gen.Elements(EventKind.Identify, EventKind.Page, EventKind.Screen, EventKind.Group, EventKind.Unspecified)))
        from type in Gen.Elements(names.Types)
        from source in Gen.Elements("shop", "app", "crm")
        from channel in Gen.Elements(names.Channels)
        from properties in Properties(names)
        from traits in Traits(names)
        from identifiers in Gen.Elements(names.Namespaces).ArrayOf(2)
        from consent in Consents
        select Made(time, received, skew, kind, type, source, channel, properties, traits, identifiers, consent);

    /// <summary>Now and then an act of consent.</summary>
    private static Gen<ConsentAct?> Consents { get; } = Gen.Frequency(
        (14, Gen.Constant((ConsentAct?)null)),
        (1, from purpose in Gen.Elements("marketing", "analytics", "service")
            from channel in Gen.Elements("", "email", "web")
            from granted in Gen.Elements(true, false)
            from expires in Gen.Elements(true, false)
            select (ConsentAct?)new ConsentAct
            {
                Purpose = purpose, Channel = channel, Granted = granted, ExpiresAt = granted && expires ? new Timestamp { UnixMicros = Start + (40 * Day) } : null,
            }));

    private static Occurrence Made(
        long time, int received, long skew, EventKind kind, string type, string source, string channel, (string Name, Value? Value)[] properties, TraitChanges? traits, string[] namespaces,
        ConsentAct? consent)
    {
        var made = new Event
        {
            Id = "e",
            Kind = kind,
            Type = type,
            Source = source,
            Channel = channel,
            OccurredAt = new Timestamp { UnixMicros = time + skew },
            Traits = traits,
            Identifiers = { namespaces.Distinct().Select(name => new Identifier { Namespace = name, Value = "u" }) },
        };
        foreach (var (name, value) in properties)
        {
            if (value is not null)
                made.Properties[name] = value;
        }

        if (consent is not null)
        {
            (made.Kind, made.Type) = (EventKind.Track, ConsentEvents.Type);
            made.Properties.Clear();
            ConsentEvents.Write(consent, made.Properties);
        }

        long receivedAt = time + (received * Minute / 10);
        return new Occurrence(made, source, EffectiveTime.Of(made.OccurredAt, made.SentAt, receivedAt), receivedAt, 0, 0);
    }

    private static Gen<long> Time(Names names) =>
        from day in Gen.Choose(0, names.Days)
        from pauses in Gen.Choose(0, 4)
        from odd in Gen.Elements(-1L, 0L, 0L, 1L, 7 * Minute)
        select Start + (day * Day) + (pauses * 30 * Minute) + odd;

    private static Gen<(string Name, Value? Value)[]> Properties(Names names) =>
        from total in Maybe(5, Amount)
        from currency in Maybe(5, Gen.Elements(names.Currencies).Select(Text))
        from category in Maybe(4, Gen.Elements(names.Categories).Select(Text))
        from items in Maybe(5, Items(names))
        from product in Maybe(4, Gen.Elements(names.Products).Select(Text))
        from order in Maybe(6, Gen.OneOf(Gen.Choose(1, names.Orders).Select(n => Text($"{n}")), Gen.Choose(1, names.Orders).Select(n => (Value?)new Value { IntValue = n })))
        select new[] { ("total", total), ("currency", currency), ("category", category), ("products", items), ("product_id", product), ("order_id", order) };

    private static Gen<Value?> Items(Names names) =>
        from count in Gen.Choose(0, 4)
        from items in Item(names).ArrayOf(count)
        select (Value?)new Value { ListValue = new ListValue { Values = { items } } };

    private static Gen<Value> Item(Names names) =>
        from product in Gen.Elements(names.Products)
        from quantity in Maybe(7, Amount)
        from price in Maybe(7, Amount)
        from category in Maybe(5, Gen.Elements(names.Categories).Select(Text))
        select ItemOf(product, quantity, price, category);

    private static Value ItemOf(string product, Value? quantity, Value? price, Value? category)
    {
        var map = new MapValue { Fields = { ["product_id"] = Text(product)! } };
        if (quantity is not null)
            map.Fields["quantity"] = quantity;
        if (price is not null)
            map.Fields["price"] = price;
        if (category is not null)
            map.Fields["category"] = category;
        return new Value { MapValue = map };
    }

    private static Gen<Value?> Amount { get; } = Gen.Frequency(
        (3, Gen.Choose(-5, 50).Select(n => (Value?)new Value { IntValue = n })),
        (3, Gen.Choose(-500, 5000).Select(n => (Value?)new Value { DecimalValue = $"{(n < 0 ? "-" : "")}{Math.Abs(n) / 100}.{Math.Abs(n) % 100:00}" })),
        (2, Gen.Choose(-100, 100).Select(n => (Value?)new Value { DoubleValue = n / 8.0 })),
        (1, Gen.Elements("12.5", "-3", "1e3", "", "12,5").Select(s => (Value?)new Value { StringValue = s })),
        (1, Gen.Elements("EUR", "USD").Select(c => (Value?)new Value { MoneyValue = new Money { CurrencyCode = c, Amount = "7.25" } })),
        (1, Gen.Constant((Value?)new Value { BoolValue = true })));

    private static Gen<TraitChanges?> Traits(Names names) =>
        from count in Gen.Elements(0, 0, 1, 2, 3)
        from changes in Change(names).ArrayOf(count)
        select count == 0 ? null : Joined(changes);

    private static Gen<(string Name, int Operation, Value Value)> Change(Names names) =>
        from name in Gen.Elements(names.Traits)
        from operation in Gen.Elements(0, 0, 0, 1, 2, 2, 3)
        from value in operation == 2 ? Number : TraitValue(names)
        select (name, operation, value);

    // One change a trait: what comes second in the same event is left out.
    private static TraitChanges Joined((string Name, int Operation, Value Value)[] changes)
    {
        var joined = new TraitChanges();
        foreach (var (name, operation, value) in changes.DistinctBy(change => change.Name))
        {
            switch (operation)
            {
                case 0:
                    joined.Set[name] = value;
                    break;
                case 1:
                    joined.SetOnce[name] = value;
                    break;
                case 2:
                    joined.Add[name] = value;
                    break;
                default:
                    joined.Unset.Add(name);
                    break;
            }
        }

        return joined;
    }

    private static Gen<Value> Number { get; } = Gen.OneOf(
        Gen.Choose(-9, 9).Select(n => new Value { IntValue = n }),
        Gen.Choose(-9, 9).Select(n => new Value { DecimalValue = $"{(n < 0 ? "-" : "")}0.{Math.Abs(n)}" }),
        Gen.Choose(-9, 9).Select(n => new Value { DoubleValue = n / 4.0 }));

    private static Gen<Value> TraitValue(Names names) => Gen.OneOf(
        Number,
        Gen.Elements("gold", "silver").Select(s => new Value { StringValue = s }),
        Gen.Choose(0, names.TraitLength).Select(n => new Value { StringValue = new string('x', n) }),
        Gen.Constant(new Value { NullValue = NullValue.Unspecified }));

    private static Gen<Value?> Maybe(int inTen, Gen<Value?> gen) => Gen.Frequency((inTen, gen), (10 - inTen, Gen.Constant((Value?)null)));

    private static Value? Text(string text) => new() { StringValue = text };

    private sealed record Names(
        string[] Types, string[] Channels, string[] Currencies, string[] Categories, string[] Products, string[] Traits, string[] Namespaces, int TraitLength, int Days, int Orders)
    {
        public static Names Narrow { get; } = new(
            ["Order Completed", "order_completed", "purchase", "Order Refunded", "Product Viewed", "Product Added", "Chat Started", "Something New"],
            ["", "web", "store", "phone"],
            ["EUR", "USD", "gbp", "money", ""],
            ["washing", "drying", "", "cooling"],
            ["p1", "p2", "p3", "p4", "p5"],
            ["tier", "points", "visits", "name"],
            ["user_id", "email", "device"],
            12,
            80,
            9);

        public static Names Wide { get; } = new(
            [.. Narrow.Types, .. Many("type", 400)],
            Many("channel", 100),
            [.. Enumerable.Range(0, 40).Select(i => $"{(char)('A' + (i % 26))}{(char)('A' + (i / 26))}Q")],
            Many("category", 400),
            Many("product", 900),
            Many("trait", 90),
            [.. Enumerable.Range(0, 100).Select(i => $"namespace_{i}")],
            6_000,
            900,
            200);

        private static string[] Many(string name, int count) => [.. Enumerable.Range(0, count).Select(i => $"{name} {i}")];
    }
}
