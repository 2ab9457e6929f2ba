using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Cdp.V1;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>What a profile should be, computed the simple way from all events at once, with decimals and LINQ.</summary>
internal sealed class NaiveProfile(IEnumerable<Occurrence> events)
{
    private const string DefaultCurrency = "EUR";
    private const long Pause = 30 * RandomEvents.Minute;

    private readonly Occurrence[] _events =
    [
        .. events
            .OrderBy(e => e.EffectiveAt)
            .ThenBy(e => e.Source, StringComparer.Ordinal)
            .ThenBy(e => e.Event.Id, StringComparer.Ordinal),
    ];

    /// <summary>Events but those that name an order named before.</summary>
    private IEnumerable<Occurrence> CountedOnce => _events.Where(e => OrderOf(e) is not { } order || _events.First(other => OrderOf(other) == order) == e);

    public int Count => _events.Length;

    public Occurrence First => _events[0];

    public Occurrence Last => _events[^1];

    public IEnumerable<string> NewestFirst => _events.Reverse().Take(100).Select(e => e.Event.Id);

    public IEnumerable<(string Type, int Count, string Sums)> Types =>
        _events.GroupBy(TypeName).Select(group => (group.Key, group.Count(), SumsOf(group)));

    public IEnumerable<(string Channel, int Count)> Channels =>
        _events.Where(e => e.Event.Channel != "").GroupBy(e => e.Event.Channel).Select(group => (group.Key, group.Count()));

    public IEnumerable<(string Currency, int Orders, int Refunds, decimal Gross, decimal Refunded, long? FirstOrder, long? LastOrder)> Monetary =>
        from e in CountedOnce
        let role = RoleOf(e)
        where role is "order" or "refund"
        let amount = AmountOf(e)
        group (e, role, amount) by amount.Currency into one
        let orders = one.Where(entry => entry.role == "order").ToArray()
        let refunds = one.Where(entry => entry.role == "refund").ToArray()
        select (
            one.Key,
            orders.Length,
            refunds.Length,
            orders.Sum(entry => entry.amount.Value ?? 0),
            refunds.Sum(entry => Math.Abs(entry.amount.Value ?? 0)),
            orders.Min(entry => (long?)entry.e.EffectiveAt),
            orders.Max(entry => (long?)entry.e.EffectiveAt));

    public List<(long Start, long End, int Count)> Sessions
    {
        get
        {
            var sessions = new List<(long Start, long End, int Count)>();
            foreach (long at in _events.Where(e => RoleOf(e) != "none").Select(e => e.EffectiveAt))
            {
                if (sessions.Count > 0 && at - sessions[^1].End <= Pause)
                    sessions[^1] = (sessions[^1].Start, at, sessions[^1].Count + 1);
                else
                    sessions.Add((at, at, 1));
            }

            return sessions;
        }
    }

    public IEnumerable<string> OrderedProducts =>
        CountedOnce.Where(e => RoleOf(e) == "order").SelectMany(ProductsOf).Select(product => product.Id).Distinct();

    public IEnumerable<(string Product, int Views, int Orders, decimal Quantity, long Last)> Products =>
        from e in CountedOnce
        let role = RoleOf(e)
        where role is "order" or "view"
        from product in ProductsOf(e).GroupBy(product => product.Id)
        group (e, role, quantity: product.Sum(line => line.Quantity)) by product.Key into one
        let orders = one.Where(entry => entry.role == "order").ToArray()
        select (one.Key, one.Count() - orders.Length, orders.Length, orders.Sum(entry => entry.quantity), one.Max(entry => entry.e.EffectiveAt));

    public Dictionary<string, double> InterestsAt(long now) => (
        from e in CountedOnce
        let weight = RoleOf(e) switch { "order" => 10, "interaction" => 3, "view" => 1, _ => 0 }
        where weight > 0
        from category in CategoriesOf(e)
        group weight * Math.Pow(2, (e.EffectiveAt - now) / (30.0 * RandomEvents.Day)) by category)
        .ToDictionary(group => group.Key, group => group.Sum());

    /// <summary>Traits by applying every change in order.</summary>
    public Dictionary<string, (object? Value, string Source, long At)> Traits
    {
        get
        {
            var traits = new Dictionary<string, (object? Value, string Source, long At)>();
            foreach (var e in _events.Where(e => e.Event.Traits is not null))
            {
                var changes = e.Event.Traits;
                foreach (string name in changes.Unset)
                    traits.Remove(name);
                foreach (var (name, value) in changes.Set)
                    traits[name] = (Plain(value), e.Source, e.EffectiveAt);
                foreach (var (name, value) in changes.SetOnce)
                    traits.TryAdd(name, (Plain(value), e.Source, e.EffectiveAt));
                foreach (var (name, value) in changes.Add)
                    Add(traits, name, Plain(value)!, e);
            }

            return traits;
        }
    }

    /// <summary>A value as long, decimal, string or null; a double as decimal where it was summed.</summary>
    public static object? Plain(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.IntValue => value.IntValue,
        Value.KindOneofCase.DecimalValue => decimal.Parse(value.DecimalValue, CultureInfo.InvariantCulture),
        Value.KindOneofCase.DoubleValue => (decimal)value.DoubleValue,
        Value.KindOneofCase.StringValue => value.StringValue,
        _ => null,
    };

    public static ulong HashOf(string name) => XxHash64.HashToUInt64(Encoding.Unicode.GetBytes(name));

    private static void Add(Dictionary<string, (object? Value, string Source, long At)> traits, string name, object amount, Occurrence e)
    {
        object? known = traits.TryGetValue(name, out var trait) ? trait.Value : 0L;
        object? sum = (known, amount) switch
        {
            (long a, long b) => a + b,
            (long or decimal, long or decimal) => Convert.ToDecimal(known, CultureInfo.InvariantCulture) + Convert.ToDecimal(amount, CultureInfo.InvariantCulture),
            _ => null,
        };
        if (sum is not null)
            traits[name] = (sum, e.Source, e.EffectiveAt);
    }

    private static string TypeName(Occurrence e) =>
        e.Event.Kind is EventKind.Track or EventKind.Unspecified ? e.Event.Type : e.Event.Kind.ToString().ToLowerInvariant();

    private static string RoleOf(Occurrence e) => e.Event.Kind switch
    {
        EventKind.Page or EventKind.Screen => "view",
        EventKind.Identify or EventKind.Group or EventKind.Alias => "none",
        _ when e.Event.Type.StartsWith("cdp.", StringComparison.Ordinal) => "none",
        _ => e.Event.Type switch
        {
            "Order Completed" or "order_completed" or "purchase" => "order",
            "Order Refunded" => "refund",
            "Product Viewed" => "view",
            "Chat Started" => "contact",
            _ => "interaction",
        },
    };

    private static string? OrderOf(Occurrence e) =>
        RoleOf(e) == "order" && Property(e.Event.Properties, "order_id") is { } id ? Convert.ToString(Plain(id), CultureInfo.InvariantCulture) : null;

    private static string SumsOf(IEnumerable<Occurrence> events) => string.Join(
        ' ',
        events.Select(AmountOf)
            .Where(amount => amount.Value is not null)
            .GroupBy(amount => amount.Currency)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key}={Text(group.Sum(amount => amount.Value!.Value))}"));

    public static string Text(decimal number) => number.ToString("0.#########", CultureInfo.InvariantCulture);

    private static (decimal? Value, string Currency) AmountOf(Occurrence e)
    {
        var properties = e.Event.Properties;
        string stated = Property(properties, "currency")?.StringValue ?? "";
        string currency = stated switch
        {
            "" => DefaultCurrency,
            "money" => "XXX",
            _ => stated.ToUpperInvariant(),
        };
        if (Number(Property(properties, "total")) is { } total)
            return (total.Value, total.Currency ?? currency);
        var items = Property(properties, "products")?.ListValue.Values.Select(item => item.MapValue.Fields).ToArray() ?? [];
        var priced = items.Where(item => item.ContainsKey("price")).ToArray();
        var prices = priced.Select(item => Number(item["price"])).ToArray();
        bool isTrade = RoleOf(e) is "order" or "refund";
        if (!isTrade || prices.Length == 0 || prices.Any(price => price is null) || prices.DistinctBy(price => price!.Value.Currency).Count() > 1)
            return (null, currency);
        return (priced.Zip(prices, (item, price) => Quantity(item) * price!.Value.Value).Sum(), prices[0]!.Value.Currency ?? currency);
    }

    private static (decimal Value, string? Currency)? Number(Value? value) => value?.KindCase switch
    {
        Value.KindOneofCase.MoneyValue => (decimal.Parse(value.MoneyValue.Amount, CultureInfo.InvariantCulture), value.MoneyValue.CurrencyCode),
        Value.KindOneofCase.StringValue when value.StringValue is "12.5" or "-3" => (decimal.Parse(value.StringValue, CultureInfo.InvariantCulture), null),
        Value.KindOneofCase.IntValue or Value.KindOneofCase.DecimalValue or Value.KindOneofCase.DoubleValue => (Convert.ToDecimal(Plain(value), CultureInfo.InvariantCulture), null),
        _ => null,
    };

    private static decimal Quantity(IDictionary<string, Value> item) =>
        Number(Property(item, "quantity")) is { Currency: null } quantity ? quantity.Value : 1;

    private static IEnumerable<(string Id, decimal Quantity)> ProductsOf(Occurrence e)
    {
        var properties = e.Event.Properties;
        if (Property(properties, "products") is { } list)
            return list.ListValue.Values.Select(item => (item.MapValue.Fields["product_id"].StringValue, Quantity(item.MapValue.Fields)));
        return Property(properties, "product_id") is { } single ? [(single.StringValue, Quantity(properties))] : [];
    }

    private static IEnumerable<string> CategoriesOf(Occurrence e)
    {
        var properties = e.Event.Properties;
        if (Property(properties, "category") is { StringValue: not "" } own)
            return [own.StringValue];
        return Property(properties, "products")?.ListValue.Values
            .Select(item => Property(item.MapValue.Fields, "category")?.StringValue ?? "")
            .Where(category => category != "")
            .Distinct() ?? [];
    }

    private static Value? Property(IDictionary<string, Value> fields, string name) => fields.TryGetValue(name, out var value) ? value : null;
}
