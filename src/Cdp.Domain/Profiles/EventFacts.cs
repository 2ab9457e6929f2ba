using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>One product of an event.</summary>
/// <param name="ProductId">Its id; null where it has none.</param>
/// <param name="Quantity">Nanos; 1 unit where it is not stated.</param>
/// <param name="Category">Its category, if any.</param>
internal readonly record struct EventItem(string? ProductId, Int128 Quantity, string? Category);

/// <summary>What the fold reads out of an event's properties, once.</summary>
internal readonly struct EventFacts
{
    private static readonly string[] ProductIdNames = ["product_id", "sku", "id"];

    private EventFacts(EventMeaning meaning, Int128? amount, string currency, string? category, List<EventItem>? items, EventItem? single)
    {
        Meaning = meaning;
        Amount = amount;
        Currency = currency;
        Category = category;
        Items = items;
        Single = single;
    }

    public EventMeaning Meaning { get; }

    /// <summary>The event's value in nanos of <see cref="Currency"/>; null where it has none that can be read.</summary>
    public Int128? Amount { get; }

    public string Currency { get; }

    /// <summary>The event's own category.</summary>
    public string? Category { get; }

    /// <summary>The id of the order that the event is; null where it is none, or none with an id.</summary>
    public string? OrderId { get; private init; }

    /// <summary>Its list of products; null where it has none.</summary>
    public List<EventItem>? Items { get; }

    /// <summary>The product that the event itself is about, where it has no list.</summary>
    public EventItem? Single { get; }

    public static EventFacts Of(FoldedEvent occurrence, Definitions definitions)
    {
        var meaning = definitions.Meaning(occurrence.Type, occurrence.Kind);
        var properties = occurrence.Properties;
        if (properties.Count == 0)
            return new(meaning, null, definitions.CurrencyCode, null, null, null);
        var total = default(ItemTotal);
        var items = ReadItems(properties, meaning, ref total);
        var amount = ReadAmount(properties, meaning, total, out string? currency);
        currency ??= ReadCurrency(properties, meaning) ?? definitions.CurrencyCode;
        EventItem? single = null;
        if (items is null && ReadProductId(properties) is { } productId)
            single = new EventItem(productId, ReadQuantity(Values.Find(properties, "quantity")), null);

        return new(meaning, amount, currency, ReadName(properties, meaning.CategoryPaths), items, single)
        {
            OrderId = meaning.Role == EventRole.Order ? ReadName(properties, meaning.OrderIdPaths) : null,
        };
    }

    private static Int128? ReadAmount(RepeatedField<NamedValue> properties, EventMeaning meaning, ItemTotal total, out string? currency)
    {
        foreach (string[] path in meaning.ValuePaths)
        {
            if (Values.Find(properties, path) is { } value && Values.TryGetAmount(value, out var nanos, out currency))
                return nanos;
        }

        bool isTrade = meaning.Role is EventRole.Order or EventRole.Refund;
        bool isReadable = isTrade && total.HasPrices && !total.IsUnreadable;
        currency = isReadable ? total.Currency : null;
        return isReadable ? total.Sum : null;
    }

    private static string? ReadCurrency(RepeatedField<NamedValue> properties, EventMeaning meaning) =>
        ReadName(properties, meaning.CurrencyPaths) is { } text ? Currencies.Read(text) : null;

    private static string? ReadName(RepeatedField<NamedValue> properties, string[][] paths)
    {
        foreach (string[] path in paths)
        {
            if (Values.GetName(Values.Find(properties, path)) is { } name)
                return name;
        }

        return null;
    }

    private static List<EventItem>? ReadItems(RepeatedField<NamedValue> properties, EventMeaning meaning, ref ItemTotal total)
    {
        foreach (string[] path in meaning.ItemsPaths)
        {
            if (Values.Find(properties, path) is not { KindCase: Value.KindOneofCase.ListValue } list)
                continue;
            var items = new List<EventItem>(list.ListValue.Values.Count);
            foreach (var entry in list.ListValue.Values)
            {
                if (entry.KindCase == Value.KindOneofCase.MapValue)
                    items.Add(ReadItem(entry.MapValue.Fields, ref total));
            }

            return items;
        }

        return null;
    }

    private static EventItem ReadItem(MapField<string, Value> item, ref ItemTotal total)
    {
        item.TryGetValue("quantity", out var stated);
        var quantity = ReadQuantity(stated);
        if (item.TryGetValue("price", out var price))
            total.Add(price, quantity);
        item.TryGetValue("category", out var category);
        return new EventItem(ReadProductId(item), quantity, Values.GetName(category));
    }

    private static Int128 ReadQuantity(Value? stated) =>
        stated is not null && Values.TryGetAmount(stated, out var nanos, out string? currency) && currency is null ? nanos : Decimals.One;

    // At the top level "id" may be anything's.
    private static string? ReadProductId(RepeatedField<NamedValue> properties) =>
        Values.GetName(Values.Find(properties, "product_id")) ?? Values.GetName(Values.Find(properties, "sku"));

    private static string? ReadProductId(MapField<string, Value> item)
    {
        foreach (string name in ProductIdNames)
        {
            if (item.TryGetValue(name, out var value) && Values.GetName(value) is { } id)
                return id;
        }

        return null;
    }

    /// <summary>Sum of quantity × price. Prices in two currencies, or one that cannot be read, leave no total.</summary>
    private struct ItemTotal
    {
        public Int128 Sum { get; private set; }

        public string? Currency { get; private set; }

        public bool HasPrices { get; private set; }

        public bool IsUnreadable { get; private set; }

        public void Add(Value price, Int128 quantity)
        {
            if (!Values.TryGetAmount(price, out var each, out string? currency) || !Decimals.TryMultiply(quantity, each, out var amount))
            {
                IsUnreadable = true;
                return;
            }

            IsUnreadable |= HasPrices && !string.Equals(Currency, currency, StringComparison.Ordinal);
            HasPrices = true;
            Currency = currency;
            Sum += amount;
        }
    }
}
