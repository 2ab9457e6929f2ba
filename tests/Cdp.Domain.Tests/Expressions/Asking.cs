using Cdp.Domain.Expressions;
using Cdp.Domain.Tests.Profiles;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tests.Expressions;

/// <summary>Compiles expressions and asks them about customers.</summary>
internal static class Asking
{
    /// <summary>The moment of all calls: a Friday.</summary>
    public static long Now { get; } = (new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero) - DateTimeOffset.UnixEpoch).Ticks / 10;

    /// <summary>A customer with a bit of everything.</summary>
    public static ProfileState Anna { get; } = Folding.Canonical(
    [
        Event("Signed Up", daysAgo: 400, channel: "store", traits: new TraitChanges
        {
            Set =
            {
                ["country"] = Text("DE"), ["plan"] = Text("gold"), ["age"] = new Value { IntValue = 41 }, ["vip"] = new Value { BoolValue = true },
                ["discount"] = new Value { DecimalValue = "0.15" }, ["ratio"] = new Value { DoubleValue = 0.5 },
                ["born"] = new Value { TimestampValue = new Timestamp { UnixMicros = 400_000_000_000_000 } },
                ["limit"] = new Value { MoneyValue = new Money { CurrencyCode = "EUR", Amount = "500" } },
                ["hobbies"] = new Value { ListValue = new ListValue { Values = { Text("chess"), Text("golf") } } },
                ["address"] = new Value { MapValue = new MapValue { Fields = { ["city"] = Text("Kiel"), ["zip code"] = Text("24103") } } },
                ["nothing"] = new Value { NullValue = NullValue.Unspecified },
            },
            Add = { ["points"] = new Value { IntValue = 7 } },
        }),
        Event("Product Viewed", daysAgo: 40, ("product_id", "WM-1"), ("category", "washing")),
        Event("Product Viewed", daysAgo: 39, ("product_id", "WM-1"), ("category", "washing")),
        Event("Product Viewed", daysAgo: 39, ("product_id", "TV-1"), ("category", "tv")),
        Event("Order Completed", daysAgo: 30, ("total", 100m), ("currency", "EUR"), ("product_id", "WM-1")),
        Event("Order Completed", daysAgo: 20, ("total", 50.5m), ("currency", "EUR")),
        Event("Order Completed", daysAgo: 10, ("total", 20m), ("currency", "CHF")),
        Event("Order Refunded", daysAgo: 5, ("total", 0.5m), ("currency", "EUR")),
    ]);

    /// <summary>What expressions are asked about.</summary>
    public static Subject About(ProfileState profile) => new(profile, Folding.Definitions.InterestHalfLifeMicros, Now, new CallFacts("web", new Dictionary<string, Value>
    {
        ["page"] = Text("/washing"),
        ["cart"] = new Value { MapValue = new MapValue { Fields = { ["items"] = new Value { IntValue = 2 } } } },
    }));

    public static CompiledExpression Compile(string text, ExpressionUse use = ExpressionUse.Decision)
    {
        var compiled = CompiledExpression.Compile(text, use, out var errors);
        Assert.True(compiled is not null, $"{text}\n{string.Join('\n', errors)}");
        Assert.Empty(errors);
        return compiled;
    }

    public static bool? Ask(string text, ProfileState profile) => Compile(text).Evaluate(About(profile));

    /// <summary>The errors as they are shown; of each the message with its caret.</summary>
    public static string Errors(string text, ExpressionUse use = ExpressionUse.Decision)
    {
        Assert.Null(CompiledExpression.Compile(text, use, out var errors));
        return string.Join('\n', errors);
    }

    private static Occurrence Event(string type, int daysAgo, params (string Name, object Value)[] properties) => Event(type, daysAgo, "web", null, properties);

    private static Occurrence Event(string type, int daysAgo, string channel, TraitChanges? traits, params (string Name, object Value)[] properties)
    {
        long at = Now - (daysAgo * RandomEvents.Day);
        var made = new Event
        {
            Id = $"{type}-{daysAgo}-{properties.FirstOrDefault().Value}", Kind = EventKind.Track, Type = type, Channel = channel, Traits = traits,
            OccurredAt = new Timestamp { UnixMicros = at },
            Identifiers = { new Identifier { Namespace = "user_id", Value = "anna" } },
        };
        if (channel == "store")
            made.Identifiers.Add(new Identifier { Namespace = "loyalty_card", Value = "4711" });
        foreach (var (name, value) in properties)
            made.Properties[name] = value is decimal amount ? new Value { DecimalValue = amount.ToString(System.Globalization.CultureInfo.InvariantCulture) } : Text((string)value);
        return new Occurrence(made, "shop", at, at, 0, 0);
    }

    private static Value Text(string text) => new() { StringValue = text };
}
