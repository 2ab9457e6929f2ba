using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Events;

/// <summary>Judges changes of traits.</summary>
internal static class TraitValidator
{
    /// <summary>Judges all changes of one event. A trait may be changed in one way only, so that their order never matters.</summary>
    public static EventRefusal? Check(TraitChanges? changes)
    {
        if (changes is null)
            return null;
        return CheckValues(changes.Set, "traits.set")
            ?? CheckValues(changes.SetOnce, "traits.set_once")
            ?? CheckAdds(changes.Add)
            ?? CheckUnsets(changes)
            ?? CheckOverlap(changes);
    }

    private static EventRefusal? CheckValues(MapField<string, Value> values, string field)
    {
        foreach (var pair in values)
        {
            var refusal = CheckName(pair.Key, field) ?? ValueValidator.Check(pair.Value, 1, $"{field}.{pair.Key}");
            if (refusal is not null)
                return refusal;
            int size = pair.Value.CalculateSize();
            if (size > EventLimits.MaxTraitValueBytes)
                return new(Reasons.TraitValueTooLarge, $"{field}.{pair.Key}", $"The value takes {size} bytes; at most {EventLimits.MaxTraitValueBytes} are taken. Keep a reference instead.");
        }

        return null;
    }

    private static EventRefusal? CheckAdds(MapField<string, Value> adds)
    {
        foreach (var pair in adds)
        {
            var refusal = CheckName(pair.Key, "traits.add") ?? ValueValidator.Check(pair.Value, 1, $"traits.add.{pair.Key}");
            if (refusal is not null)
                return refusal;
            if (!Values.TryGetNumber(pair.Value, out _))
                return new(Reasons.TraitAddNotNumeric, $"traits.add.{pair.Key}", "Only an integer, a decimal or a double below 10^15 can be added.");
        }

        return null;
    }

    private static EventRefusal? CheckUnsets(TraitChanges changes)
    {
        for (int i = 0; i < changes.Unset.Count; i++)
        {
            if (CheckName(changes.Unset[i], "traits.unset") is { } refusal)
                return refusal with { Field = $"traits.unset[{i}]" };
        }

        return null;
    }

    private static EventRefusal? CheckOverlap(TraitChanges changes)
    {
        foreach (string name in changes.Unset)
        {
            if (changes.Set.ContainsKey(name) || changes.SetOnce.ContainsKey(name) || changes.Add.ContainsKey(name))
                return NamedTwice("traits.unset", name);
        }

        foreach (string name in changes.Add.Keys)
        {
            if (changes.Set.ContainsKey(name) || changes.SetOnce.ContainsKey(name))
                return NamedTwice("traits.add", name);
        }

        foreach (string name in changes.SetOnce.Keys)
        {
            if (changes.Set.ContainsKey(name))
                return NamedTwice("traits.set_once", name);
        }

        return null;
    }

    private static EventRefusal NamedTwice(string field, string name) =>
        new(Reasons.TraitNamedTwice, $"{field}.{name}", "The event changes this trait in two ways. Name it once, or send two events.");

    private static EventRefusal? CheckName(string name, string field) =>
        name.Length == 0
            ? new(Reasons.TraitNameInvalid, field, "A trait needs a name.")
            : EventValidator.CheckText(name, EventLimits.MaxTraitNameLength, $"{field}.{name}", Reasons.TraitNameInvalid);
}
