using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Tests.Replay;

/// <summary>
/// Random traffic of a small shop: people on several devices, a kiosk that all of them use, copies, copies with other
/// content, refused events, late events, merges of customers with a history. The same seed gives the same traffic.
/// </summary>
internal sealed class Traffic(int seed)
{
    private const int People = 40;
    private const int Devices = 60;
    private readonly Random _random = new(seed);
    private readonly List<Event> _sent = [];

    /// <summary>Everyone that an event may have named.</summary>
    public static IReadOnlyList<Identifier> Everyone { get; } =
    [
        .. Named("user_id", "u", People), .. Named("email", "m", People, "@example.com"), .. Named("device", "d", Devices),
        .. Named("order_id", "o", 50), new Identifier { Namespace = "device", Value = "kiosk" },
    ];

    public async Task SendAsync(CdpClient client, int events, CancellationToken cancel)
    {
        var accepted = 0;
        while (events > 0)
        {
            // Several calls at once: what they decide depends on who comes first.
            var calls = new List<Task<PublishEventsResponse>>();
            for (var call = 0; call < 4 && events > 0; call++)
            {
                var request = new PublishEventsRequest();
                for (var i = _random.Next(1, 40); i > 0 && events > 0; i--, events--) request.Events.Add(Next());
                calls.Add(client.Ingest.PublishEventsAsync(request, cancellationToken: cancel));
            }

            accepted += (await Task.WhenAll(calls)).Sum(reply => reply.Accepted);
            if (_random.Next(4) == 0) await LinkAsync(client, cancel);
        }

        Assert.True(accepted > 0);
    }

    private async Task LinkAsync(CdpClient client, CancellationToken cancel)
    {
        var link = new LinkIdentifiersRequest { Reason = "a call to the shop" };
        link.Identifiers.Add(Someone("user_id", "u", People));
        link.Identifiers.Add(Someone("user_id", "u", People));
        link.Identifiers.Add(Someone("device", "d", Devices));
        await client.Identities.LinkIdentifiersAsync(link, cancellationToken: cancel);
    }

    private Event Next()
    {
        if (_sent.Count > 0 && _random.Next(8) == 0) return Again(_sent[_random.Next(_sent.Count)]);
        var person = _random.Next(People);
        var made = new Event
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"e{_sent.Count}"),
            Kind = EventKind.Track,
            Source = _random.Next(2) == 0 ? "web" : "app",
            Channel = _random.Next(3) == 0 ? "store" : "web",
        };
        if (_random.Next(3) > 0) made.OccurredAt = new Timestamp { UnixMicros = 1_750_000_000_000_000 + (_random.NextInt64(2_000) * 977_000_000) };
        Fill(made, person);
        if (_random.Next(3) == 0) made.Identifiers.Add(Id("user_id", $"u{person}"));
        if (_random.Next(5) == 0) made.Identifiers.Add(Id("email", $"m{person}@example.com"));
        if (_random.Next(12) == 0) made.Identifiers.Add(Id("device", "kiosk"));
        if (made.Identifiers.Count == 0 || _random.Next(2) == 0) made.Identifiers.Add(Someone("device", "d", Devices));
        if (_random.Next(25) == 0) made.Identifiers.Clear();
        _sent.Add(made);
        return made;
    }

    private Event Again(Event sent)
    {
        var copy = sent.Clone();
        if (_random.Next(3) == 0) copy.Properties["note"] = new Value { StringValue = "another content" };
        if (_random.Next(3) == 0) copy.Identifiers.Add(Someone("device", "d", Devices));
        return copy;
    }

    private void Fill(Event made, int person)
    {
        made.Traits = new TraitChanges();
        switch (_random.Next(6))
        {
            case 0:
                made.Type = "Order Completed";
                made.Properties["total"] = new Value { DecimalValue = string.Create(CultureInfo.InvariantCulture, $"{_random.Next(10_000)}.{_random.Next(100):00}") };
                made.Properties["currency"] = new Value { StringValue = _random.Next(5) == 0 ? "USD" : "EUR" };
                made.Identifiers.Add(Someone("order_id", "o", 50));
                made.Properties["order_id"] = new Value { StringValue = made.Identifiers[^1].Value };
                break;
            case 1:
                made.Type = "Order Refunded";
                made.Properties["total"] = new Value { DecimalValue = "1.10" };
                break;
            case 2:
                made.Type = "Product Viewed";
                made.Properties["product_id"] = new Value { StringValue = $"p{_random.Next(30)}" };
                made.Properties["category"] = new Value { StringValue = $"c{_random.Next(9)}" };
                break;
            case 3:
                made.Type = "Profile Changed";
                made.Traits.Set[$"t{_random.Next(4)}"] = new Value { IntValue = _random.Next(100) };
                made.Traits.SetOnce["first"] = new Value { StringValue = $"by {person}" };
                break;
            case 4:
                made.Type = "Points Earned";
                made.Traits.Add[$"t{_random.Next(4)}"] = new Value { IntValue = _random.Next(10) };
                break;
            default:
                made.Type = $"Type {_random.Next(20)}";
                if (_random.Next(4) == 0) made.Traits.Unset.Add($"t{_random.Next(4)}");
                break;
        }
    }

    private Identifier Someone(string name, string prefix, int count) => Id(name, string.Create(CultureInfo.InvariantCulture, $"{prefix}{_random.Next(count)}"));

    private static Identifier Id(string name, string value) => new() { Namespace = name, Value = value };

    private static IEnumerable<Identifier> Named(string name, string prefix, int count, string suffix = "") =>
        Enumerable.Range(0, count).Select(i => Id(name, string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}{suffix}")));
}
