using System.Globalization;
using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>Makes the events of the crowd as the shop's systems would send them; the same essence gives the same bytes.</summary>
/// <param name="people">The crowd.</param>
/// <param name="today">The demo's day; all events lie before it.</param>
internal sealed class EventFactory(IReadOnlyList<Person> people, DateTimeOffset today)
{
    public const string Source = "shop";

    private readonly long _today = UnixTime.Micros(today);

    public static string[] Categories { get; } =
        ["Washing machines", "Dryers", "Fridges", "Dishwashers", "Ovens", "Vacuum cleaners", "Coffee machines", "Televisions", "Headphones", "Phones", "Laptops", "Lamps"];

    /// <summary>The name of a channel as events carry it.</summary>
    public static string NameOf(Channel channel) => channel switch
    {
        Channel.Web => "web",
        Channel.App => "app",
        Channel.Store => "store",
        Channel.Phone => "phone",
        Channel.Email => "email",
        Channel.Chat => "chat",
        _ => "smart-mirror",
    };

    /// <summary>Code of a currency.</summary>
    public static string CodeOf(Currency currency) => currency == Currency.Chf ? "CHF" : "EUR";

    /// <summary>One identifier of a person, in the form of the system that knows it.</summary>
    public Identifier Identify(int person, Ids id) => id switch
    {
        Ids.UserId => Of("user_id", $"user-{person:d6}"),
        Ids.LoyaltyCard => Of("loyalty_card", $"LC-{person:d8}"),
        Ids.Email => Of("email", $"person.{person:d6}@example.org"),
        Ids.Phone => Of("phone", $"+49 151 23{person:d6}"),
        Ids.App => Of("device", $"app-{person:x6}-{person * 7919L:x8}"),
        Ids.Shared => Of("device", people[person].Habit == Habit.Kiosk ? "kiosk-by-the-door" : $"tablet-{people[person].SharedDevice:x6}"),
        _ => Of("cookie", $"ck-{(int)id:x}-{person:x6}-{person * 104_729L:x8}"),
    };

    /// <summary>Makes one event.</summary>
    public Event Make(in DemoEvent e)
    {
        var made = new Event
        {
            Id = $"{e.Person:x}-{e.Ordinal}",
            Kind = e.Deed == Deed.OpenedPage ? EventKind.Page : EventKind.Track,
            Type = TypeOf(e.Deed),
            Source = Source,
            Channel = NameOf(e.Channel),
            OccurredAt = new Timestamp { UnixMicros = _today - (e.MinutesAgo * 60_000_000L) + e.Ordinal, UtcOffsetMinutes = 60 },
        };
        // Weakest first: the server has to find the strongest by itself.
        for (var id = Ids.Shared; id > Ids.None; id = (Ids)((int)id >> 1))
        {
            if (!e.Carries.HasFlag(id)) continue;
            var identifier = Identify(e.Person, id);
            // People write their address as they like.
            if (id == Ids.Email && e.Ordinal % 2 == 1) identifier.Value = $" {identifier.Value.ToUpperInvariant()}";
            made.Identifiers.Add(identifier);
        }

        made.Context["locale"] = Text(people[e.Person].Currency == Currency.Chf ? "de-CH" : "de-DE");
        Describe(made, e);
        return made;
    }

    private void Describe(Event made, in DemoEvent e)
    {
        var properties = made.Properties;
        switch (e.Deed)
        {
            case Deed.SignedIn:
                made.Traits = new TraitChanges { Set = { ["name"] = Text($"Person {e.Person:d6}") } };
                break;
            case Deed.LookedAt or Deed.PutInCart or Deed.TriedOn:
                properties["product_id"] = Text(Product(e, 0));
                properties["category"] = Text(Categories[e.Category]);
                properties["price"] = Cents(e.PriceCents(0));
                break;
            case Deed.Bought:
                properties["order_id"] = Text($"O-{made.Id}");
                properties["currency"] = Text(CodeOf(people[e.Person].Currency));
                properties["products"] = Products(e);
                // The till sends items only; their sum is the server's to make.
                if (e.Channel != Channel.Store) properties["total"] = Cents(e.AmountCents);
                break;
            case Deed.GaveBack:
                properties["order_id"] = Text($"R-{made.Id}");
                properties["currency"] = Text(CodeOf(people[e.Person].Currency));
                properties["total"] = Cents(e.AmountCents);
                break;
            case Deed.OpenedPage:
                properties["path"] = Text($"/categories/{e.Category}");
                break;
            case Deed.Chatted:
                properties["text"] = Text("Where is my parcel?");
                break;
            case Deed.Called:
                properties["reason"] = Text("delivery");
                properties["seconds"] = new Value { IntValue = 30 + (e.MinutesAgo % 400) };
                break;
        }
    }

    private static Value Products(in DemoEvent e)
    {
        var list = new ListValue();
        for (var i = 0; i < e.Items; i++)
        {
            list.Values.Add(new Value
            {
                MapValue = new MapValue
                {
                    Fields =
                    {
                        ["product_id"] = Text(Product(e, i)),
                        ["quantity"] = new Value { IntValue = DemoEvent.Quantity(i) },
                        ["price"] = Cents(e.PriceCents(i)),
                        ["category"] = Text(Categories[e.Category]),
                    },
                },
            });
        }

        return new Value { ListValue = list };
    }

    private static string TypeOf(Deed deed) => deed switch
    {
        Deed.SignedIn => "Signed In",
        Deed.ReceiptSent => "Receipt Sent",
        Deed.LookedAt => "Product Viewed",
        Deed.PutInCart => "Product Added",
        Deed.Bought => "Order Completed",
        Deed.GaveBack => "Order Refunded",
        Deed.OpenedPage => "Category",
        Deed.Called => "Call Received",
        Deed.OpenedMail => "Email Opened",
        Deed.Chatted => "Chat Message",
        _ => "Outfit Tried On",
    };

    private static string Product(in DemoEvent e, int item) => $"P{e.Category:d2}-{(e.UnitCents + item) % 40:d2}";

    private static Identifier Of(string name, string value) => new() { Namespace = name, Value = value };

    private static Value Text(string text) => new() { StringValue = text };

    private static Value Cents(long cents) => new() { DecimalValue = (cents / 100m).ToString("0.00", CultureInfo.InvariantCulture) };
}
