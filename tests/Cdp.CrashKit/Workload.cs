using System.Globalization;
using Cdp.V1;

namespace Cdp.CrashKit;

/// <summary>
/// Makes events of people whose groups follow from the events alone, whatever the order: within one person no limit of
/// a namespace is reached; what two people share (a kiosk, an order number) never joins them.
/// </summary>
public sealed class Workload(int seed)
{
    private const int PeopleAtOnce = 12;
    private const long Start = 1_750_000_000_000_000;
    private static readonly long TwoDays = (long)TimeSpan.FromDays(2).TotalMicroseconds;

    private readonly Random _random = new(seed);
    private readonly List<Person> _active = [];
    private readonly List<Person> _people = [];
    private int _events;

    private enum PersonKind
    {
        /// <summary>A ring of devices, seen in pairs: many mints, then merges of merges.</summary>
        Ring,

        /// <summary>A user id, e-mail addresses and devices in any combination.</summary>
        Shopper,

        /// <summary>Logs in at a kiosk that hundreds use: the link is refused, the event is the user's.</summary>
        KioskUser,
    }

    /// <summary>The next event.</summary>
    public MadeEvent Next()
    {
        var person = Pick();
        var nodes = NodesOf(person);
        var made = new Event
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"e{_events++}"),
            Kind = EventKind.Track,
            Type = "Product Viewed",
            Source = "crash",
            Channel = _random.Next(2) == 0 ? "web" : "store",
            OccurredAt = new Timestamp { UnixMicros = Start + _random.NextInt64(-TwoDays, TwoDays) },
        };
        made.Identifiers.AddRange(nodes.Select(Identifier));
        if (person.Kind == PersonKind.KioskUser) made.Identifiers.Add(new Identifier { Namespace = "device", Value = $"kiosk-{person.Number % 3}" });
        if (_random.Next(10) < 4) MakeOrder(made);
        if (_random.Next(4) == 0) made.Traits = new TraitChanges { Add = { ["points"] = new Value { DecimalValue = Amount() } } };
        return new MadeEvent(made, nodes);
    }

    /// <summary>An event that the front door refuses.</summary>
    public Event NextRefused()
    {
        var made = new Event { Id = string.Create(CultureInfo.InvariantCulture, $"r{_events++}"), Kind = EventKind.Track, Type = "Seen", Source = "crash" };
        made.Identifiers.Add(new Identifier { Namespace = "user_id", Value = "null" });
        return made;
    }

    /// <summary>A number below <paramref name="end"/>.</summary>
    public int Draw(int end) => _random.Next(end);

    /// <summary>One more event of the person behind a node.</summary>
    public MadeEvent NextOf(string node)
    {
        var made = new Event
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"e{_events++}"), Kind = EventKind.Track, Type = "Seen again", Source = "crash", Channel = "web",
        };
        made.Identifiers.Add(Identifier(node));
        return new MadeEvent(made, [node]);
    }

    /// <summary>The identifier behind a node.</summary>
    public static Identifier Identifier(string node)
    {
        var colon = node.IndexOf(':', StringComparison.Ordinal);
        return new Identifier { Namespace = node[..colon], Value = node[(colon + 1)..] };
    }

    private Person Pick()
    {
        if (_active.Count < PeopleAtOnce || _random.Next(12) == 0)
        {
            var person = new Person((PersonKind)_random.Next(3), _people.Count);
            _people.Add(person);
            _active.Add(person);
            if (_active.Count > PeopleAtOnce) _active.RemoveAt(_random.Next(PeopleAtOnce));
            return person;
        }

        return _random.Next(10) == 0 ? _people[_random.Next(_people.Count)] : _active[_random.Next(_active.Count)];
    }

    private string[] NodesOf(Person person)
    {
        var n = person.Number;
        switch (person.Kind)
        {
            case PersonKind.Ring:
                var first = _random.Next(8);
                return _random.Next(3) == 0 ? [$"device:ring-{n}-{first}"] : [$"device:ring-{n}-{first}", $"device:ring-{n}-{(first + 1) % 8}"];
            case PersonKind.Shopper:
                string[] all = [$"user_id:shopper-{n}", $"email:s{n}-a@example.com", $"email:s{n}-b@example.com", $"device:s{n}-phone", $"device:s{n}-laptop"];
                _random.Shuffle(all);
                return all[..(1 + _random.Next(3))];
            default:
                return [$"user_id:kiosk-user-{n}"];
        }
    }

    private void MakeOrder(Event made)
    {
        made.Type = "Order Completed";
        made.Properties["total"] = new Value { DecimalValue = Amount() };
        made.Properties["currency"] = new Value { StringValue = _random.Next(3) == 0 ? "USD" : "EUR" };

        // A number that other people's orders have, too.
        made.Identifiers.Add(new Identifier { Namespace = "order_id", Value = string.Create(CultureInfo.InvariantCulture, $"order-{_random.Next(200)}") });
    }

    private string Amount() => (_random.Next(1, 1_000_000) / 1000m).ToString(CultureInfo.InvariantCulture);

    private sealed record Person(PersonKind Kind, int Number);
}

/// <summary>An event and the identifiers, as <c>namespace:value</c>, that it joins.</summary>
public sealed record MadeEvent(Event Event, IReadOnlyList<string> Nodes);
