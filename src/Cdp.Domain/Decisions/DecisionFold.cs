using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>
/// What a customer remembers of its decisions, folded from its history: what is reserved and shown, and which outcomes of
/// which decisions counted.
/// </summary>
public static class DecisionFold
{
    private const int MostOnStack = DecisionLimits.Slots + 1;

    /// <summary>Absorbs a decision of the customer.</summary>
    public static void Absorb(DecisionMemory memory, DecisionEntry entry)
    {
        ulong hash = DecisionId.HashOf(entry.Id);
        var decision = new RememberedDecision(entry.At, hash, entry.ReservedUntil, entry.Placement, entry.Mode, entry.Success);
        int count = entry.Offers.Count;
        var offers = count <= MostOnStack ? stackalloc RememberedOffer[count] : new RememberedOffer[count];
        for (int i = 0; i < count; i++)
            offers[i] = RememberedOffer.Of(entry.Offers[i]);
        if (memory.Find(hash) < 0)
            memory.Add(decision, offers, []);
        foreach (ref readonly var offer in offers)
            Use(memory, decision, offer, shownAt: 0);
        Prune(memory, entry.At);
    }

    /// <summary>Absorbs an outcome, as <see cref="OutcomeCredits.Judge"/> wrote it.</summary>
    public static void Absorb(DecisionMemory memory, OutcomeEntry entry)
    {
        if (!OutcomeCredits.IsKept(entry.Credit)
            || memory.Find(DecisionId.HashOf(entry.Decision)) is var at && at < 0
            || OutcomeCredits.OfferOf(memory, at, entry.ActionId) is not { } offer)
        {
            return;
        }

        memory.Add(at, new RememberedOutcome(entry.Id, offer.Action, entry.Kind, entry.HasValue ? entry.Value : null, entry.At)
        {
            Credit = entry.Credit, Partition = entry.Partition, Position = entry.Position,
        });

        // Whatever became of it, it was shown with the first of its outcomes: one that comes when that showing no longer
        // counts is no other. Not before it was decided, whatever a clock says.
        long shownAt = long.MaxValue;
        foreach (ref readonly var outcome in memory.OutcomesOf(at))
        {
            if (outcome.Action == offer.Action)
                shownAt = Math.Min(shownAt, outcome.At);
        }

        var decision = memory.Decisions[at];
        Use(memory, decision, offer, Math.Max(shownAt, decision.At));
        Prune(memory, long.MinValue);
    }

    /// <summary>Absorbs what another customer remembers, who was merged into this one.</summary>
    public static void Absorb(DecisionMemory memory, DecisionMemory other)
    {
        foreach (ref readonly var use in other.Uses)
            CapLedger.Add(memory, use);
        for (int theirs = 0; theirs < other.Decisions.Length; theirs++)
        {
            int known = memory.Find(other.Decisions[theirs].Decision);
            if (known < 0)
            {
                memory.Add(other.Decisions[theirs], other.OffersOf(theirs), other.OutcomesOf(theirs));
                continue;
            }

            foreach (ref readonly var outcome in other.OutcomesOf(theirs))
                memory.Add(known, outcome);
        }

        memory.ForgottenAt = Math.Max(memory.ForgottenAt, other.ForgottenAt);
        Prune(memory, long.MinValue);
    }

    /// <summary>Drops what no longer counts. Changes nothing that is decided or credited at that time or later.</summary>
    public static void Prune(DecisionMemory memory, long nowMicros)
    {
        CapLedger.Prune(memory, nowMicros);
        int forgotten = TooMany(memory);
        while (forgotten < memory.Decisions.Length && nowMicros > memory.Decisions[forgotten].At + DecisionLimits.OutcomeMicros)
            forgotten++;
        memory.RemoveOldest(forgotten);
    }

    /// <summary>How many of the oldest decisions are more than a customer remembers.</summary>
    private static int TooMany(DecisionMemory memory)
    {
        int items = 0;
        int first = memory.Decisions.Length;
        while (first > Math.Max(0, memory.Decisions.Length - DecisionLimits.OpenDecisions))
        {
            items += memory.Decisions[first - 1].Offers + memory.Decisions[first - 1].Outcomes;
            if (items > DecisionLimits.OpenItems)
                break;
            first--;
        }

        return first;
    }

    private static void Use(DecisionMemory memory, in RememberedDecision decision, in RememberedOffer offer, long shownAt)
    {
        if (offer.CapPeriodSeconds != RememberedOffer.NoCap && decision.ReservedUntil != 0)
            CapLedger.Add(memory, new RememberedUse(offer.Action, decision.Decision, decision.ReservedUntil, shownAt, offer.CapPeriodSeconds));
    }
}
