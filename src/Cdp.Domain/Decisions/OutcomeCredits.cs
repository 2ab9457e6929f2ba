using Cdp.Domain.Events;
using Cdp.State.V1;
using Cdp.V1;
using Evidence = Cdp.Domain.Learning.Evidence;

namespace Cdp.Domain.Decisions;

/// <summary>
/// What an outcome teaches. The evidence of a decision and an action is a function of the set of their outcomes, and an
/// outcome's effect is what it adds to that: in whatever order they come, effects add up to the same.
/// </summary>
public static class OutcomeCredits
{
    /// <summary>Judges an outcome; nothing is changed until its entry is folded (<see cref="DecisionFold"/>).</summary>
    /// <param name="memory">What the customer of the decision remembers.</param>
    /// <param name="outcome">
    /// The outcome. Without a time it happened now; a value is checked (<see cref="Amounts.TryRead"/>) before.
    /// </param>
    /// <param name="scaledValue">Its value in 10^-4 units; null: it states none.</param>
    /// <param name="nowMicros">When it was received, in microseconds since the epoch.</param>
    /// <returns>Its entry, with credit and effect; worth an append only where <see cref="IsKept"/>.</returns>
    public static OutcomeEntry Judge(DecisionMemory memory, Outcome outcome, long? scaledValue, long nowMicros)
    {
        var entry = new OutcomeEntry
        {
            Decision = outcome.DecisionId,
            Id = DecisionId.HashOf(outcome.Id),
            ActionId = DecisionId.HashOf(outcome.ActionId),
            Kind = outcome.Kind,
            At = EffectiveTime.Of(outcome.OccurredAt, sentAt: null, nowMicros),
        };
        if (scaledValue is { } value && outcome.Kind is OutcomeKind.Converted or OutcomeKind.Returned)
            entry.Value = value;
        int at = memory.Find(DecisionId.HashOf(outcome.DecisionId));
        entry.Credit = CreditOf(memory, at, entry, nowMicros, out var offered);
        if (offered is not { } offer || entry.Credit != OutcomeCredit.Credited)
            return entry;
        var effect = EvidenceOf(memory, at, offer.Action, entry) - EvidenceOf(memory, at, offer.Action);
        if (effect == default)
            entry.Credit = OutcomeCredit.NothingNew;
        else
            entry.Effect = ModelFold.Delta(memory.Decisions[at].Placement, offer.Action, effect);
        return entry;
    }

    /// <summary>Whether an outcome of a credit belongs into the history: it may change what further ones teach, or a cap.</summary>
    public static bool IsKept(OutcomeCredit credit) => credit is OutcomeCredit.Credited or OutcomeCredit.NothingNew;

    /// <summary>Whether a credit says that the decision is not remembered: another customer may remember it.</summary>
    public static bool IsUnknown(OutcomeCredit credit) => credit is OutcomeCredit.DecisionLost or OutcomeCredit.DecisionTooOld;

    /// <summary>What an outcome changed that was applied from a place in the log.</summary>
    /// <param name="memory">What the customer of the decision remembers.</param>
    /// <param name="outcome">The outcome.</param>
    /// <param name="receivedMicros">When it was received.</param>
    /// <param name="partition">Where it stands in the log.</param>
    /// <param name="position">Its position there.</param>
    public static OutcomeCredit CreditAt(DecisionMemory memory, Outcome outcome, long receivedMicros, int partition, long position) =>
        Find(memory, outcome) is { } counted
            ? counted.Partition == partition && counted.Position == position ? counted.Credit : OutcomeCredit.Duplicate
            : Judge(memory, outcome, scaledValue: null, receivedMicros).Credit;

    /// <summary>What the outcome of an id changed, wherever it was counted from; unspecified where it would still count: it was not applied yet.</summary>
    /// <param name="memory">What the customer of the decision remembers.</param>
    /// <param name="outcome">The outcome.</param>
    /// <param name="receivedMicros">When it was received.</param>
    public static OutcomeCredit CreditOf(DecisionMemory memory, Outcome outcome, long receivedMicros)
    {
        if (Find(memory, outcome) is { } counted)
            return counted.Credit;
        var credit = Judge(memory, outcome, scaledValue: null, receivedMicros).Credit;
        return IsKept(credit) ? OutcomeCredit.Unspecified : credit;
    }

    /// <summary>Whether an outcome was counted from this very place in the log, and so is delivered again.</summary>
    public static bool IsCountedAt(DecisionMemory memory, Outcome outcome, int partition, long position) =>
        Find(memory, outcome) is { } counted && counted.Partition == partition && counted.Position == position;

    private static RememberedOutcome? Find(DecisionMemory memory, Outcome outcome)
    {
        int at = memory.Find(DecisionId.HashOf(outcome.DecisionId));
        return at < 0 ? null : OutcomeOf(memory, at, DecisionId.HashOf(outcome.Id));
    }

    private static RememberedOutcome? OutcomeOf(DecisionMemory memory, int at, ulong id)
    {
        foreach (ref readonly var known in memory.OutcomesOf(at))
        {
            if (known.Id == id)
                return known;
        }

        return null;
    }

    /// <summary>The offer that an outcome is about; null where the decision at a place did not rank its action.</summary>
    internal static RememberedOffer? OfferOf(DecisionMemory memory, int at, ulong actionId)
    {
        foreach (ref readonly var offer in memory.OffersOf(at))
        {
            if (offer.Action != 0 && offer.ActionId == actionId)
                return offer;
        }

        return null;
    }

    private static OutcomeCredit CreditOf(DecisionMemory memory, int at, OutcomeEntry entry, long nowMicros, out RememberedOffer? offer)
    {
        offer = null;
        if (at < 0)
        {
            bool isOld = DecisionId.TryParse(entry.Decision, out var id)
                && (id.AtMicros <= memory.ForgottenAt || nowMicros - id.AtMicros > DecisionLimits.OutcomeMicros);
            return isOld ? OutcomeCredit.DecisionTooOld : OutcomeCredit.DecisionLost;
        }

        var decision = memory.Decisions[at];
        offer = OfferOf(memory, at, entry.ActionId);
        if (decision.Mode == DecisionMode.DryRun)
            return OutcomeCredit.DryRun;
        if (offer is null)
            return OutcomeCredit.NotOffered;
        if (OutcomeOf(memory, at, entry.Id) is not null)
            return OutcomeCredit.Duplicate;
        if (nowMicros - decision.At > DecisionLimits.OutcomeMicros)
            return OutcomeCredit.DecisionTooOld;
        return decision.Outcomes >= DecisionLimits.Outcomes ? OutcomeCredit.TooMany : OutcomeCredit.Credited;
    }

    /// <summary>What the outcomes of the decision at a place say of an action, with one more or without.</summary>
    private static Evidence EvidenceOf(DecisionMemory memory, int at, uint action, OutcomeEntry? more = null)
    {
        var sum = default(OutcomeSum);
        foreach (ref readonly var known in memory.OutcomesOf(at))
        {
            if (known.Action == action)
                sum.Add(known.Kind, known.Value);
        }

        if (more is not null)
            sum.Add(more.Kind, more.HasValue ? more.Value : null);
        return sum.ToEvidence(memory.Decisions[at].Success);
    }

    /// <summary>What a set of outcomes of one action in one decision comes to.</summary>
    private struct OutcomeSum
    {
        private int _kinds;
        private long _converted;
        private long _returned;
        private bool _isAllReturned;

        public void Add(OutcomeKind kind, long? value)
        {
            _kinds |= 1 << (int)kind;
            if (kind == OutcomeKind.Converted)
                _converted += value ?? 0;
            else if (kind == OutcomeKind.Returned && value is { } part)
                _returned += part;
            else if (kind == OutcomeKind.Returned)
                _isAllReturned = true;
        }

        public readonly Evidence ToEvidence(OutcomeKind success)
        {
            if (_kinds == 0)
                return default;

            // What was given back was no conversion, and brought nothing.
            bool isUndone = _isAllReturned || (Has(OutcomeKind.Returned) && _returned >= _converted);
            long value = isUndone ? 0 : _converted - _returned;
            bool succeeded = Has(success) && !(success == OutcomeKind.Converted && isUndone);
            return new Evidence(1, succeeded ? 1 : 0, value, (Int128)value * value);
        }

        private readonly bool Has(OutcomeKind kind) => (_kinds & (1 << (int)kind)) != 0;
    }
}
