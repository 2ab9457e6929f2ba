using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Decisions;

/// <summary>A showing of a capped action, or its reservation: see <see cref="CapUse"/>.</summary>
internal record struct RememberedUse(uint Action, ulong Decision, long ReservedUntil, long ShownAt, long PeriodSeconds);

/// <summary>A decision whose outcomes still count: see <see cref="OpenDecision"/>.</summary>
internal readonly record struct RememberedDecision(long At, ulong Decision, long ReservedUntil, uint Placement, DecisionMode Mode, OutcomeKind Success)
{
    /// <summary>How many offers it has.</summary>
    public int Offers { get; init; }

    /// <summary>How many of its outcomes count.</summary>
    public int Outcomes { get; init; }
}

/// <summary>What a decision offered: see <see cref="DecisionOffer"/>.</summary>
/// <param name="ActionId">Hash of the action's id.</param>
/// <param name="Action">The action's number.</param>
/// <param name="CapPeriodSeconds">At most <see cref="DecisionLimits.CapPeriodSeconds"/>, or <see cref="NoCap"/>.</param>
internal readonly record struct RememberedOffer(ulong ActionId, uint Action, int CapPeriodSeconds)
{
    public const int NoCap = -1;

    public static RememberedOffer Of(DecisionOffer offer) =>
        new(offer.ActionId, offer.Action, offer.HasCapPeriodSeconds ? checked((int)offer.CapPeriodSeconds) : NoCap);
}

/// <summary>An outcome that counts: see <see cref="CountedOutcome"/>.</summary>
internal readonly record struct RememberedOutcome(ulong Id, uint Action, OutcomeKind Kind, long? Value, long At)
{
    public OutcomeCredit Credit { get; init; }

    public int Partition { get; init; }

    public long Position { get; init; }

    public static RememberedOutcome Of(CountedOutcome counted) => new(counted.Id, counted.Action, counted.Kind, counted.HasValue ? counted.Value : null, counted.At)
    {
        Credit = counted.Credit, Partition = counted.Partition, Position = counted.Position,
    };
}

/// <summary>
/// What a customer remembers of its decisions, as <see cref="DecisionState"/> keeps it, in a few arrays of plain numbers:
/// a hundred thousand customers who are decided for hold no objects that the garbage collector would have to visit.
/// <see cref="DecisionFold"/> fills it. Not safe for concurrent use.
/// </summary>
public sealed class DecisionMemory
{
    private Packed<RememberedUse> _uses;
    private Packed<RememberedDecision> _decisions;

    // Those of the first decision, then those of the second.
    private Packed<RememberedOffer> _offers;
    private Packed<RememberedOutcome> _outcomes;

    /// <summary>Remembers nothing.</summary>
    public DecisionMemory()
    {
    }

    /// <summary>Remembers what was kept.</summary>
    public DecisionMemory(DecisionState state)
    {
        ForgottenAt = state.ForgottenAt;
        _uses = new([.. state.Caps.Select(use => new RememberedUse(use.Action, use.Decision, use.ReservedUntil, use.ShownAt, use.PeriodSeconds))]);
        _decisions = new([.. state.Open.Select(open => new RememberedDecision(open.At, open.Decision, open.ReservedUntil, open.Placement, open.Mode, open.Success)
        {
            Offers = open.Offers.Count, Outcomes = open.Outcomes.Count,
        })]);
        _offers = new([.. state.Open.SelectMany(open => open.Offers).Select(RememberedOffer.Of)]);
        _outcomes = new([.. state.Open.SelectMany(open => open.Outcomes).Select(RememberedOutcome.Of)]);
    }

    private DecisionMemory(DecisionMemory other)
    {
        (_uses, _decisions, _offers, _outcomes) = (other._uses.Clone(), other._decisions.Clone(), other._offers.Clone(), other._outcomes.Clone());
        ForgottenAt = other.ForgottenAt;
    }

    /// <summary>The newest decision that is not held any more, in microseconds since the epoch; 0: none was forgotten.</summary>
    public long ForgottenAt { get; internal set; }

    /// <summary>Whether it says nothing.</summary>
    public bool IsEmpty => Uses.IsEmpty && Decisions.IsEmpty && ForgottenAt == 0;

    /// <summary>Uses by (action, decision).</summary>
    internal Span<RememberedUse> Uses => _uses.Items;

    /// <summary>Decisions by (at, decision).</summary>
    internal ReadOnlySpan<RememberedDecision> Decisions => _decisions.Items;

    /// <summary>The same apart.</summary>
    public DecisionMemory Clone() => new(this);

    /// <summary>What is kept of it.</summary>
    public DecisionState ToState()
    {
        var state = new DecisionState { ForgottenAt = ForgottenAt };
        foreach (ref readonly var use in Uses)
        {
            state.Caps.Add(new CapUse
            {
                Action = use.Action, Decision = use.Decision, ReservedUntil = use.ReservedUntil, ShownAt = use.ShownAt, PeriodSeconds = use.PeriodSeconds,
            });
        }

        for (int at = 0; at < Decisions.Length; at++)
            state.Open.Add(ToOpen(at));
        return state;
    }

    /// <summary>Where a decision of a hash stands; negative: it is not remembered.</summary>
    internal int Find(ulong decision)
    {
        for (int at = 0; at < Decisions.Length; at++)
        {
            if (Decisions[at].Decision == decision)
                return at;
        }

        return -1;
    }

    /// <summary>What the decision at a place offered.</summary>
    internal ReadOnlySpan<RememberedOffer> OffersOf(int at) => _offers.Items.Slice(Before(at).Offers, Decisions[at].Offers);

    /// <summary>The outcomes of the decision at a place, by id.</summary>
    internal ReadOnlySpan<RememberedOutcome> OutcomesOf(int at) => _outcomes.Items.Slice(Before(at).Outcomes, Decisions[at].Outcomes);

    /// <summary>Adds a decision in its place; its numbers of offers and outcomes are those that are given.</summary>
    internal void Add(RememberedDecision decision, ReadOnlySpan<RememberedOffer> offers, ReadOnlySpan<RememberedOutcome> outcomes)
    {
        int at = Decisions.Length;
        while (at > 0 && (Decisions[at - 1].At, Decisions[at - 1].Decision).CompareTo((decision.At, decision.Decision)) > 0)
            at--;
        var before = Before(at);
        _offers.Insert(before.Offers, offers);
        _outcomes.Insert(before.Outcomes, outcomes);
        _decisions.Insert(at, decision with { Offers = offers.Length, Outcomes = outcomes.Length });
    }

    /// <summary>Adds an outcome to the decision at a place, unless it has one of that id.</summary>
    internal void Add(int at, RememberedOutcome outcome)
    {
        int place = Before(at).Outcomes;
        int end = place + Decisions[at].Outcomes;
        while (place < end && _outcomes.Items[place].Id < outcome.Id)
            place++;
        if (place < end && _outcomes.Items[place].Id == outcome.Id)
            return;
        _outcomes.Insert(place, outcome);
        _decisions.Items[at] = Decisions[at] with { Outcomes = Decisions[at].Outcomes + 1 };
    }

    /// <summary>Adds a use at a place.</summary>
    internal void Insert(int at, RememberedUse use) => _uses.Insert(at, use);

    /// <summary>Keeps the first of the uses.</summary>
    internal void KeepFirst(int uses) => _uses.KeepFirst(uses);

    /// <summary>Keeps of the uses those that are given.</summary>
    internal void Keep(RememberedUse[] uses) => _uses = new(uses);

    /// <summary>Forgets the oldest decisions.</summary>
    internal void RemoveOldest(int count)
    {
        if (count == 0)
            return;
        ForgottenAt = Math.Max(ForgottenAt, Decisions[count - 1].At);
        var before = Before(count);
        _offers.RemoveFirst(before.Offers);
        _outcomes.RemoveFirst(before.Outcomes);
        _decisions.RemoveFirst(count);
    }

    /// <summary>How many offers and outcomes the decisions before a place have.</summary>
    private (int Offers, int Outcomes) Before(int at)
    {
        var (offers, outcomes) = (0, 0);
        foreach (ref readonly var decision in Decisions[..at])
            (offers, outcomes) = (offers + decision.Offers, outcomes + decision.Outcomes);
        return (offers, outcomes);
    }

    private OpenDecision ToOpen(int at)
    {
        var decision = Decisions[at];
        var open = new OpenDecision
        {
            At = decision.At,
            Decision = decision.Decision,
            ReservedUntil = decision.ReservedUntil,
            Placement = decision.Placement,
            Mode = decision.Mode,
            Success = decision.Success,
        };
        foreach (ref readonly var offer in OffersOf(at))
        {
            var kept = new DecisionOffer { Action = offer.Action, ActionId = offer.ActionId };
            if (offer.CapPeriodSeconds != RememberedOffer.NoCap)
                kept.CapPeriodSeconds = offer.CapPeriodSeconds;
            open.Offers.Add(kept);
        }

        foreach (ref readonly var outcome in OutcomesOf(at))
        {
            var kept = new CountedOutcome
            {
                Id = outcome.Id, Action = outcome.Action, Kind = outcome.Kind, At = outcome.At,
                Credit = outcome.Credit, Partition = outcome.Partition, Position = outcome.Position,
            };
            if (outcome.Value is { } value)
                kept.Value = value;
            open.Outcomes.Add(kept);
        }

        return open;
    }
}
