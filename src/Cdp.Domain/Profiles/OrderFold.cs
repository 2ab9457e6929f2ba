using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>What an event is to the orders of a customer.</summary>
internal enum OrderStanding
{
    /// <summary>No order, or one without an id, which is told from no other.</summary>
    Unnamed,

    /// <summary>The first event of an order.</summary>
    First,

    /// <summary>A further event of an order that another event stands for.</summary>
    Further,

    /// <summary>One of more orders than are remembered: each of its events counts.</summary>
    Beyond,

    /// <summary>It may be the one that should stand for its order: only folding again tells.</summary>
    Unclear,
}

/// <summary>
/// Makes of all events with the same order id one order, which the first of them in the canonical order stands for: a shop
/// and its back office both report an order. The first <see cref="ProfileLimits.Orders"/> orders are remembered, by
/// (time of the event that stands for it, hash of the id).
/// </summary>
/// <remarks>
/// Absorbs an event that comes last, one of a new order while all are remembered or behind those that are, and a later one
/// of a known order. Others have to be folded again, as what an order added to sums and products is not kept to be taken
/// back. The first rather than the newest orders, so that who has very many is not folded again for each that comes late.
/// </remarks>
internal static class OrderFold
{
    /// <summary>What an event is; asked before it changes the state.</summary>
    public static OrderStanding StandingOf(ProfileState state, in FoldEvent e, in EventFacts facts)
    {
        if (facts.OrderId is not { } id)
            return OrderStanding.Unnamed;
        bool isLast = RecentFold.Newest(state) is not { } newest || newest.Key < e.Key;
        int at = Sorted.Find(state.Orders, NameHash.Of(id));
        if (at >= 0)
            return isLast || state.OrderTimes[at] < e.EffectiveAt ? OrderStanding.Further : OrderStanding.Unclear;
        if (state.Orders.Count < ProfileLimits.Orders)
            return OrderStanding.First;
        return isLast || e.EffectiveAt > state.OrderTimes.Max() ? OrderStanding.Beyond : OrderStanding.Unclear;
    }

    /// <summary>Remembers an order by its first event, or that there are more.</summary>
    public static void Absorb(ProfileState state, in FoldEvent e, in EventFacts facts, OrderStanding standing)
    {
        if (standing == OrderStanding.First)
            Insert(state, NameHash.Of(facts.OrderId!), e.EffectiveAt);
        state.MoreOrders |= standing == OrderStanding.Beyond;
    }

    /// <summary>Whether no order is known to both, and all were and will be remembered.</summary>
    public static bool CanMerge(ProfileState into, ProfileState other)
    {
        if (into.Orders.Count == 0 || other.Orders.Count == 0)
            return true;
        if (into.MoreOrders || other.MoreOrders || into.Orders.Count + other.Orders.Count > ProfileLimits.Orders)
            return false;
        foreach (ulong hash in other.Orders)
        {
            if (Sorted.Find(into.Orders, hash) >= 0)
                return false;
        }

        return true;
    }

    /// <summary>Remembers another customer's orders.</summary>
    public static void Absorb(ProfileState into, ProfileState other)
    {
        for (int i = 0; i < other.Orders.Count; i++)
            Insert(into, other.Orders[i], other.OrderTimes[i]);
        into.MoreOrders |= other.MoreOrders;
    }

    private static void Insert(ProfileState state, ulong hash, long at)
    {
        int place = ~Sorted.Find(state.Orders, hash);
        state.Orders.Insert(place, hash);
        state.OrderTimes.Insert(place, at);
    }
}
