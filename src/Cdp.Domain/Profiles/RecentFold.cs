using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>The newest events by the canonical order. Absorbs anything in any order.</summary>
internal static class RecentFold
{
    /// <summary>The newest event of all; null where there is none.</summary>
    public static RecentState? Newest(ProfileState state) => state.Recent.Count == 0 ? null : state.Recent[^1];

    public static void Absorb(ProfileState state, in FoldEvent e)
    {
        var recent = state.Recent;
        var key = e.Key;
        int at = PlaceOf(state, key);
        bool full = recent.Count >= ProfileLimits.RecentEvents;
        if (full && at == 0)
            return;
        RecentState entry;
        if (full)
        {
            // The oldest one is used again: a full list allocates nothing.
            entry = recent[0];
            recent.RemoveAt(0);
            at--;
        }
        else
        {
            entry = new RecentState();
        }

        entry.EffectiveAt = e.EffectiveAt;
        entry.Source = e.Source;
        key.Id.PutInto(entry);
        entry.Type = TypeOf(e.Event);
        entry.Channel = e.Event.Channel;
        entry.Partition = e.Partition;
        entry.Position = e.Position;
        Insert(state, at, entry);
    }

    public static void Absorb(ProfileState into, ProfileState other)
    {
        foreach (var entry in other.Recent)
        {
            int at = PlaceOf(into, new OrderKey(entry));
            if (into.Recent.Count >= ProfileLimits.RecentEvents)
            {
                if (at == 0)
                    continue;
                into.Recent.RemoveAt(0);
                at--;
            }

            Insert(into, at, entry.Clone());
        }
    }

    private static string TypeOf(FoldedEvent occurrence) =>
        occurrence.Type.Length > 0 ? occurrence.Type : ActivityFold.TypeName(occurrence);

    // Most events are the newest: looked for from the end.
    private static int PlaceOf(ProfileState state, OrderKey key)
    {
        int at = state.Recent.Count;
        while (at > 0 && new OrderKey(state.Recent[at - 1]) > key)
            at--;
        return at;
    }

    private static void Insert(ProfileState state, int at, RecentState entry)
    {
        if (state.Recent.Count == 0)
            state.Recent.Capacity = 2;
        if (at == state.Recent.Count)
            state.Recent.Add(entry);
        else
            state.Recent.Insert(at, entry);
    }
}
