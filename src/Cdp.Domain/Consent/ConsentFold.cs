using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Consent;

/// <summary>
/// Folds acts of consent: for each purpose and channel the latest, by effective time; of two at the same moment the refusal.
/// Maxima: absorbs anything in any order.
/// </summary>
internal static class ConsentFold
{
    /// <summary>What stands for a purpose on a channel; the channel is empty where the act is about all.</summary>
    public static string NameOf(string purpose, string channel) => string.Concat(purpose, "/", channel);

    /// <summary>The purpose and the channel of a name: no purpose holds a slash.</summary>
    public static (string Purpose, string Channel) PartsOf(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return (name[..slash], name[(slash + 1)..]);
    }

    public static void Absorb(ProfileState state, in FoldEvent e)
    {
        if (e.Gpc)
            SeeSignal(state, e.EffectiveAt);
        if (ConsentEvents.RestrictedBy(e.Event) is { } restricted)
            Restrict(state, e.Key.Into(null), restricted);
        if (!ConsentEvents.Is(e.Event) || ConsentEvents.TryRead(e.Event, out _) is not { } act)
            return;
        var entry = new ConsentEntry
        {
            Name = NameOf(act.Purpose, act.Channel),
            Key = e.Key.Into(null),
            Granted = act.Granted,
            SaidOn = e.Event.Channel,
            Proof = act.Proof,
        };
        if (act.ExpiresAt is { } expires)
            entry.ExpiresAt = expires.UnixMicros;
        Add(state, entry);
    }

    public static void Absorb(ProfileState into, ProfileState other)
    {
        foreach (var entry in other.Consents)
            Add(into, entry.Clone());
        into.MoreConsents |= other.MoreConsents;
        if (other.HasFirstGpc)
            SeeSignal(into, other.FirstGpc);
        if (other.Restriction is { } said)
            Restrict(into, said.Clone(), other.Restricted);
    }

    /// <summary>The entry of a name; null where there is none.</summary>
    public static ConsentEntry? Find(ProfileState state, string name) =>
        state.Consents.Count == 0 ? null : HashedMap<ConsentEntry, Entry>.Get(state.Consents, NameHash.Of(name), name);

    /// <summary>Whether an act counts rather than another.</summary>
    public static bool Prevails(ConsentEntry act, ConsentEntry other)
    {
        if (act.Key.At != other.Key.At)
            return act.Key.At > other.Key.At;
        return act.Granted != other.Granted ? !act.Granted : new OrderKey(act.Key).CompareTo(new OrderKey(other.Key)) > 0;
    }

    private static void Add(ProfileState state, ConsentEntry act)
    {
        var known = HashedMap<ConsentEntry, Entry>.GetOrAdd(state.Consents, NameHash.Of(act.Name), act.Name, ProfileLimits.Consents, out var dropped);
        state.MoreConsents |= known is null || dropped is not null;
        if (known is null || (known.Key is not null && !Prevails(act, known)))
            return;
        (known.Key, known.Granted, known.SaidOn, known.Proof) = (act.Key, act.Granted, act.SaidOn, act.Proof);
        if (act.HasExpiresAt)
            known.ExpiresAt = act.ExpiresAt;
        else
            known.ClearExpiresAt();
    }

    private static void Restrict(ProfileState state, EventKey said, bool restricted)
    {
        if (state.Restriction is { } known)
        {
            bool isTie = said.At == known.At && restricted != state.Restricted;
            if (isTie ? !restricted : new OrderKey(said).CompareTo(new OrderKey(known)) < 0)
                return;
        }

        (state.Restriction, state.Restricted) = (said, restricted);
    }

    private static void SeeSignal(ProfileState state, long at) => state.FirstGpc = state.HasFirstGpc ? Math.Min(state.FirstGpc, at) : at;

    private readonly struct Entry : IHashedEntry<ConsentEntry>
    {
        public static ulong Hash(ConsentEntry entry) => entry.Hash;

        public static string Name(ConsentEntry entry) => entry.Name;

        public static ConsentEntry New(ulong hash, string name) => new() { Hash = hash, Name = name };
    }
}
