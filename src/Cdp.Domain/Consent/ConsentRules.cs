using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Consent;

/// <summary>
/// What a customer allows. Of what it said about a purpose, on all channels and on the one asked for, the latest counts, and
/// of two at the same moment the refusal. Where it said nothing, or what it allowed has expired, the purpose's own rule counts.
/// </summary>
public static class ConsentRules
{
    /// <summary>Stable reason of what is refused or withheld for want of consent.</summary>
    public const string MissingReason = "CONSENT_MISSING";

    /// <summary>Reason of a withheld field: the customer does not allow the purpose.</summary>
    public const string WithheldReason = "CONSENT";

    /// <summary>Not at all.</summary>
    public const long Never = long.MinValue;

    /// <summary>Without an end.</summary>
    public const long Forever = long.MaxValue;

    /// <summary>Whether data may be used.</summary>
    /// <param name="state">The customer's state; an empty one for an unknown visitor.</param>
    /// <param name="rule">The purpose's; null: it is not declared, and nothing is allowed.</param>
    /// <param name="channel">The channel; empty: none in particular.</param>
    /// <param name="nowMicros">Microseconds since the epoch.</param>
    public static bool Allows(ProfileState state, PurposeRule? rule, string channel, long nowMicros) => AllowedUntil(state, rule, channel) > nowMicros;

    /// <summary>Until when data may be used if nothing further is said: <see cref="Never"/>, <see cref="Forever"/>, or microseconds since the epoch.</summary>
    public static long AllowedUntil(ProfileState state, PurposeRule? rule, string channel)
    {
        if (rule is null || (state.Restricted && rule.IsRestrictable))
            return Never;
        if (!rule.MayBeRefused)
            return Forever;
        long otherwise = rule.NeedsConsent || (rule.HeedsGpc && state.HasFirstGpc) ? Never : Forever;
        if (state.Consents.Count == 0)
            return otherwise;
        if (Latest(state, rule, channel, out bool isFull) is not { } act)
            return isFull ? Never : otherwise;
        if (isFull || !act.Granted)
            return Never;
        if (IsBeforeSignal(state, rule, act))
            return otherwise;
        return act.HasExpiresAt && otherwise == Never ? act.ExpiresAt : Forever;
    }

    /// <summary>Takes over what another customer said; nothing else of its state.</summary>
    public static void Join(ProfileState into, ProfileState other) => ConsentFold.Absorb(into, other);

    /// <summary>Takes over what an event says of consent; nothing else of it.</summary>
    public static void Take(ProfileState into, in FoldEvent e) => ConsentFold.Absorb(into, e);

    /// <summary>All that a customer allows, by purpose.</summary>
    /// <param name="state">The customer's state.</param>
    /// <param name="definitions">The tenant's.</param>
    /// <param name="nowMicros">Microseconds since the epoch.</param>
    public static IEnumerable<PurposeConsent> Describe(ProfileState state, Definitions definitions, long nowMicros)
    {
        foreach (string id in definitions.Purposes)
        {
            var rule = definitions.Rules.Find(id)!;
            var declared = definitions.Config.Purposes.Last(purpose => string.Equals(purpose.Id, id, StringComparison.Ordinal));
            var described = new PurposeConsent
            {
                Purpose = id,
                Description = declared.Description,
                LawfulBasis = declared.LawfulBasis,
                NeedsConsent = rule.NeedsConsent,
                Allowed = Allows(state, rule, string.Empty, nowMicros),
                State = StateOf(state, rule, string.Empty, nowMicros),
                Full = state.MoreConsents,
            };
            described.Acts.AddRange(state.Consents
                .Select(act => (Act: act, Parts: ConsentFold.PartsOf(act.Name)))
                .Where(item => string.Equals(item.Parts.Purpose, id, StringComparison.Ordinal))
                .OrderBy(item => item.Parts.Channel, StringComparer.Ordinal)
                .Select(item => Describe(state, rule, item.Act, item.Parts.Channel, nowMicros)));
            yield return described;
        }
    }

    private static RecordedConsent Describe(ProfileState state, PurposeRule rule, ConsentEntry act, string channel, long nowMicros) => new()
    {
        Channel = channel,
        Allowed = Allows(state, rule, channel, nowMicros),
        State = StateOf(state, rule, act, nowMicros),
        At = new Timestamp { UnixMicros = act.Key.At },
        Source = act.Key.Source,
        EventId = new KeptId(act.Key).ToString(),
        SaidOn = act.SaidOn,
        Proof = act.Proof,
        ExpiresAt = act.HasExpiresAt ? new Timestamp { UnixMicros = act.ExpiresAt } : null,
    };

    private static ConsentState StateOf(ProfileState state, PurposeRule rule, string channel, long nowMicros) =>
        Latest(state, rule, channel, out bool isFull) is { } act
            ? StateOf(state, rule, act, nowMicros)
            : isFull ? ConsentState.Refused : rule.HeedsGpc && state.HasFirstGpc ? ConsentState.RefusedBySignal : ConsentState.None;

    private static ConsentState StateOf(ProfileState state, PurposeRule rule, ConsentEntry act, long nowMicros)
    {
        if (!act.Granted)
            return ConsentState.Refused;
        if (IsBeforeSignal(state, rule, act))
            return ConsentState.RefusedBySignal;
        return act.HasExpiresAt && act.ExpiresAt <= nowMicros ? ConsentState.Expired : ConsentState.Granted;
    }

    /// <summary>What was allowed before the customer's browser first asked not to be tracked, was not allowed in spite of that.</summary>
    private static bool IsBeforeSignal(ProfileState state, PurposeRule rule, ConsentEntry act) => rule.HeedsGpc && state.HasFirstGpc && act.Key.At < state.FirstGpc;

    /// <summary>The act that counts; null where there is none.</summary>
    private static ConsentEntry? Latest(ProfileState state, PurposeRule rule, string channel, out bool isFull)
    {
        var general = ConsentFold.Find(state, rule.GeneralName);
        var own = channel.Length == 0 ? null : ConsentFold.Find(state, ConsentFold.NameOf(rule.Id, channel));

        // An act that is not held may have been a refusal.
        isFull = state.MoreConsents && (general is null || (own is null && channel.Length > 0));
        if (general is null || own is null)
            return general ?? own;
        return ConsentFold.Prevails(own, general) ? own : general;
    }
}
