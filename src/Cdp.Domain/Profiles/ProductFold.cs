using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Profiles;

/// <summary>
/// What a customer viewed and ordered, and how many different products it ordered: exact up to
/// <see cref="ProfileLimits.OrderedProducts"/>, beyond that estimated from the k smallest hashes (Bar-Yossef et al. 2002,
/// "Counting distinct elements in a data stream"). Absorbs anything in any order.
/// </summary>
internal static class ProductFold
{
    public static void Absorb(ProfileState state, in FoldEvent e, in EventFacts facts)
    {
        bool isOrder = facts.Meaning.Role == EventRole.Order;
        if (!isOrder && facts.Meaning.Role != EventRole.View)
            return;
        if (facts.Single is { ProductId: { } single } item)
        {
            Add(state, single, item.Quantity, isOrder, e.EffectiveAt);
            return;
        }

        if (facts.Items is not { } items)
            return;
        if (items.Count == 1)
        {
            if (items[0].ProductId is { } only)
                Add(state, only, items[0].Quantity, isOrder, e.EffectiveAt);
            return;
        }

        // A product on two lines of one order is ordered once, in the quantity of both.
        var quantities = new Dictionary<string, Int128>(items.Count, StringComparer.Ordinal);
        foreach (var line in items)
        {
            if (line.ProductId is { } id)
                quantities[id] = quantities.GetValueOrDefault(id) + line.Quantity;
        }

        foreach (var pair in quantities)
            Add(state, pair.Key, pair.Value, isOrder, e.EffectiveAt);
    }

    public static void Absorb(ProfileState into, ProfileState other)
    {
        for (int i = 0; i < ProductRows.Count(other); i++)
            Add(into, ProductRows.Get(other, i));
        into.MoreProducts |= other.MoreProducts;
        foreach (ulong hash in other.OrderedProducts)
            AddOrdered(into, hash);
        into.MoreOrderedProducts |= other.MoreOrderedProducts;
    }

    /// <summary>Number of different products ordered.</summary>
    public static long DistinctOrdered(ProfileState state)
    {
        var hashes = state.OrderedProducts;
        if (!state.MoreOrderedProducts)
            return hashes.Count;
        // (k - 1) divided by the k-th smallest of hashes spread over 0 to 1.
        return (long)((hashes.Count - 1) / (hashes[^1] / (double)ulong.MaxValue));
    }

    private static void Add(ProfileState state, string productId, Int128 quantity, bool isOrder, long at)
    {
        string id = NameHash.Shortened(productId, ProfileLimits.ProductBytes);
        ulong hash = NameHash.Of(id);
        if (isOrder)
            AddOrdered(state, hash);
        Add(state, isOrder ? new ProductRow(hash, id, 0, 1, quantity, at) : new ProductRow(hash, id, 1, 0, 0, at));
    }

    private static void Add(ProfileState state, in ProductRow row) => state.MoreProducts |= !ProductRows.TryAdd(state, row);

    private static void AddOrdered(ProfileState state, ulong hash)
    {
        var hashes = state.OrderedProducts;
        int at = Sorted.Find(hashes, hash);
        if (at >= 0)
            return;
        at = ~at;
        if (hashes.Count >= ProfileLimits.OrderedProducts)
        {
            state.MoreOrderedProducts = true;
            if (at == hashes.Count)
                return;
            hashes.RemoveAt(hashes.Count - 1);
        }

        hashes.Insert(at, hash);
    }
}
