using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>The newest events by the canonical order. Absorbs anything in any order.</summary>
internal static class RecentFold
{
    /// <summary>The newest event of all; null where there is none.</summary>
    public static RecentEventRow? Newest(ProfileState state) =>
        RecentEvents.Count(state) is > 0 and var count ? RecentEvents.Get(state, count - 1) : null;

    public static void Absorb(ProfileState state, in FoldEvent e) =>
        Absorb(state, new RecentEventRow(e.EffectiveAt, e.Key.Id, e.Source, TypeOf(e.Event), e.Event.Channel, e.Partition, e.Position));

    public static void Absorb(ProfileState into, ProfileState other)
    {
        for (int i = 0; i < RecentEvents.Count(other); i++)
            Absorb(into, RecentEvents.Get(other, i));
    }

    private static void Absorb(ProfileState state, in RecentEventRow row)
    {
        int at = PlaceOf(state, row);
        if (RecentEvents.Count(state) >= ProfileLimits.RecentEvents)
        {
            if (at == 0)
                return;
            RecentEvents.RemoveFirst(state);
            at--;
        }

        RecentEvents.Insert(state, at, row);
    }

    private static string TypeOf(FoldedEvent occurrence) =>
        occurrence.Type.Length > 0 ? occurrence.Type : ActivityFold.TypeName(occurrence);

    // Most events are the newest: looked for from the end.
    private static int PlaceOf(ProfileState state, in RecentEventRow row)
    {
        int at = RecentEvents.Count(state);
        while (at > 0 && IsBefore(row, state, at - 1))
            at--;
        return at;
    }

    private static bool IsBefore(in RecentEventRow row, ProfileState state, int at)
    {
        int byTime = row.EffectiveAt.CompareTo(RecentEvents.EffectiveAt(state, at));
        return byTime != 0 ? byTime < 0 : row.Key < RecentEvents.Get(state, at).Key;
    }
}
