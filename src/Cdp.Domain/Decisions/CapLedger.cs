namespace Cdp.Domain.Decisions;

/// <summary>
/// How often a customer was shown its capped actions, reservations that still live included: a set of uses, one for each
/// decision and action. The union of two such sets is the same in any order, and adding one twice adds nothing.
/// </summary>
public static class CapLedger
{
    private static readonly Comparer<RememberedUse> ByActionAndDecision =
        Comparer<RememberedUse>.Create(static (a, b) => (a.Action, a.Decision).CompareTo((b.Action, b.Decision)));

    /// <summary>How often an action counts as shown at a time.</summary>
    public static int Used(DecisionMemory memory, uint action, long nowMicros)
    {
        int used = 0;
        var uses = memory.Uses;
        int first = Find(uses, new RememberedUse { Action = action });
        for (int at = first < 0 ? ~first : first; at < uses.Length && uses[at].Action == action; at++)
        {
            if (EndOf(uses[at]) > nowMicros)
                used++;
        }

        return used;
    }

    /// <summary>Whether so many uses count at a time that no capped action may be reserved.</summary>
    public static bool IsFull(DecisionMemory memory, long nowMicros)
    {
        if (memory.Uses.Length < DecisionLimits.CapUses)
            return false;
        int count = 0;
        foreach (ref readonly var use in memory.Uses)
            count += EndOf(use) > nowMicros ? 1 : 0;
        return count >= DecisionLimits.CapUses;
    }

    /// <summary>Adds a use, or what it says besides what is known of it.</summary>
    internal static void Add(DecisionMemory memory, in RememberedUse use)
    {
        int at = Find(memory.Uses, use);
        if (at < 0)
        {
            memory.Insert(~at, use);
            return;
        }

        ref var known = ref memory.Uses[at];
        if (use.ShownAt != 0 && (known.ShownAt == 0 || use.ShownAt < known.ShownAt))
            known.ShownAt = use.ShownAt;
    }

    /// <summary>Drops what no longer counts at a time, and of more than a customer may have, what ends first.</summary>
    internal static void Prune(DecisionMemory memory, long nowMicros)
    {
        var uses = memory.Uses;
        int kept = 0;
        foreach (ref readonly var use in uses)
        {
            if (EndOf(use) > nowMicros)
                uses[kept++] = use;
        }

        memory.KeepFirst(kept);
        if (kept <= DecisionLimits.MergedCapUses)
            return;
        memory.Keep(
        [
            .. memory.Uses.ToArray()
                .OrderByDescending(use => EndOf(use)).ThenByDescending(use => use.Decision).ThenByDescending(use => use.Action)
                .Take(DecisionLimits.MergedCapUses)
                .OrderBy(use => use.Action).ThenBy(use => use.Decision),
        ]);
    }

    /// <summary>Until when a use counts.</summary>
    private static long EndOf(in RememberedUse use)
    {
        if (use.ShownAt == 0)
            return use.ReservedUntil;
        return use.PeriodSeconds == 0 ? long.MaxValue : use.ShownAt + (use.PeriodSeconds * 1_000_000);
    }

    /// <summary>Where a use of the action and the decision stands; the complement of where it would where there is none.</summary>
    private static int Find(ReadOnlySpan<RememberedUse> uses, RememberedUse use) => uses.BinarySearch(use, ByActionAndDecision);
}
