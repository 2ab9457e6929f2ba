using Cdp.Domain.Expressions;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Decisions;

/// <summary>A call for a decision.</summary>
/// <param name="Id">The decision's.</param>
/// <param name="Seed">Of what is drawn: random, and never used twice.</param>
/// <param name="Purpose">A declared purpose.</param>
public readonly record struct DecisionCall(DecisionId Id, ulong Seed, string Purpose)
{
    /// <summary>Whether it counts.</summary>
    public DecisionMode Mode { get; init; }

    /// <summary>What the caller asks for. A capped action is reserved durably all the same.</summary>
    public DecisionConsistency Consistency { get; init; }

    /// <summary>Most ranks; 0, or more than the placement has: as many as that.</summary>
    public int Slots { get; init; }

    /// <summary>Leaves removed actions out of the response.</summary>
    public bool OmitRemoved { get; init; }

    /// <summary>Has the propensity of the first rank told.</summary>
    public bool WithPropensity { get; init; }

    /// <summary>The customer is being folded again.</summary>
    public bool IsStale { get; init; }
}

/// <summary>A decision: what is kept of it, and what is answered.</summary>
/// <param name="Entry">What the customer's history holds. Not to be changed.</param>
/// <param name="Response">The answer. Not to be changed.</param>
/// <param name="Encoded">Its bytes.</param>
public sealed record Decision(DecisionEntry Entry, DecideResponse Response, ReadOnlyMemory<byte> Encoded)
{
    /// <summary>Whether the entry has to be durable before the answer goes out: it was asked for, or caps are reserved.</summary>
    public bool IsSync => Entry.Consistency == DecisionConsistency.Sync;
}

/// <summary>
/// Decides: who may get what follows from the customer, the call and the caps; which of that goes first, from what is
/// believed to bring most. A pure function that takes time with the number of actions.
/// </summary>
public static class Decider
{
    private const int MostOnStack = 2_048;

    /// <summary>Decides.</summary>
    /// <param name="model">The placement, under the present definitions.</param>
    /// <param name="call">The call.</param>
    /// <param name="subject">
    /// The customer, or an empty state for a visitor of whom nothing is known; the time; and the call's facts, whose channel
    /// is the placement's.
    /// </param>
    /// <param name="remembered">What the customer remembers of its decisions; not changed. Null for a visitor: no cap holds.</param>
    public static Decision Decide(PlacementModel model, in DecisionCall call, in Subject subject, DecisionMemory? remembered)
    {
        int count = model.Set.Actions.Count;
        var removals = count <= MostOnStack ? stackalloc Removal[count] : new Removal[count];
        Screen(model, call.Purpose, subject, remembered, removals);
        int slots = model.Placement.Slots;
        var entry = new DecisionEntry
        {
            Id = call.Id.ToString(),
            At = subject.NowMicros,
            Definitions = model.Set.Version,
            Placement = model.Placement.Number,
            Model = model.Version,
            Seed = call.Seed,
            Mode = call.Mode == DecisionMode.Unspecified ? DecisionMode.Live : call.Mode,
            Consistency = call.Consistency == DecisionConsistency.Sync ? DecisionConsistency.Sync : DecisionConsistency.Async,
            Slots = call.Slots <= 0 ? slots : Math.Min(call.Slots, slots),
            OmitRemoved = call.OmitRemoved,
            WithPropensity = call.WithPropensity,
            Stale = call.IsStale,
        };
        return Receipt.Write(model, entry, call.Id.Customer, removals);
    }

    /// <summary>What removes each action.</summary>
    internal static void Screen(PlacementModel model, string purpose, in Subject subject, DecisionMemory? remembered, Span<Removal> removals)
    {
        var actions = model.Set.Actions;
        model.Set.Screen(model.Placement, purpose).CopyTo(removals);
        model.Set.Consents.Screen(purpose, model.Placement.Definition.Channel, subject, removals);
        var conditions = model.Set.Conditions;
        var answers = conditions.Count <= MostOnStack ? stackalloc Answer[conditions.Count] : new Answer[conditions.Count];
        answers.Clear();
        bool isFull = remembered is not null && CapLedger.IsFull(remembered, subject.NowMicros);
        for (int i = 0; i < removals.Length; i++)
        {
            if (removals[i] != Removal.None)
                continue;
            var action = actions[i];
            removals[i] = action.Screen(subject.NowMicros);
            if (removals[i] == Removal.None)
                removals[i] = conditions.Screen(i, subject, answers);
            if (removals[i] == Removal.None && remembered is not null && action.Definition.Cap is { } cap
                && (isFull || CapLedger.Used(remembered, action.Number, subject.NowMicros) >= cap.MaxShown))
            {
                removals[i] = Removal.Cap;
            }
        }
    }
}
