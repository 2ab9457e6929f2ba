using Cdp.Domain.Schemas;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>What a type of event means, compiled. Paths are tried in order; the first that leads somewhere counts.</summary>
public sealed class EventMeaning
{
    /// <summary>Largest weight of one event in an interest score.</summary>
    public const int MaxInterestWeight = 1_000;

    private static readonly string[][] DefaultValuePaths = [["total"], ["revenue"], ["value"]];
    private static readonly string[][] DefaultCurrencyPaths = [["currency"]];
    private static readonly string[][] DefaultOrderIdPaths = [["order_id"]];
    private static readonly string[][] DefaultItemsPaths = [["products"], ["items"]];
    private static readonly string[][] DefaultCategoryPaths = [["category"]];

    internal EventMeaning(EventRole role)
        : this(role, new EventType())
    {
    }

    internal EventMeaning(EventRole role, EventType type)
    {
        Role = role;
        Purpose = type.Purpose;
        if (type.Schema.Length > 0 && type.SchemaMode != SchemaMode.Off) Schema = EventSchema.Parse(type.Schema, out _);
        RejectsBreaches = type.SchemaMode == SchemaMode.Reject;
        InterestWeight = type.InterestWeight switch
        {
            0 => DefaultWeight(role),
            < 0 => 0,
            var weight => Math.Min(weight, MaxInterestWeight),
        };
        ValuePaths = Paths(type.ValuePath, DefaultValuePaths);
        CurrencyPaths = Paths(type.CurrencyPath, DefaultCurrencyPaths);
        OrderIdPaths = Paths(type.OrderIdPath, DefaultOrderIdPaths);
        ItemsPaths = Paths(type.ItemsPath, DefaultItemsPaths);
        CategoryPaths = Paths(type.CategoryPath, DefaultCategoryPaths);
    }

    /// <summary>For which such events are collected; empty: for none in particular.</summary>
    public string Purpose { get; }

    /// <summary>What events of the type have to be like; null: nothing is checked.</summary>
    public EventSchema? Schema { get; }

    /// <summary>Whether one that breaks the schema is refused.</summary>
    public bool RejectsBreaches { get; }

    /// <summary>Its role; never unspecified.</summary>
    public EventRole Role { get; }

    /// <summary>Weight of one event in the interest score of its category, 0 to <see cref="MaxInterestWeight"/>.</summary>
    public int InterestWeight { get; }

    internal string[][] ValuePaths { get; }

    internal string[][] CurrencyPaths { get; }

    internal string[][] OrderIdPaths { get; }

    internal string[][] ItemsPaths { get; }

    internal string[][] CategoryPaths { get; }

    private static int DefaultWeight(EventRole role) => role switch
    {
        EventRole.Order => 10,
        EventRole.Interaction => 3,
        EventRole.View => 1,
        _ => 0,
    };

    private static string[][] Paths(string path, string[][] defaults) => path.Length == 0 ? defaults : [path.Split('.')];
}
