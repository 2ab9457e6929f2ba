using Cdp.Domain.Events;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>
/// Traits: the value that all changes give in canonical order. Of each trait are held the last set or unset and what came
/// after it: the first set_once, the first and last add and the sum of adds. A set or unset that lands among later
/// set_once or add cannot be absorbed, since what lies before and after it is no longer told apart.
/// </summary>
internal static class TraitFold
{
    private const int FewEntries = 16;

    /// <summary>Tells whether an event's changes can be absorbed exactly.</summary>
    public static bool CanAbsorb(ProfileState state, in FoldEvent e)
    {
        if (e.Event.Traits is not { } changes || state.Traits.Count == 0)
            return true;
        var key = e.Key;
        foreach (var entry in changes.Set)
        {
            if (!CanAssign(state, entry.Name, key))
                return false;
        }

        foreach (string name in changes.Unset)
        {
            if (!CanAssign(state, name, key))
                return false;
        }

        return true;
    }

    public static void Absorb(ProfileState state, in FoldEvent e)
    {
        if (e.Event.Traits is not { } changes)
            return;
        var key = e.Key;
        int keyBytes = TraitWeights.OfKey(key);
        foreach (string name in changes.Unset)
            Change(state, name, new TraitChange(TraitChangeKind.Assign, null, key, keyBytes));
        Change(state, changes.Set, TraitChangeKind.Assign, key, keyBytes);
        Change(state, changes.SetOnce, TraitChangeKind.Once, key, keyBytes);
        Change(state, changes.Add, TraitChangeKind.Add, key, keyBytes);
    }

    /// <summary>The trait's value and the event that it comes from; false where it has none.</summary>
    public static bool TryGetValue(TraitState trait, out Value value, out EventKey from)
    {
        bool hasValue = TryGetParts(trait, out var origin, out var number, out var known);
        value = number is { } sum ? NumberOf(sum, isInteger: origin is null or { KindCase: Value.KindOneofCase.IntValue } && !trait.DecimalAdded) : origin!;
        from = known!;
        return hasValue;
    }

    /// <summary>What the trait's value is made of; false where it has none. Makes no object.</summary>
    /// <param name="trait">The trait.</param>
    /// <param name="origin">The value that was set; null where only numbers were added.</param>
    /// <param name="number">The sum in nanos, where numbers were added; else <paramref name="origin"/> is the value.</param>
    /// <param name="from">The event that it comes from.</param>
    public static bool TryGetParts(TraitState trait, out Value? origin, out Int128? number, out EventKey? from)
    {
        bool onceFirst = trait.FirstOnce is not null
            && (trait.FirstAdd is null || new OrderKey(trait.FirstOnce) < new OrderKey(trait.FirstAdd));
        (origin, from) = trait.Value is not null ? (trait.Value, trait.Assigned) : onceFirst ? (trait.OnceValue, trait.FirstOnce) : (null, null);
        number = null;
        Int128 start = 0;
        bool isSum = origin is null ? trait.FirstAdd is not null : trait.LastAdd is not null && Values.TryGetNumber(origin, out start);
        if (!isSum)
            return origin is not null;
        number = start + SumOf(trait);
        from = trait.LastAdd;
        return true;
    }

    /// <summary>Index of a trait, or the complement of the index where it would stand.</summary>
    public static int Find(RepeatedField<TraitState> traits, string name) =>
        Sorted.Find(traits, name, static (trait, key) => string.CompareOrdinal(trait.Name, key));

    private static bool CanAssign(ProfileState state, string name, OrderKey key)
    {
        int at = Find(state.Traits, name);
        if (at < 0)
            return true;
        var trait = state.Traits[at];
        return IsBefore(key, trait.Assigned) || (!IsBefore(key, trait.LastOnce) && !IsBefore(key, trait.LastAdd));
    }

    private static void Change(ProfileState state, RepeatedField<NamedValue> entries, TraitChangeKind kind, OrderKey key, int keyBytes)
    {
        // Of entries of one name the last one counts, as in the map that they are.
        var named = entries.Count > FewEntries ? new Dictionary<string, int>(entries.Count, StringComparer.Ordinal) : null;
        for (int i = 0; named is not null && i < entries.Count; i++)
            named[entries[i].Name] = i;
        for (int i = 0; i < entries.Count; i++)
        {
            string name = entries[i].Name;
            if (named is null ? !IsNamedAfter(entries, i) : named[name] == i)
                Change(state, name, new TraitChange(kind, entries[i].Value ?? new Value(), key, keyBytes));
        }
    }

    private static bool IsNamedAfter(RepeatedField<NamedValue> entries, int index)
    {
        for (int i = index + 1; i < entries.Count; i++)
        {
            if (string.Equals(entries[i].Name, entries[index].Name, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static void Change(ProfileState state, string name, in TraitChange change)
    {
        int at = Find(state.Traits, name);
        TraitState trait;
        if (at >= 0)
        {
            trait = state.Traits[at];
            state.TraitWeight -= TraitWeights.Of(trait);
        }
        else
        {
            if (TraitWeights.IsBeyond(state, name))
                return;
            trait = new TraitState { Name = SharedNames.Of(name) };
            if (state.Traits.Count == 0)
                state.Traits.Capacity = 2;
            state.Traits.Insert(~at, trait);
        }

        TraitWeights.Note(trait, change);
        Apply(trait, change);
        state.TraitWeight += TraitWeights.Of(trait);
        if (state.TraitWeight > ProfileLimits.TraitWeight)
            TraitWeights.Trim(state);
    }

    private static void Apply(TraitState trait, in TraitChange change)
    {
        if (IsBefore(change.Key, trait.Assigned))
            return;
        switch (change.Kind)
        {
            case TraitChangeKind.Assign:
                Assign(trait, change);
                break;
            case TraitChangeKind.Once:
                ApplyOnce(trait, change);
                break;
            default:
                ApplyAdd(trait, change);
                break;
        }
    }

    private static void Assign(TraitState trait, in TraitChange change)
    {
        trait.Assigned = change.Key.Into(trait.Assigned);

        // Most are set to what they are: then nothing new is kept.
        if (change.Value is null || !change.Value.Equals(trait.Value))
            trait.Value = change.Value is null ? null : SharedNames.Of(change.Value);
        trait.FirstOnce = null;
        trait.OnceValue = null;
        trait.LastOnce = null;
        trait.FirstAdd = null;
        trait.LastAdd = null;
        trait.SumLow = 0;
        trait.SumHigh = 0;
        trait.DecimalAdded = false;
    }

    private static void ApplyOnce(TraitState trait, in TraitChange change)
    {
        trait.LastOnce = change.Key.Latest(trait.LastOnce);
        if (trait.Value is not null || IsBefore(trait.FirstOnce, change.Key))
            return;
        trait.FirstOnce = change.Key.Into(trait.FirstOnce);
        trait.OnceValue = SharedNames.Of(change.Value!);
    }

    private static void ApplyAdd(TraitState trait, in TraitChange change)
    {
        // What is no number was refused at intake; adding it would change nothing.
        if (!Values.TryGetNumber(change.Value!, out var amount))
            return;
        trait.LastAdd = change.Key.Latest(trait.LastAdd);
        if (trait.Value is null)
            trait.FirstAdd = change.Key.Earliest(trait.FirstAdd);
        var sum = SumOf(trait) + amount;
        trait.SumLow = Sums.Low(sum);
        trait.SumHigh = Sums.High(sum);
        trait.DecimalAdded |= change.Value!.KindCase != Value.KindOneofCase.IntValue;
    }

    internal static Int128 SumOf(TraitState trait) => Sums.Join(trait.SumHigh, trait.SumLow);

    internal static bool IsBefore(OrderKey key, EventKey? known) => known is not null && key < new OrderKey(known);

    private static bool IsBefore(EventKey? known, OrderKey key) => known is not null && new OrderKey(known) < key;

    private static Value NumberOf(Int128 nanos, bool isInteger)
    {
        if (isInteger)
        {
            var units = nanos / Decimals.One;
            if (units >= long.MinValue && units <= long.MaxValue)
                return new Value { IntValue = (long)units };
        }

        return new Value { DecimalValue = Decimals.Format(nanos) };
    }
}

/// <summary>Kinds of changes; the numbers are bits of <see cref="TraitState.Kinds"/>.</summary>
internal enum TraitChangeKind : uint
{
    Assign = 1,
    Once = 2,
    Add = 4,
}

/// <summary>One change of one trait.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Value">With what; null for unset.</param>
/// <param name="Key">The event's place.</param>
/// <param name="KeyBytes">Bytes that the key takes in the state.</param>
internal readonly record struct TraitChange(TraitChangeKind Kind, Value? Value, OrderKey Key, int KeyBytes);
