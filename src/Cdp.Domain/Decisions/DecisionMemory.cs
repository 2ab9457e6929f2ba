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
        _uses.Insert(0, [.. state.Caps.Select(use => new RememberedUse(use.Action, use.Decision, use.ReservedUntil, use.ShownAt, use.PeriodSeconds))]);
        _decisions.Insert(0, [.. state.Open.Select(open => new RememberedDecision(open.At, open.Decision, open.ReservedUntil, open.Placement, open.Mode, open.Success)
        {
            Offers = open.Offers.Count, Outcomes = open.Outcomes.Count,
        })]);
        _offers.Insert(0, [.. state.Open.SelectMany(open => open.Offers).Select(RememberedOffer.Of)]);
        _outcomes.Insert(0, [.. state.Open.SelectMany(open => open.Outcomes).Select(RememberedOutcome.Of)]);
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
    internal ReadOnlySpan<RememberedOffer> OffersOf(int at) => _offers.Items.Slice(FirstOffer(at), Decisions[at].Offers);

    /// <summary>The outcomes of the decision at a place, by id.</summary>
    internal ReadOnlySpan<RememberedOutcome> OutcomesOf(int at) => _outcomes.Items.Slice(FirstOutcome(at), Decisions[at].Outcomes);

    /// <summary>Adds a decision in its place; its numbers of offers and outcomes are those that are given.</summary>
    internal void Add(RememberedDecision decision, ReadOnlySpan<RememberedOffer> offers, ReadOnlySpan<RememberedOutcome> outcomes)
    {
        int at = Decisions.Length;
        while (at > 0 && (Decisions[at - 1].At, Decisions[at - 1].Decision).CompareTo((decision.At, decision.Decision)) > 0)
            at--;
        _offers.Insert(FirstOffer(at), offers);
        _outcomes.Insert(FirstOutcome(at), outcomes);
        _decisions.Insert(at, decision with { Offers = offers.Length, Outcomes = outcomes.Length });
    }

    /// <summary>Adds an outcome to the decision at a place, unless it has one of that id.</summary>
    internal void Add(int at, RememberedOutcome outcome)
    {
        int first = FirstOutcome(at);
        int place = first;
        int end = first + Decisions[at].Outcomes;
        while (place < end && _outcomes.Items[place].Id < outcome.Id)
            place++;
        if (place < end && _outcomes.Items[place].Id == outcome.Id)
            return;
        _outcomes.Insert(place, outcome);
        _decisions.Items[at] = Decisions[at] with { Outcomes = Decisions[at].Outcomes + 1 };
    }

    /// <summary>Adds a use at a place.</summary>
    internal void Insert(int at, RememberedUse use) => _uses.Insert(at, use);

    /// <summary>Keeps of the uses those that are given.</summary>
    internal void Keep(ReadOnlySpan<RememberedUse> uses)
    {
        _uses.Clear();
        _uses.Insert(0, uses);
    }

    /// <summary>Forgets the oldest decisions.</summary>
    internal void RemoveOldest(int count)
    {
        if (count == 0)
            return;
        ForgottenAt = Math.Max(ForgottenAt, Decisions[count - 1].At);
        _offers.RemoveFirst(FirstOffer(count));
        _outcomes.RemoveFirst(FirstOutcome(count));
        _decisions.RemoveFirst(count);
    }

    private int FirstOffer(int at)
    {
        int first = 0;
        foreach (ref readonly var decision in Decisions[..at])
            first += decision.Offers;
        return first;
    }

    private int FirstOutcome(int at)
    {
        int first = 0;
        foreach (ref readonly var decision in Decisions[..at])
            first += decision.Outcomes;
        return first;
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
