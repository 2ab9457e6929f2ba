using Cdp.Domain.Decisions;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Grains.Decisions;

/// <summary>
/// Outcomes on their way into the history of their decisions: judged one after the other, each as if those before it were
/// appended. What it makes of the state counts once they are.
/// </summary>
/// <param name="remembered">What is remembered of the decisions; not changed. Null: nothing.</param>
/// <param name="currency">The tenant's.</param>
internal sealed class OutcomeIntake(DecisionMemory? remembered, string currency)
{
    /// <summary>What is remembered afterwards.</summary>
    public DecisionMemory Memory { get; } = remembered?.Clone() ?? new DecisionMemory();

    /// <summary>What models learn.</summary>
    public List<EvidenceDelta> Effects { get; } = [];

    /// <summary>Outcomes that stand in the history at the very places they came from: nobody knows whether their effects were heard of.</summary>
    public List<(int Partition, long Position)>? Redelivered { get; private set; }

    /// <summary>Outcomes whose decision is not remembered.</summary>
    public List<LogEntry>? Unknown { get; private set; }

    /// <summary>What an outcome changed.</summary>
    /// <param name="remembered">What is remembered of its decision.</param>
    /// <param name="entry">The outcome at its place in the log.</param>
    /// <param name="carried">Whether an event carries it, of which another copy may have been counted.</param>
    public static OutcomeCredit CreditOf(DecisionMemory remembered, LogEntry entry, bool carried) => carried
        ? OutcomeCredits.CreditOf(remembered, entry.Event.Outcome, entry.Event.ReceivedAt)
        : OutcomeCredits.CreditAt(remembered, entry.Event.Outcome, entry.Event.ReceivedAt, entry.Partition, entry.Position);

    /// <summary>Takes the next outcome.</summary>
    /// <returns>Its entry; null where it leaves no trace.</returns>
    public OutcomeEntry? Take(LogEntry entry)
    {
        var outcome = entry.Event.Outcome;
        long? value = outcome.Value is { } money && Amounts.TryRead(money, currency, out var scaled) ? scaled : null;
        var judged = OutcomeCredits.Judge(Memory, outcome, value, entry.Event.ReceivedAt);
        if (judged.Credit == OutcomeCredit.Duplicate && OutcomeCredits.IsCountedAt(Memory, outcome, entry.Partition, entry.Position))
            (Redelivered ??= []).Add((entry.Partition, entry.Position));
        if (OutcomeCredits.IsUnknown(judged.Credit)) (Unknown ??= []).Add(entry);
        if (!OutcomeCredits.IsKept(judged.Credit)) return null;
        (judged.Partition, judged.Position) = (entry.Partition, entry.Position);
        if (judged.Effect is { } effect)
        {
            effect.Position = entry.Position;
            Effects.Add(effect);
        }

        DecisionFold.Absorb(Memory, judged);
        return judged;
    }
}
