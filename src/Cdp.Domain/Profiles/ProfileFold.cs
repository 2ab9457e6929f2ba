using Cdp.Domain.Consent;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Profiles;

/// <summary>
/// Folds events into a customer's profile state. The state is defined as the fold of all events in the canonical order;
/// absorbing them one by one as they arrive gives the same bytes, or says that it cannot.
/// </summary>
public static class ProfileFold
{
    /// <summary>Version of the rules. A state of another version is folded again.</summary>
    public const int Version = 7;

    /// <summary>
    /// Absorbs an event that the state does not hold yet. Changes <paramref name="state"/> in place and keeps parts of
    /// the event.
    /// </summary>
    /// <returns>
    /// False where the event cannot be absorbed exactly: the state is as it was, and the customer has to be folded again.
    /// Never false for an event that comes after all others in the canonical order.
    /// </returns>
    public static bool TryAbsorb(ProfileState state, in FoldEvent e, Definitions definitions)
    {
        var facts = EventFacts.Of(e.Event, definitions);
        bool isVisit = facts.Meaning.Role != EventRole.None;
        if (!TraitFold.CanAbsorb(state, e))
            return false;
        if (isVisit && !SessionFold.CanAbsorb(state, e.EffectiveAt, definitions.SessionPauseMicros))
            return false;
        var order = OrderFold.StandingOf(state, e, facts);
        if (order == OrderStanding.Unclear)
            return false;
        ActivityFold.Absorb(state, e, facts, definitions);
        if (isVisit)
            SessionFold.Absorb(state, e.EffectiveAt, definitions);
        RecentFold.Absorb(state, e);
        IdentifierFold.Absorb(state, e, definitions);
        ConsentFold.Absorb(state, e);
        TraitFold.Absorb(state, e);

        // What an order adds is added once.
        if (order == OrderStanding.Further)
            return true;
        OrderFold.Absorb(state, e, facts, order);
        MonetaryFold.Absorb(state, e, facts, definitions);
        InterestFold.Absorb(state, e, facts, definitions);
        ProductFold.Absorb(state, e, facts);
        return true;
    }

    /// <summary>
    /// Absorbs the state of another customer, made under the same definitions from other events. Changes
    /// <paramref name="into"/> in place; <paramref name="other"/> stays as it is.
    /// </summary>
    /// <returns>False where that is not exact: the state is as it was, and the union has to be folded again.</returns>
    public static bool TryAbsorbState(ProfileState into, ProfileState other, Definitions definitions)
    {
        if (!TraitMerge.CanMerge(into.Traits, other.Traits) || !OrderFold.CanMerge(into, other))
            return false;
        if (SessionFold.Merged(into, other, definitions) is not { } sessions)
            return false;
        ActivityFold.Absorb(into, other, definitions);
        OrderFold.Absorb(into, other);
        MonetaryFold.Absorb(into, other, definitions);
        into.Sessions.Clear();
        into.Sessions.Add(sessions.Sessions);
        into.OlderSessions = sessions.OlderSessions;
        into.OlderSessionsEnd = sessions.OlderSessionsEnd;
        RecentFold.Absorb(into, other);
        IdentifierFold.Absorb(into, other);
        ConsentFold.Absorb(into, other);
        InterestFold.Absorb(into, other);
        ProductFold.Absorb(into, other);
        TraitMerge.Merge(into, other);
        return true;
    }

    /// <summary>Folds events from nothing.</summary>
    /// <param name="events">The events in the canonical order (<see cref="CanonicalOrder"/>), each once.</param>
    /// <param name="definitions">The tenant's definitions.</param>
    /// <exception cref="ArgumentException">The events are not in the canonical order.</exception>
    public static ProfileState Fold(IEnumerable<FoldEvent> events, Definitions definitions)
    {
        var state = new ProfileState();
        foreach (var e in events)
        {
            if (!TryAbsorb(state, e, definitions))
                throw new ArgumentException("The events are not in the canonical order.", nameof(events));
        }

        return state;
    }
}
