using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>
/// In which namespaces the customer's events carried identifiers, and when last; whether these were linked to the
/// customer is the identity's matter. Maxima: absorbs anything in any order.
/// </summary>
internal static class IdentifierFold
{
    public static void Absorb(ProfileState state, in FoldEvent e, Definitions definitions)
    {
        for (int i = 0; i < e.Keys.Count; i++)
            Add(state, definitions.Namespaces.OfKey(e.Keys[i].Key).Name, e.EffectiveAt);
    }

    public static void Absorb(ProfileState into, ProfileState other)
    {
        foreach (var from in other.Identifiers)
            Add(into, from.Namespace, from.LastAt);
    }

    private static void Add(ProfileState state, string name, long at)
    {
        var entry = HashedMap<IdentifierState, IdentifierEntry>.GetOrAdd(state.Identifiers, NameHash.Of(name), name, ProfileLimits.Namespaces, out _);
        if (entry is not null)
            entry.LastAt = Math.Max(entry.LastAt, at);
    }
}
