using Cdp.Domain.Profiles;

namespace Cdp.Domain.Expressions;

/// <summary>Parts of a profile that an event may touch.</summary>
public enum FacetKind
{
    /// <summary>What every event touches: the count of all, first and last seen.</summary>
    Activity,

    /// <summary>A trait, by name.</summary>
    Trait,

    /// <summary>The counts and sums of an event type, by name.</summary>
    EventType,

    /// <summary>The count of a channel, by name.</summary>
    Channel,

    /// <summary>Identifiers of a namespace, by name.</summary>
    Identifier,

    /// <summary>Orders and refunds.</summary>
    Trade,

    /// <summary>Sessions.</summary>
    Sessions,

    /// <summary>Interest scores, of any category: shares depend on all.</summary>
    Interests,

    /// <summary>A product's counts, by id.</summary>
    Product,

    /// <summary>The number of different products ordered.</summary>
    Products,
}

/// <summary>A part of a profile.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Name">Of what; empty where the kind has no names.</param>
public readonly record struct Facet(FacetKind Kind, string Name = "")
{
    /// <summary>The facet under the name that the profile has for it; kinds without names ignore it.</summary>
    public static Facet Of(FacetKind kind, string name) => new(kind, kind switch
    {
        FacetKind.Trait or FacetKind.Identifier => name,
        FacetKind.EventType => NameHash.Shortened(name, ProfileLimits.TypeBytes),
        FacetKind.Channel => NameHash.Shortened(name, ProfileLimits.ChannelBytes),
        FacetKind.Product => NameHash.Shortened(name, ProfileLimits.ProductBytes),
        _ => string.Empty,
    });
}
