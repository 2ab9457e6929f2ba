using Cdp.Domain.Events;
using Cdp.Domain.Expressions;

namespace Cdp.Domain.Tenants;

/// <summary>Names of a profile's fields, as reads and policies give them.</summary>
public static class ProfileFields
{
    /// <summary>Counts, first and last seen.</summary>
    public const string Activity = "activity";

    /// <summary>Orders and revenue per currency.</summary>
    public const string Monetary = "monetary";

    /// <summary>Sessions.</summary>
    public const string Sessions = "sessions";

    /// <summary>Interest scores.</summary>
    public const string Interests = "interests";

    /// <summary>Product affinity.</summary>
    public const string Products = "products";

    /// <summary>The newest events.</summary>
    public const string RecentEvents = "recent_events";

    /// <summary>The segments that the customer is in; read through the Segments service.</summary>
    public const string Segments = "segments";

    /// <summary>All traits.</summary>
    public const string AllTraits = "traits.*";

    /// <summary>All identifiers.</summary>
    public const string AllIdentifiers = "identifiers.*";

    /// <summary>Begins the name of one trait's field.</summary>
    public const string TraitPrefix = "traits.";

    /// <summary>Begins the name of one namespace's field.</summary>
    public const string IdentifierPrefix = "identifiers.";

    /// <summary>What a field of a profile may be, for messages.</summary>
    public const string Valid =
        "\"traits.NAME\", \"traits.*\", \"activity\", \"monetary\", \"sessions\", \"interests\", \"products\", \"recent_events\", \"identifiers.NAMESPACE\" or \"identifiers.*\"";

    /// <summary>What the field of a policy may be, for messages.</summary>
    public const string ValidOfPolicies = $"\"{Segments}\", {Valid}";

    /// <summary>Tells whether a text names a field that a policy may be about: also what a profile does not show.</summary>
    public static bool IsValidOfPolicies(string field) => field == Segments || IsValid(field);

    /// <summary>Tells whether a text names a field of a profile, be there a value or not.</summary>
    public static bool IsValid(string field) => field switch
    {
        Activity or Monetary or Sessions or Interests or Products or RecentEvents => true,
        _ => HasName(field, TraitPrefix, EventLimits.MaxTraitNameLength) || HasName(field, IdentifierPrefix, EventLimits.MaxNameLength),
    };

    private static bool HasName(string field, string prefix, int maxLength) =>
        field.StartsWith(prefix, StringComparison.Ordinal)
        && field.Length > prefix.Length
        && field.Length <= prefix.Length + maxLength;

    /// <summary>The field of a profile that shows a facet.</summary>
    public static string Of(Facet facet) => facet.Kind switch
    {
        FacetKind.Trait => TraitPrefix + facet.Name,
        FacetKind.Identifier => IdentifierPrefix + facet.Name,
        FacetKind.Trade => Monetary,
        FacetKind.Sessions => Sessions,
        FacetKind.Interests => Interests,
        FacetKind.Product or FacetKind.Products => Products,
        _ => Activity,
    };
}
