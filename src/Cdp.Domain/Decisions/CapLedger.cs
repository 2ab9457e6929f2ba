using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>
/// How often a customer was shown its capped actions, reservations that still live included: a set of uses, one for each
/// decision and action. The union of two such sets is the same in any order, and adding one twice adds nothing.
/// </summary>
public static class CapLedger
{
    /// <summary>How often an action counts as shown at a time.</summary>
    public static int Used(DecisionState state, uint action, long nowMicros)
    {
        int used = 0;
        for (int at = First(state, action); at < state.Caps.Count && state.Caps[at].Action == action; at++)
        {
            if (EndOf(state.Caps[at]) > nowMicros)
                used++;
        }

        return used;
    }

    /// <summary>Whether so many uses count at a time that no capped action may be reserved.</summary>
    public static bool IsFull(DecisionState state, long nowMicros) =>
        state.Caps.Count >= DecisionLimits.CapUses && state.Caps.Count(use => EndOf(use) > nowMicros) >= DecisionLimits.CapUses;

    /// <summary>Adds a use, or what it says besides what is known of it.</summary>
    internal static void Add(DecisionState state, CapUse use)
    {
        int at = Sorted.Find(state.Caps, use, static (entry, key) =>
            entry.Action != key.Action ? entry.Action.CompareTo(key.Action) : entry.Decision.CompareTo(key.Decision));
        if (at < 0)
        {
            state.Caps.Insert(~at, use.Clone());
            return;
        }

        var known = state.Caps[at];
        if (use.ShownAt != 0 && (known.ShownAt == 0 || use.ShownAt < known.ShownAt))
            known.ShownAt = use.ShownAt;
    }

    /// <summary>Drops what no longer counts at a time, and of more than a customer may have, what ends first.</summary>
    internal static void Prune(DecisionState state, long nowMicros)
    {
        for (int i = state.Caps.Count - 1; i >= 0; i--)
        {
            if (EndOf(state.Caps[i]) <= nowMicros)
                state.Caps.RemoveAt(i);
        }

        if (state.Caps.Count <= DecisionLimits.MergedCapUses)
            return;
        var kept = state.Caps
            .OrderByDescending(EndOf).ThenByDescending(use => use.Decision).ThenByDescending(use => use.Action)
            .Take(DecisionLimits.MergedCapUses)
            .OrderBy(use => use.Action).ThenBy(use => use.Decision)
            .ToList();
        state.Caps.Clear();
        state.Caps.AddRange(kept);
    }

    /// <summary>Until when a use counts.</summary>
    private static long EndOf(CapUse use)
    {
        if (use.ShownAt == 0)
            return use.ReservedUntil;
        return use.PeriodSeconds == 0 ? long.MaxValue : use.ShownAt + (use.PeriodSeconds * 1_000_000);
    }

    private static int First(DecisionState state, uint action)
    {
        int low = 0;
        int high = state.Caps.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (state.Caps[middle].Action < action)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
