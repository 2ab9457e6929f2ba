using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>
/// What a customer remembers of its decisions, folded from its history: what is reserved and shown, and which outcomes of
/// which decisions counted.
/// </summary>
public static class DecisionFold
{
    /// <summary>Absorbs a decision of the customer.</summary>
    public static void Absorb(DecisionState state, DecisionEntry entry)
    {
        var open = new OpenDecision
        {
            At = entry.At,
            Decision = DecisionId.HashOf(entry.Id),
            Placement = entry.Placement,
            Mode = entry.Mode,
            Success = entry.Success,
            ReservedUntil = entry.ReservedUntil,
            Offers = { entry.Offers },
        };
        if (Find(state, open.Decision) is null)
            Add(state, open);
        foreach (var offer in entry.Offers)
            Use(state, open, offer, shownAt: 0);
        Prune(state, entry.At);
    }

    /// <summary>Absorbs an outcome, as <see cref="OutcomeCredits.Judge"/> wrote it.</summary>
    public static void Absorb(DecisionState state, OutcomeEntry entry)
    {
        if (!OutcomeCredits.IsKept(entry.Credit)
            || Find(state, DecisionId.HashOf(entry.Decision)) is not { } open
            || OutcomeCredits.OfferOf(open, entry.ActionId) is not { } offer)
        {
            return;
        }

        var counted = new CountedOutcome
        {
            Id = entry.Id, Action = offer.Action, Kind = entry.Kind, At = entry.At,
            Credit = entry.Credit, Partition = entry.Partition, Position = entry.Position,
        };
        if (entry.HasValue)
            counted.Value = entry.Value;
        Add(open, counted);

        // Whatever became of it, it was shown with the first of its outcomes: one that comes when that showing no longer
        // counts is no other. Not before it was decided, whatever a clock says.
        long shownAt = open.Outcomes.Where(outcome => outcome.Action == offer.Action).Min(outcome => outcome.At);
        Use(state, open, offer, Math.Max(shownAt, open.At));
        Prune(state, long.MinValue);
    }

    /// <summary>Absorbs what another customer remembers, who was merged into this one.</summary>
    public static void Absorb(DecisionState state, DecisionState other)
    {
        foreach (var use in other.Caps)
            CapLedger.Add(state, use);
        foreach (var theirs in other.Open)
        {
            if (Find(state, theirs.Decision) is { } known)
            {
                foreach (var outcome in theirs.Outcomes)
                    Add(known, outcome);
            }
            else
            {
                Add(state, theirs.Clone());
            }
        }

        state.ForgottenAt = Math.Max(state.ForgottenAt, other.ForgottenAt);
        Prune(state, long.MinValue);
    }

    /// <summary>Drops what no longer counts. Changes nothing that is decided or credited at that time or later.</summary>
    public static void Prune(DecisionState state, long nowMicros)
    {
        CapLedger.Prune(state, nowMicros);
        int forgotten = TooMany(state);
        while (forgotten < state.Open.Count && nowMicros > state.Open[forgotten].At + DecisionLimits.OutcomeMicros)
            forgotten++;
        if (forgotten == 0)
            return;
        state.ForgottenAt = Math.Max(state.ForgottenAt, state.Open[forgotten - 1].At);
        var kept = state.Open.Skip(forgotten).ToList();
        state.Open.Clear();
        state.Open.AddRange(kept);
    }

    /// <summary>The decision of a hash, where its outcomes still count.</summary>
    internal static OpenDecision? Find(DecisionState state, ulong decision)
    {
        foreach (var open in state.Open)
        {
            if (open.Decision == decision)
                return open;
        }

        return null;
    }

    /// <summary>How many of the oldest decisions are more than a customer remembers.</summary>
    private static int TooMany(DecisionState state)
    {
        int items = 0;
        int first = state.Open.Count;
        while (first > Math.Max(0, state.Open.Count - DecisionLimits.OpenDecisions))
        {
            items += state.Open[first - 1].Offers.Count + state.Open[first - 1].Outcomes.Count;
            if (items > DecisionLimits.OpenItems)
                break;
            first--;
        }

        return first;
    }

    private static void Add(DecisionState state, OpenDecision open)
    {
        int at = Sorted.Find(state.Open, open, static (entry, key) =>
            entry.At != key.At ? entry.At.CompareTo(key.At) : entry.Decision.CompareTo(key.Decision));
        state.Open.Insert(at < 0 ? ~at : at, open);
    }

    private static void Add(OpenDecision open, CountedOutcome outcome)
    {
        int at = Sorted.Find(open.Outcomes, outcome.Id, static (known, id) => known.Id.CompareTo(id));
        if (at < 0)
            open.Outcomes.Insert(~at, outcome);
    }

    private static void Use(DecisionState state, OpenDecision open, DecisionOffer offer, long shownAt)
    {
        if (!offer.HasCapPeriodSeconds || open.ReservedUntil == 0)
            return;
        CapLedger.Add(state, new CapUse
        {
            Action = offer.Action,
            Decision = open.Decision,
            ReservedUntil = open.ReservedUntil,
            ShownAt = shownAt,
            PeriodSeconds = offer.CapPeriodSeconds,
        });
    }
}
