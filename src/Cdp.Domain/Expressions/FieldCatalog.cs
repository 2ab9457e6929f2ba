using Cdp.Domain.Events;

namespace Cdp.Domain.Expressions;

/// <summary>A field that expressions may name.</summary>
/// <param name="Pattern">Its name; a part in angle brackets stands for any name.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="Facet">The part of the profile that holds it; the name is filled in. Null for fields of the call and the time.</param>
/// <param name="ChangesByTime">Whether its value changes without an event.</param>
/// <param name="Bind">Makes the reader for the names in the place of the pattern's angle brackets and beyond its end.</param>
internal sealed record Field(string Pattern, ExpressionType Type, FacetKind? Facet, bool ChangesByTime, Func<string[], FieldReader> Bind)
{
    /// <summary>Ends the pattern of a field whose value may be a map: names behind it lead into it.</summary>
    public const string Deep = "…";

    /// <summary>The name of a currency's place.</summary>
    public const string Currency = "<CUR>";

    public string[] Parts { get; } = Pattern.Replace(Deep, string.Empty, StringComparison.Ordinal).Split('.');

    public bool IsDeep { get; } = Pattern.EndsWith(Deep, StringComparison.Ordinal);

    /// <summary>Whether its value follows from events alone.</summary>
    public bool IsOfSegments => Facet is not null && !ChangesByTime;

    public static bool IsPlace(string part) => part.StartsWith('<');
}

/// <summary>A field that expressions may name, for those who write them.</summary>
/// <param name="Name">Its name; a part in angle brackets stands for any name, <c>…</c> for more names that lead into a map.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="Uses">What expressions may be for that name it.</param>
public sealed record ExpressionField(string Name, ExpressionType Type, IReadOnlyList<ExpressionUse> Uses);

/// <summary>All fields, by name.</summary>
public static class FieldCatalog
{
    /// <summary>The fields, in the order of the documentation.</summary>
    public static IReadOnlyList<ExpressionField> Fields => [.. All.Select(known => new ExpressionField(
        known.Pattern, known.Type, known.IsOfSegments ? [ExpressionUse.Segment, ExpressionUse.Decision] : [ExpressionUse.Decision]))];

    internal static IReadOnlyList<Field> All { get; } =
    [
        new("traits.<name>…", ExpressionType.Any, FacetKind.Trait, false, ProfileFieldReaders.Trait),
        new("first_seen", ExpressionType.Timestamp, FacetKind.Activity, false, _ => ProfileFieldReaders.FirstSeen),
        new("last_seen", ExpressionType.Timestamp, FacetKind.Activity, false, _ => ProfileFieldReaders.LastSeen),
        new("first_channel", ExpressionType.Text, FacetKind.Activity, false, _ => ProfileFieldReaders.FirstChannel),
        new("last_channel", ExpressionType.Text, FacetKind.Activity, false, _ => ProfileFieldReaders.LastChannel),
        new("events.count", ExpressionType.Number, FacetKind.Activity, false, _ => ProfileFieldReaders.EventCount),
        new("events.<type>.count", ExpressionType.Number, FacetKind.EventType, false, ProfileFieldReaders.TypeCount),
        new("events.<type>.sum.<CUR>", ExpressionType.Money, FacetKind.EventType, false, ProfileFieldReaders.TypeSum),
        new("channels.<channel>.count", ExpressionType.Number, FacetKind.Channel, false, ProfileFieldReaders.ChannelCount),
        new("identifiers.<namespace>", ExpressionType.Bool, FacetKind.Identifier, false, ProfileFieldReaders.HasIdentifier),
        new("identifiers.<namespace>.last_seen", ExpressionType.Timestamp, FacetKind.Identifier, false, ProfileFieldReaders.IdentifierSeen),
        new("orders.count", ExpressionType.Number, FacetKind.Trade, false, _ => TradeFieldReaders.Orders),
        new("orders.first", ExpressionType.Timestamp, FacetKind.Trade, false, _ => TradeFieldReaders.FirstOrder),
        new("orders.last", ExpressionType.Timestamp, FacetKind.Trade, false, _ => TradeFieldReaders.LastOrder),
        new("orders.<CUR>.count", ExpressionType.Number, FacetKind.Trade, false, TradeFieldReaders.OrdersIn),
        new("refunds.count", ExpressionType.Number, FacetKind.Trade, false, _ => TradeFieldReaders.Refunds),
        new("refunds.<CUR>.count", ExpressionType.Number, FacetKind.Trade, false, TradeFieldReaders.RefundsIn),
        new("revenue.<CUR>.gross", ExpressionType.Money, FacetKind.Trade, false, TradeFieldReaders.Gross),
        new("revenue.<CUR>.refunded", ExpressionType.Money, FacetKind.Trade, false, TradeFieldReaders.Refunded),
        new("revenue.<CUR>.net", ExpressionType.Money, FacetKind.Trade, false, TradeFieldReaders.Net),
        new("revenue.<CUR>.average", ExpressionType.Money, FacetKind.Trade, false, TradeFieldReaders.Average),
        new("sessions.count", ExpressionType.Number, FacetKind.Sessions, false, _ => ProfileFieldReaders.SessionCount),
        new("sessions.last_start", ExpressionType.Timestamp, FacetKind.Sessions, false, _ => ProfileFieldReaders.SessionStart),
        new("sessions.last_end", ExpressionType.Timestamp, FacetKind.Sessions, false, _ => ProfileFieldReaders.SessionEnd),
        new("sessions.last_events", ExpressionType.Number, FacetKind.Sessions, false, _ => ProfileFieldReaders.SessionEvents),
        new("products.ordered", ExpressionType.Number, FacetKind.Products, false, _ => TradeFieldReaders.ProductsOrdered),
        new("products.<id>.views", ExpressionType.Number, FacetKind.Product, false, TradeFieldReaders.ProductViews),
        new("products.<id>.orders", ExpressionType.Number, FacetKind.Product, false, TradeFieldReaders.ProductOrders),
        new("products.<id>.quantity", ExpressionType.Number, FacetKind.Product, false, TradeFieldReaders.ProductQuantity),
        new("products.<id>.last", ExpressionType.Timestamp, FacetKind.Product, false, TradeFieldReaders.ProductLast),
        new("interests.top", ExpressionType.Text, FacetKind.Interests, false, _ => InterestFieldReaders.Top),
        new("interests.<category>.share", ExpressionType.Number, FacetKind.Interests, false, InterestFieldReaders.Share),
        new("interests.<category>.score", ExpressionType.Number, FacetKind.Interests, true, InterestFieldReaders.Score),
        new("now", ExpressionType.Timestamp, null, true, _ => CallFieldReaders.Now),
        new("call.channel", ExpressionType.Text, null, false, _ => CallFieldReaders.Channel),
        new("call.context.<name>…", ExpressionType.Any, null, false, CallFieldReaders.Context),
    ];

    /// <summary>The field that a path names; null with the part that is wrong and why.</summary>
    internal static Field? Find(PathSyntax path, out Span wrong, out string message)
    {
        IReadOnlyList<Field> left = All;
        for (int i = 0; i < path.Parts.Count; i++)
        {
            var part = path.Parts[i];
            int index = i;
            var matching = left.Where(field => index < field.Parts.Length ? Matches(field.Parts[index], part) : field.IsDeep).ToList();

            // A name of the language goes before the same name of the tenant's.
            if (matching.Exists(field => index < field.Parts.Length && !Field.IsPlace(field.Parts[index]) && field.Parts.Length == path.Parts.Count))
                matching.RemoveAll(field => index < field.Parts.Length && Field.IsPlace(field.Parts[index]));
            if (matching.Count == 0)
            {
                wrong = part.Span;
                message = Unknown(path, i, left);
                return null;
            }

            left = matching;
        }

        wrong = path.Span;
        var whole = left.FirstOrDefault(field => field.Parts.Length == path.Parts.Count || (field.IsDeep && field.Parts.Length < path.Parts.Count));
        message = whole is null
            ? $"this is no field yet; it goes on with {Choices(left.Select(field => field.Parts[path.Parts.Count]))}"
            : string.Empty;
        return whole;
    }

    private static bool Matches(string pattern, in PathPart part)
    {
        if (!Field.IsPlace(pattern))
            return !part.IsQuoted && string.Equals(pattern, part.Name, StringComparison.Ordinal);
        return pattern != Field.Currency || Currencies.IsCode(part.Name);
    }

    private static string Unknown(PathSyntax path, int at, IReadOnlyList<Field> left)
    {
        string name = path.Parts[at].Name;
        var known = left.Where(field => at < field.Parts.Length).Select(field => field.Parts[at]).Distinct().ToList();
        string where = at == 0 ? "field" : $"'{name}' in {string.Join('.', path.Parts.Take(at).Select(part => part.Name))}";
        if (known.Count == 0)
            return "nothing follows here: this field has no parts";
        if (Suggestions.For(name, known.Where(part => !Field.IsPlace(part))) is { } meant)
            return at == 0 ? $"there is no field '{name}'; did you mean {meant}?" : $"there is no {where}; did you mean {meant}?";
        if (known is [Field.Currency])
            return $"'{name}' is no currency; codes are three capital letters, as in EUR";
        return at == 0 ? $"there is no field '{name}'; fields begin with {Choices(known)}" : $"there is no {where}; known are {Choices(known)}";
    }

    private static string Choices(IEnumerable<string> names)
    {
        var all = names.Distinct().ToList();
        return all.Count == 1 ? all[0] : $"{string.Join(", ", all.SkipLast(1))} or {all[^1]}";
    }
}
