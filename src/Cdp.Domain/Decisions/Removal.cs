namespace Cdp.Domain.Decisions;

/// <summary>
/// Why an action does not compete. What is found first counts, in the order in which they are asked: unreadable, placement,
/// payload, purpose, consent, validity, the action's own rules, eligibility, cap. Persisted, four bits each and one for
/// consent: never changed.
/// </summary>
public enum Removal : byte
{
    /// <summary>It competes.</summary>
    None = 0,

    /// <summary>Its validity begins later.</summary>
    NotYetValid = 1,

    /// <summary>Its validity is over.</summary>
    NoLongerValid = 2,

    /// <summary>It has no payload for the placement's channel.</summary>
    NoPayload = 3,

    /// <summary>A condition reads what the purpose may not see.</summary>
    Purpose = 4,

    /// <summary>Its eligibility is not true.</summary>
    Ineligible = 5,

    /// <summary>The customer was shown it as often as the cap allows, live reservations included.</summary>
    Cap = 6,

    /// <summary>This version cannot read one of its conditions.</summary>
    Unreadable = 7,

    /// <summary>The first of its own rules holds; the second is one more, and so on for <see cref="DecisionLimits.Rules"/>.</summary>
    FirstRule = 8,

    /// <summary>It has none of the labels that the placement asks for.</summary>
    Placement = 15,

    /// <summary>The customer does not allow what it serves, or what the call reads for. Persisted as <see cref="Purpose"/> and a bit of its own.</summary>
    Consent = 16,
}

/// <summary>Names of removals, and how entries hold them.</summary>
public static class Removals
{
    private static readonly Dictionary<Removal, string> Names = new()
    {
        [Removal.NotYetValid] = "not_yet_valid",
        [Removal.NoLongerValid] = "no_longer_valid",
        [Removal.NoPayload] = "no_payload",
        [Removal.Purpose] = "purpose",
        [Removal.Ineligible] = "eligibility",
        [Removal.Cap] = "cap",
        [Removal.Unreadable] = "unreadable",
        [Removal.Placement] = "placement",
        [Removal.Consent] = "consent",
    };

    /// <summary>The stable name of a removal that is not by one of the action's own rules.</summary>
    public static string NameOf(Removal removal) => Names[removal];

    /// <summary>Tells whether a rule of an action may not have a name, since another removal has it.</summary>
    public static bool IsReserved(string name) => Names.ContainsValue(name);

    /// <summary>Four bits each, the first in the low half of the first byte; zeros at the end are left out.</summary>
    internal static byte[] Pack(ReadOnlySpan<Removal> removals)
    {
        int last = removals.LastIndexOfAnyExcept(Removal.None);
        var packed = new byte[(last + 2) / 2];
        for (int i = 0; i <= last; i++)
            packed[i / 2] |= (byte)((int)Nibble(removals[i]) << (i % 2 * 4));
        return packed;
    }

    /// <summary>One bit each, set for consent, the first in the lowest of the first byte; zeros at the end are left out.</summary>
    internal static byte[] PackConsent(ReadOnlySpan<Removal> removals)
    {
        int last = removals.LastIndexOf(Removal.Consent);
        var packed = last < 0 ? [] : new byte[(last / 8) + 1];
        for (int i = 0; i <= last; i++)
            packed[i / 8] |= (byte)(removals[i] == Removal.Consent ? 1 << (i % 8) : 0);
        return packed;
    }

    /// <summary>The reverse.</summary>
    internal static void Unpack(ReadOnlySpan<byte> packed, ReadOnlySpan<byte> noConsent, Span<Removal> removals)
    {
        for (int i = 0; i < removals.Length; i++)
            removals[i] = i / 2 < packed.Length ? (Removal)((packed[i / 2] >> (i % 2 * 4)) & 15) : Removal.None;
        for (int i = 0; i < removals.Length && i / 8 < noConsent.Length; i++)
        {
            if ((noConsent[i / 8] & (1 << (i % 8))) != 0)
                removals[i] = Removal.Consent;
        }
    }

    private static Removal Nibble(Removal removal) => removal == Removal.Consent ? Removal.Purpose : removal;
}
