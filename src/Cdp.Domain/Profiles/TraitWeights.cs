using System.Text;
using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>
/// Bounds the room that traits take. A trait's weight is an upper bound of its bytes made of what never shrinks: the most
/// bytes that a value and a key ever took, and the kinds of changes it ever saw. So the traits held, those with the
/// smallest hash whose weights sum up to at most <see cref="ProfileLimits.TraitWeight"/>, do not depend on the order of
/// arrival: a trait that is dropped would be dropped at the end too.
/// </summary>
internal static class TraitWeights
{
    private const int Overhead = 64;
    private const int KeyOverhead = 20;

    public static int OfKey(OrderKey key) =>
        KeyOverhead + Encoding.UTF8.GetByteCount(key.Source) + key.Id.Bytes;

    public static int Of(TraitState trait)
    {
        var kinds = (TraitChangeKind)trait.Kinds;
        int keys = (kinds.HasFlag(TraitChangeKind.Assign) ? 1 : 0)
            + (kinds.HasFlag(TraitChangeKind.Once) ? 2 : 0)
            + (kinds.HasFlag(TraitChangeKind.Add) ? 2 : 0);
        return Overhead + Encoding.UTF8.GetByteCount(trait.Name) + (int)trait.MaxValue + (keys * (int)trait.MaxKey);
    }

    public static void Note(TraitState trait, in TraitChange change)
    {
        trait.Kinds |= (uint)change.Kind;
        if (change.KeyBytes > trait.MaxKey)
            trait.MaxKey = (uint)change.KeyBytes;
        if (change.Kind == TraitChangeKind.Add || change.Value is null)
            return;
        int bytes = change.Value.CalculateSize();
        if (bytes > trait.MaxValue)
            trait.MaxValue = (uint)bytes;
    }

    /// <summary>Tells whether a trait is not held since those before it fill the room.</summary>
    public static bool IsBeyond(ProfileState state, string name) =>
        state.HasTraitCeiling && NameHash.Of(name) >= state.TraitCeiling;

    /// <summary>Drops the traits that the room does not hold.</summary>
    public static void Trim(ProfileState state)
    {
        var byHash = state.Traits.Select(trait => (Hash: NameHash.Of(trait.Name), Weight: Of(trait))).Order().ToArray();
        int sum = 0;
        foreach (var (hash, weight) in byHash)
        {
            sum += weight;
            if (sum <= ProfileLimits.TraitWeight)
                continue;
            Lower(state, hash);
            return;
        }
    }

    /// <summary>Lowers the ceiling and drops what stands at or above it.</summary>
    public static void Lower(ProfileState state, ulong ceiling)
    {
        state.TraitCeiling = ceiling;
        int kept = 0;
        int weight = 0;
        foreach (var trait in state.Traits)
        {
            if (NameHash.Of(trait.Name) >= ceiling)
                continue;
            state.Traits[kept++] = trait;
            weight += Of(trait);
        }

        while (state.Traits.Count > kept)
            state.Traits.RemoveAt(state.Traits.Count - 1);
        state.TraitWeight = weight;
    }
}
