using System.Globalization;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>
/// Makes events of about 1 KB: two identifiers each, views and orders with items, 5 % of them with an identifier never
/// seen before. Deterministic by seed.
/// </summary>
internal sealed class EventSource(int customers, int seed, Func<Random, int> pick)
{
    private static readonly string[] Categories = ["washing-machines", "dryers", "fridges", "ovens", "cookers", "freezers", "dishwashers", "small-things"];
    private static readonly string Filler = new('x', 420);

    private readonly Random _random = new(seed);
    private long _made;

    public int Customers { get; } = customers;

    /// <summary>The identifiers of an event, by seed, customer and number, where they are not the usual ones.</summary>
    public Func<int, int, long, Identifier[]>? Identify { get; init; }

    /// <summary>The identifiers of the event made last.</summary>
    public IReadOnlyList<Identifier> Newest { get; private set; } = [];

    public Event Next()
    {
        var customer = pick(_random);
        var number = ++_made;
        var order = number % 10 == 0;
        var made = new Event
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"e-{seed}-{number}"),
            Kind = EventKind.Track,
            Type = order ? "Order Completed" : "Product Viewed",
            Source = "shop",
            Channel = number % 3 == 0 ? "app" : "web",
            SessionId = string.Create(CultureInfo.InvariantCulture, $"s-{customer}-{number % 7}"),
        };
        made.Identifiers.AddRange(Identify is { } identify ? identify(seed, customer, number) : Usual(customer, number));
        Newest = made.Identifiers;
        var category = Categories[_random.Next(Categories.Length)];
        made.Properties["category"] = new Value { StringValue = category };
        made.Properties["product_id"] = new Value { StringValue = string.Create(CultureInfo.InvariantCulture, $"p-{_random.Next(2000)}") };
        made.Properties["price"] = new Value { DecimalValue = string.Create(CultureInfo.InvariantCulture, $"{_random.Next(1, 90_000) / 100m:0.00}") };
        made.Properties["quantity"] = new Value { IntValue = _random.Next(1, 4) };
        if (order)
        {
            made.Properties["order_id"] = new Value { StringValue = string.Create(CultureInfo.InvariantCulture, $"o-{seed}-{number}") };
            made.Properties["total"] = new Value { DecimalValue = string.Create(CultureInfo.InvariantCulture, $"{_random.Next(100, 90_000) / 100m:0.00}") };
            made.Properties["currency"] = new Value { StringValue = "EUR" };
        }

        made.Context["page"] = new Value { StringValue = $"https://shop.example/{category}" };
        made.Context["user_agent"] = new Value { StringValue = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" };
        made.Context["note"] = new Value { StringValue = Filler };
        made.Traits = new TraitChanges { Set = { ["last_category"] = new Value { StringValue = category } } };
        return made;
    }

    public PublishEventsRequest NextBatch(int size)
    {
        var request = new PublishEventsRequest();
        for (var i = 0; i < size; i++) request.Events.Add(Next());
        return request;
    }

    private Identifier[] Usual(int customer, long number) =>
    [
        new() { Namespace = "user_id", Value = string.Create(CultureInfo.InvariantCulture, $"user-{customer}") },
        _random.Next(20) == 0
            ? new() { Namespace = "session_cookie", Value = string.Create(CultureInfo.InvariantCulture, $"cookie-{seed}-{number}") }
            : new() { Namespace = "device", Value = string.Create(CultureInfo.InvariantCulture, $"device-{customer}") },
    ];
}
