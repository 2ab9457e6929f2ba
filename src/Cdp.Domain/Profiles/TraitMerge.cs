using Cdp.State.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>Joins the traits of two customers whose events are disjoint.</summary>
internal static class TraitMerge
{
    /// <summary>Tells whether two customers' traits can be joined exactly.</summary>
    public static bool CanMerge(RepeatedField<TraitState> into, RepeatedField<TraitState> others)
    {
        foreach (var other in others)
        {
            int at = TraitFold.Find(into, other.Name);
            if (at >= 0 && !CanMerge(into[at], other))
                return false;
        }

        return true;
    }

    public static void Merge(ProfileState into, ProfileState other)
    {
        foreach (var from in other.Traits)
        {
            int at = TraitFold.Find(into.Traits, from.Name);
            if (at < 0)
            {
                into.Traits.Insert(~at, from.Clone());
                into.TraitWeight += TraitWeights.Of(from);
                continue;
            }

            var trait = into.Traits[at];
            into.TraitWeight -= TraitWeights.Of(trait);
            Merge(trait, from);
            into.TraitWeight += TraitWeights.Of(trait);
        }

        if (into.HasTraitCeiling || other.HasTraitCeiling)
        {
            ulong ceiling = Math.Min(
                into.HasTraitCeiling ? into.TraitCeiling : ulong.MaxValue,
                other.HasTraitCeiling ? other.TraitCeiling : ulong.MaxValue);
            TraitWeights.Lower(into, ceiling);
        }

        if (into.TraitWeight > ProfileLimits.TraitWeight)
            TraitWeights.Trim(into);
    }

    // The later set or unset rules. What the other side did counts where all of it lies after that, and is forgotten where
    // all of it lies before; anything between cannot be split.
    private static bool CanMerge(TraitState one, TraitState two)
    {
        if (!HasChanges(Earlier(one, two)))
            return true;
        var earlier = Earlier(one, two);
        if (Later(one, two).Assigned is not { } ruling)
            return true;
        var key = new OrderKey(ruling);
        bool allBefore = !TraitFold.IsBefore(key, earlier.LastOnce) && !TraitFold.IsBefore(key, earlier.LastAdd);
        return allBefore || AllAfter(earlier, key);
    }

    private static bool AllAfter(TraitState trait, OrderKey key) =>
        (trait.LastOnce is null || TraitFold.IsBefore(key, trait.FirstOnce))
        && (trait.LastAdd is null || TraitFold.IsBefore(key, trait.FirstAdd));

    private static void Merge(TraitState trait, TraitState from)
    {
        trait.MaxValue = Math.Max(trait.MaxValue, from.MaxValue);
        trait.MaxKey = Math.Max(trait.MaxKey, from.MaxKey);
        trait.Kinds |= from.Kinds;
        var later = ReferenceEquals(Later(trait, from), trait) ? trait.Clone() : from.Clone();
        var earlier = ReferenceEquals(Later(trait, from), trait) ? from : trait.Clone();
        Take(trait, later);
        bool counts = HasChanges(earlier)
            && (later.Assigned is not { } ruling || AllAfter(earlier, new OrderKey(ruling)));
        if (counts)
            Join(trait, earlier);
    }

    private static void Take(TraitState trait, TraitState later)
    {
        trait.Assigned = later.Assigned;
        trait.Value = later.Value;
        trait.FirstOnce = later.FirstOnce;
        trait.OnceValue = later.OnceValue;
        trait.LastOnce = later.LastOnce;
        trait.FirstAdd = later.FirstAdd;
        trait.LastAdd = later.LastAdd;
        trait.SumLow = later.SumLow;
        trait.SumHigh = later.SumHigh;
        trait.DecimalAdded = later.DecimalAdded;
    }

    private static void Join(TraitState trait, TraitState changes)
    {
        bool hasBase = trait.Value is not null;
        if (changes.LastOnce is not null)
        {
            trait.LastOnce = new OrderKey(changes.LastOnce).Latest(trait.LastOnce);
            if (!hasBase && !(trait.FirstOnce is not null && new OrderKey(trait.FirstOnce) < new OrderKey(changes.FirstOnce)))
            {
                trait.FirstOnce = changes.FirstOnce.Clone();
                trait.OnceValue = changes.OnceValue;
            }
        }

        if (changes.LastAdd is null)
            return;
        trait.LastAdd = new OrderKey(changes.LastAdd).Latest(trait.LastAdd);
        if (!hasBase)
            trait.FirstAdd = new OrderKey(changes.FirstAdd).Earliest(trait.FirstAdd);
        var sum = TraitFold.SumOf(trait) + TraitFold.SumOf(changes);
        trait.SumLow = Sums.Low(sum);
        trait.SumHigh = Sums.High(sum);
        trait.DecimalAdded |= changes.DecimalAdded;
    }

    private static bool HasChanges(TraitState trait) => trait.LastOnce is not null || trait.LastAdd is not null;

    private static TraitState Later(TraitState one, TraitState two)
    {
        if (two.Assigned is null)
            return one;
        return TraitFold.IsBefore(new OrderKey(two.Assigned), one.Assigned) ? one : two;
    }

    private static TraitState Earlier(TraitState one, TraitState two) => ReferenceEquals(Later(one, two), one) ? two : one;
}
