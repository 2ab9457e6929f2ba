using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Customers;

/// <summary>One customer: its history, the fold of it, and the views of it. Key: <c>tenant/customer-id</c>.</summary>
public interface ICustomer
{
    /// <summary>Appends the events that are new to the history and folds them. Returns when they are durable there.</summary>
    ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the profile as a purpose may see it.</summary>
    [Interleaves]
    ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken);

    /// <summary>Reads what the customer said of consent.</summary>
    [Interleaves]
    ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken);

    /// <summary>Reads events, newest first.</summary>
    [Interleaves]
    ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken);

    /// <summary>Looks for an event and works out what it changed.</summary>
    [Interleaves]
    ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken);

    /// <summary>Ends the history in favour of another customer. Sealing again returns the same reply.</summary>
    ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken);

    /// <summary>Takes in a sealed customer's history. Absorbing again changes nothing.</summary>
    ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the customer: every call from then on answers that nobody is here, and nothing brings it back. Its history is left
    /// to the caller. Again: removes what is left.
    /// </summary>
    ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken);

    /// <summary>Folds the whole history again (or not, if asked so) and returns the digest of the state.</summary>
    ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// States all segments that the customer is in, for whoever does not know what was heard of earlier statements. A
    /// merged customer is in none.
    /// </summary>
    ValueTask<StateMembershipReply> StateMembership(StateMembershipRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the segments that the customer is in, and why it is in one of them or not.</summary>
    [Interleaves]
    ValueTask<ReadMembershipReply> ReadMembership(ReadMembershipRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Decides what the customer is offered at one placement or several, and appends the decisions to its history. Durable when
    /// it returns where a decision is SYNC; mints, links and folds nothing. Reads the profile in the same turn where that is asked.
    /// </summary>
    ValueTask<DecideCustomerReply> Decide(DecideCustomerRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the entry of a decision in the customer's own history; also of a merged customer.</summary>
    [Interleaves]
    ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken);

    /// <summary>Reads decisions, newest first.</summary>
    [Interleaves]
    ValueTask<ReadDecisionsReply> ReadDecisions(ReadDecisionsRequest request, CancellationToken cancellationToken);

    /// <summary>Reads what outcomes changed that were applied.</summary>
    [Interleaves]
    ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken);
}
