using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Profiles;

/// <summary>Counts, sums per type, first seen. Sums and extremes: absorbs anything in any order.</summary>
internal static class ActivityFold
{
    public static void Absorb(ProfileState state, in FoldEvent e, in EventFacts facts, Definitions definitions)
    {
        state.EventCount++;
        var key = e.Key;
        if (state.FirstSeen is null || key < new OrderKey(state.FirstSeen.Key))
            state.FirstSeen = Seen(state.FirstSeen, key, e.Event.Channel);
        string type = NameHash.Shortened(TypeName(e.Event), ProfileLimits.TypeBytes);
        var entry = TypeOf(state, NameHash.Of(type), type, definitions);
        entry.Count++;
        if (facts.Amount is { } amount)
            Sums.Add(entry.Sums, facts.Currency, amount, CurrenciesOf(state, entry), definitions.CurrencyCode);
        AddChannel(state, e.Event.Channel, 1);
    }

    public static void Absorb(ProfileState into, ProfileState other, Definitions definitions)
    {
        into.EventCount += other.EventCount;
        if (other.FirstSeen is { } first && (into.FirstSeen is null || new OrderKey(first.Key) < new OrderKey(into.FirstSeen.Key)))
            into.FirstSeen = first.Clone();
        foreach (var type in other.Types_)
            AddType(into, TypeOf(into, type.Hash, type.Type, definitions), type, definitions);
        if (other.OtherTypes is { } rest)
            AddType(into, into.OtherTypes ??= new TypeState(), rest, definitions);
        foreach (var channel in other.Channels)
            AddChannel(into, channel.Channel, channel.Count);
        into.OtherChannels += other.OtherChannels;
    }

    /// <summary>The name under which an event is counted: its type, or its kind where that is no TRACK.</summary>
    public static string TypeName(FoldedEvent occurrence) => occurrence.Kind switch
    {
        EventKind.Identify => "identify",
        EventKind.Page => "page",
        EventKind.Screen => "screen",
        EventKind.Group => "group",
        EventKind.Alias => "alias",
        _ => occurrence.Type,
    };

    private static SeenState Seen(SeenState? known, OrderKey key, string channel)
    {
        known ??= new SeenState();
        known.Key = key.Into(known.Key);
        known.Channel = channel;
        return known;
    }

    private static TypeState TypeOf(ProfileState state, ulong hash, string type, Definitions definitions)
    {
        var entry = HashedMap<TypeState, TypeEntry>.GetOrAdd(state.Types_, hash, type, ProfileLimits.Types, out var dropped);
        if (dropped is not null)
            AddType(state, state.OtherTypes ??= new TypeState(), dropped, definitions);
        return entry ?? (state.OtherTypes ??= new TypeState());
    }

    private static void AddType(ProfileState state, TypeState entry, TypeState other, Definitions definitions)
    {
        entry.Count += other.Count;
        Sums.AddAll(entry.Sums, other.Sums, CurrenciesOf(state, entry), definitions.CurrencyCode);
    }

    private static int CurrenciesOf(ProfileState state, TypeState entry) =>
        ReferenceEquals(entry, state.OtherTypes) ? ProfileLimits.Currencies : ProfileLimits.CurrenciesOfType;

    private static void AddChannel(ProfileState state, string channel, long count)
    {
        if (channel.Length == 0)
            return;
        channel = NameHash.Shortened(channel, ProfileLimits.ChannelBytes);
        var entry = HashedMap<ChannelState, ChannelEntry>.GetOrAdd(state.Channels, NameHash.Of(channel), channel, ProfileLimits.Channels, out var dropped);
        state.OtherChannels += dropped?.Count ?? 0;
        if (entry is null)
            state.OtherChannels += count;
        else
            entry.Count += count;
    }
}
