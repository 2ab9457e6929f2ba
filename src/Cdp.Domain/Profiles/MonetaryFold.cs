using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Profiles;

/// <summary>Orders and refunds per currency. Sums and extremes: absorbs anything in any order.</summary>
internal static class MonetaryFold
{
    public static void Absorb(ProfileState state, in FoldEvent e, in EventFacts facts, Definitions definitions)
    {
        bool isOrder = facts.Meaning.Role == EventRole.Order;
        if (!isOrder && facts.Meaning.Role != EventRole.Refund)
            return;
        if (EntryOf(state, facts.Currency, definitions.CurrencyCode) is not { } entry)
            return;
        var amount = facts.Amount ?? 0;
        if (isOrder)
        {
            entry.Orders++;
            SetGross(entry, Gross(entry) + amount);
            Extend(entry, e.EffectiveAt, e.EffectiveAt);
        }
        else
        {
            entry.Refunds++;
            SetRefunded(entry, Refunded(entry) + Int128.Abs(amount));
        }
    }

    public static void Absorb(ProfileState into, ProfileState other, Definitions definitions)
    {
        foreach (var from in other.Monetary)
        {
            if (EntryOf(into, from.CurrencyCode, definitions.CurrencyCode) is not { } entry)
                continue;
            entry.Orders += from.Orders;
            entry.Refunds += from.Refunds;
            SetGross(entry, Gross(entry) + Gross(from));
            SetRefunded(entry, Refunded(entry) + Refunded(from));
            if (from.HasFirstOrder)
                Extend(entry, from.FirstOrder, from.LastOrder);
        }
    }

    /// <summary>The entry of a currency; null where there is none.</summary>
    public static MonetaryState? Find(ProfileState state, string currency)
    {
        var entries = state.Monetary;

        // By index, here and in all that expressions read: a repeated field's enumerator is an object.
        for (int i = 0; i < entries.Count; i++)
        {
            if (string.Equals(entries[i].CurrencyCode, currency, StringComparison.Ordinal))
                return entries[i];
        }

        return null;
    }

    public static Int128 Gross(MonetaryState entry) => Sums.Join(entry.GrossHigh, entry.GrossLow);

    public static Int128 Refunded(MonetaryState entry) => Sums.Join(entry.RefundedHigh, entry.RefundedLow);

    private static void SetGross(MonetaryState entry, Int128 sum)
    {
        entry.GrossLow = Sums.Low(sum);
        entry.GrossHigh = Sums.High(sum);
    }

    private static void SetRefunded(MonetaryState entry, Int128 sum)
    {
        entry.RefundedLow = Sums.Low(sum);
        entry.RefundedHigh = Sums.High(sum);
    }

    private static void Extend(MonetaryState entry, long first, long last)
    {
        if (!entry.HasFirstOrder || first < entry.FirstOrder)
            entry.FirstOrder = first;
        if (!entry.HasLastOrder || last > entry.LastOrder)
            entry.LastOrder = last;
    }

    private static MonetaryState? EntryOf(ProfileState state, string currency, string defaultCurrency)
    {
        var entries = state.Monetary;
        int at = 0;
        for (; at < entries.Count; at++)
        {
            int order = string.CompareOrdinal(entries[at].CurrencyCode, currency);
            if (order == 0)
                return entries[at];
            if (order > 0)
                break;
        }

        var entry = new MonetaryState { CurrencyCode = SharedNames.Of(currency) };
        entries.Insert(at, entry);
        if (entries.Count <= ProfileLimits.Currencies)
            return entry;
        int last = Sums.LastByRank(entries, e => e.CurrencyCode, defaultCurrency);
        bool noRoom = ReferenceEquals(entries[last], entry);
        entries.RemoveAt(last);
        return noRoom ? null : entry;
    }
}
