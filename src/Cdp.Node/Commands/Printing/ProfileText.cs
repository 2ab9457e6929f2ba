using System.Globalization;
using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes a profile for people; what it does not hold is left out.</summary>
internal static class ProfileText
{
    public static string Write(Profile profile)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("customer", profile.CustomerId);
        if (profile.Status == ValueStatus.Stale)
            facts.Add("status", "stale: being computed again, newer values follow");
        facts.Add("version", ValueText.Of(profile.Version));
        Activity(facts, profile.Activity);
        if (profile.Sessions is { } sessions)
        {
            facts.Add("sessions", sessions.LastStart is null
                ? ValueText.Of(sessions.Count)
                : $"{ValueText.Of(sessions.Count)}, last from {ValueText.Of(sessions.LastStart)} to {ValueText.Of(sessions.LastEnd)} with {ValueText.Of(sessions.LastEventCount)} events");
        }

        if (profile.Products is { } products)
            facts.Add("products", $"{(products.Approximate ? "about " : "")}{ValueText.Of(products.DistinctOrdered)} different ones ordered");
        facts.WriteTo(text);
        Section(text, "IDENTIFIERS", Identifiers(profile));
        Section(text, "TRAITS", Traits(profile));
        Section(text, "MONETARY", Monetary(profile));
        Section(text, "EVENT TYPES", Types(profile));
        Section(text, "CHANNELS", Channels(profile));
        Section(text, "INTERESTS", Interests(profile));
        Section(text, "PRODUCTS", Products(profile));
        Section(text, "RECENT EVENTS", Recent(profile));
        Section(text, "WITHHELD", Withheld(profile));
        return text.ToString();
    }

    private static void Activity(TextTable facts, Activity? activity)
    {
        if (activity is null)
            return;
        facts.Add("events", ValueText.Of(activity.EventCount));
        facts.Add("first seen", Seen(activity.FirstSeen, activity.FirstChannel));
        facts.Add("last seen", Seen(activity.LastSeen, activity.LastChannel));
    }

    private static string Seen(Timestamp? time, string channel) =>
        channel.Length > 0 ? $"{ValueText.Of(time)} in {channel}" : ValueText.Of(time);

    private static TextTable Identifiers(Profile profile)
    {
        var table = new TextTable("identifier", "since");
        foreach (var identifier in profile.Identifiers)
            table.Add(ValueText.Of(identifier.Identifier), ValueText.Of(identifier.LinkedAt));
        return table;
    }

    private static TextTable Traits(Profile profile)
    {
        var table = new TextTable("name", "value", "source", "as of");
        foreach (var trait in profile.Traits)
        {
            var value = trait.Status switch
            {
                ValueStatus.Withheld => "(withheld)",
                ValueStatus.Unavailable => "(unavailable)",
                ValueStatus.Stale => $"{ValueText.Of(trait.Value)} (stale)",
                _ => ValueText.Of(trait.Value),
            };
            table.Add(trait.Name, value, trait.Source, ValueText.Of(trait.AsOf));
        }

        return table;
    }

    private static TextTable Monetary(Profile profile)
    {
        var table = new TextTable("currency", ">orders", ">refunds", ">gross", ">refunded", ">net", "first order", "last order");
        foreach (var m in profile.Monetary)
        {
            table.Add(
                m.CurrencyCode, ValueText.Of(m.Orders), ValueText.Of(m.Refunds), m.GrossRevenue?.Amount ?? "0", m.Refunded?.Amount ?? "0",
                m.NetRevenue?.Amount ?? "0", ValueText.Of(m.FirstOrder), ValueText.Of(m.LastOrder));
        }

        return table;
    }

    private static TextTable Types(Profile profile)
    {
        var table = new TextTable("type", ">count", "sum");
        foreach (var type in profile.Activity?.Types_ ?? [])
            table.Add(type.Type, ValueText.Of(type.Count), Sums(type));
        if (profile.Activity?.Other is { } other)
            table.Add("(other)", ValueText.Of(other.Count), Sums(other));
        return table;
    }

    private static string Sums(TypeActivity type) => string.Join(", ", type.Sums.Select(ValueText.Of));

    private static TextTable Channels(Profile profile)
    {
        var table = new TextTable("channel", ">count");
        foreach (var channel in profile.Activity?.Channels ?? [])
            table.Add(channel.Channel.Length > 0 ? channel.Channel : "(none)", ValueText.Of(channel.Count));
        return table;
    }

    private static TextTable Interests(Profile profile)
    {
        var table = new TextTable("category", ">score");
        foreach (var interest in profile.Interests)
            table.Add(interest.Category, interest.Score.ToString("0.00", CultureInfo.InvariantCulture));
        return table;
    }

    private static TextTable Products(Profile profile)
    {
        var table = new TextTable("product", ">orders", ">quantity", ">views", "last");
        foreach (var product in profile.Products?.Top ?? [])
            table.Add(product.ProductId, ValueText.Of(product.Orders), product.Quantity, ValueText.Of(product.Views), ValueText.Of(product.LastAt));
        return table;
    }

    private static TextTable Recent(Profile profile)
    {
        var table = new TextTable("time", "type", "channel", "source", "id");
        foreach (var e in profile.RecentEvents)
            table.Add(ValueText.Of(e.EffectiveAt), e.Type, e.Channel, e.Source, e.Id);
        return table;
    }

    private static TextTable Withheld(Profile profile)
    {
        var table = new TextTable("field", "reason");
        foreach (var withheld in profile.Withheld)
            table.Add(withheld.Field, withheld.Reason);
        return table;
    }

    private static void Section(StringBuilder text, string title, TextTable table)
    {
        if (table.IsEmpty)
            return;
        text.Append('\n').Append(title).Append('\n');
        table.WriteTo(text, "  ");
    }
}
