using Cdp.Domain.Identity;
using Cdp.Grains.Customers;
using Cdp.V1;

namespace Cdp.Gateway;

/// <summary>
/// Where recently asked identifiers lead: a fixed number of places, four to a set. A route may be out of date: the
/// customer it leads to then says so.
/// </summary>
/// <remarks>
/// A lookup of one among very many customers waits for memory more than it computes, so a route leads from the
/// identifier as it was sent straight to the customer's grain, past normalising, hashing, the link and the table of
/// activations. Thread-safe without locks: routes are immutable, and a tag that does not fit its route only costs a look.
/// </remarks>
internal sealed class CustomerRoutes
{
    private const int Ways = 4;

    private readonly Place[] _places;
    private int _next;

    /// <param name="capacity">Number of routes, rounded up to a power of two; about 200 bytes each when used.</param>
    public CustomerRoutes(int capacity = 262_144) =>
        _places = new Place[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, Ways))];

    /// <summary>The route of an identifier, as it was sent; null when not known.</summary>
    /// <param name="owner">Who resolves it: routes of other tenants or configurations are never found.</param>
    /// <param name="identifier">The identifier.</param>
    public CustomerRoute? Find(IdentifierResolver owner, Identifier identifier)
    {
        var tag = TagOf(identifier);
        foreach (ref var place in SetOf(tag))
        {
            if (place.Tag == tag && Volatile.Read(ref place.Route) is { } route && route.IsOf(owner, identifier)) return route;
        }

        return null;
    }

    /// <summary>Remembers a route, in place of the identifier's former one or of another of its set.</summary>
    public void Set(CustomerRoute route)
    {
        // Longer values are not kept, so that the memory is bounded by the number of places.
        if (route.Value.Length > IdentifierCache.MaxCachedLength) return;
        var tag = TagOf(route.Namespace, route.Value);
        var set = SetOf(tag);
        ref var chosen = ref set[(int)((uint)Interlocked.Increment(ref _next) % Ways)];
        foreach (ref var place in set)
        {
            if (place.Route is null) chosen = ref place;
            if (place.Tag != tag || place.Route?.LeadsFromWhere(route) != true) continue;
            chosen = ref place;
            break;
        }

        chosen.Tag = tag;
        Volatile.Write(ref chosen.Route, route);
    }

    /// <summary>Forgets a route that led nowhere.</summary>
    public void Forget(CustomerRoute route)
    {
        foreach (ref var place in SetOf(TagOf(route.Namespace, route.Value)))
            Interlocked.CompareExchange(ref place.Route, null, route);
    }

    private Span<Place> SetOf(int tag) => _places.AsSpan(tag & (_places.Length - Ways), Ways);

    private static int TagOf(Identifier identifier) => TagOf(identifier.Namespace, identifier.Value);

    // String hashes are seeded per process: a caller cannot aim its values at one set.
    private static int TagOf(string name, string value) => (name.GetHashCode(StringComparison.Ordinal) * 31) ^ value.GetHashCode(StringComparison.Ordinal);

    private struct Place
    {
        public int Tag;
        public CustomerRoute? Route;
    }
}

/// <summary>Where one identifier leads.</summary>
/// <param name="Owner">Who resolved it.</param>
/// <param name="Namespace">The identifier's namespace.</param>
/// <param name="Value">Its value as it was sent.</param>
/// <param name="CustomerId">The customer.</param>
/// <param name="Customer">The customer's grain.</param>
internal sealed record CustomerRoute(IdentifierResolver Owner, string Namespace, string Value, string CustomerId, ICustomer Customer)
{
    public bool IsOf(IdentifierResolver owner, Identifier identifier) =>
        ReferenceEquals(Owner, owner) && Value == identifier.Value && Namespace == identifier.Namespace;

    public bool LeadsFromWhere(CustomerRoute other) =>
        ReferenceEquals(Owner, other.Owner) && Value == other.Value && Namespace == other.Namespace;
}
