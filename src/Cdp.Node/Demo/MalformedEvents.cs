using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>Events as broken as real ones get, each with the reason for which it must be refused.</summary>
internal static class MalformedEvents
{
    private const int OneHugeIn = 100;
    private const int HugeBytes = 300 * 1024;

    private static readonly (string Reason, Action<Event> Break)[] Ways =
    [
        ("ID_MISSING", e => e.Id = ""),
        ("ID_TOO_LONG", e => e.Id = new string('x', 200)),
        ("KIND_UNKNOWN", e => e.Kind = (EventKind)99),
        ("TYPE_MISSING", e => e.Type = ""),
        ("TYPE_RESERVED", e => e.Type = "cdp.internal"),
        ("TEXT_INVALID", e => e.Channel = "we\u0007b"),
        ("IDENTIFIER_MISSING", e => e.Identifiers.Clear()),
        ("IDENTIFIERS_BLOCKED", e => e.Identifiers[0].Value = "anonymous"),
        ("TOO_MANY_IDENTIFIERS", e => e.Identifiers.AddRange(Enumerable.Range(0, 20).Select(i => new Identifier { Namespace = "cookie", Value = $"many-{i}" }))),
        ("NAMESPACE_INVALID", e => e.Identifiers[0].Namespace = "E-Mail Address"),
        ("EMAIL_INVALID", e => e.Identifiers.Add(new Identifier { Namespace = "email", Value = "not an address" })),
        ("TIMESTAMP_OUT_OF_RANGE", e => e.OccurredAt = new Timestamp { UnixMicros = long.MaxValue }),
        ("DECIMAL_INVALID", e => e.Properties["total"] = new Value { DecimalValue = "12,50" }),
        ("DOUBLE_NOT_FINITE", e => e.Properties["total"] = new Value { DoubleValue = double.NaN }),
        ("CURRENCY_INVALID", e => e.Properties["total"] = new Value { MoneyValue = new Money { CurrencyCode = "euro", Amount = "1" } }),
        ("VALUE_TOO_DEEP", e => e.Properties["tree"] = Nested(20)),
        ("TRAIT_ADD_NOT_NUMERIC", e => e.Traits = new TraitChanges { Add = { ["points"] = new Value { StringValue = "many" } } }),
    ];

    /// <summary>Number of kinds of breakage.</summary>
    public static int Kinds => Ways.Length + 1;

    /// <summary>Makes the n-th event and the reason for which it must be refused.</summary>
    public static (Event Event, string Reason) Make(int number)
    {
        var made = new Event { Id = $"bad-{number}", Kind = EventKind.Track, Type = "Order Completed", Source = EventFactory.Source, Channel = "web" };
        made.Identifiers.Add(new Identifier { Namespace = "cookie", Value = $"bad-{number}" });
        if (number % OneHugeIn == 0)
        {
            made.Properties["scan"] = new Value { StringValue = new string('#', HugeBytes) };
            return (made, "EVENT_TOO_LARGE");
        }

        var (reason, breakIt) = Ways[number % Ways.Length];
        breakIt(made);
        return (made, reason);
    }

    private static Value Nested(int depth)
    {
        var value = new Value { BoolValue = true };
        for (var i = 0; i < depth; i++) value = new Value { ListValue = new ListValue { Values = { value } } };
        return value;
    }
}
