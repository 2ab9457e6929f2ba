using Cdp.Grains.Customers;
using Cdp.Grains.V1;

namespace Cdp.Grains.Tests.Partitions;

/// <summary>A customer as a partition sees it: it applies, and nothing else is asked of it.</summary>
internal abstract class ApplyingCustomer : ICustomer
{
    public abstract ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken);

    public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<StateMembershipReply> StateMembership(StateMembershipRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReadMembershipReply> ReadMembership(ReadMembershipRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<DecideCustomerReply> Decide(DecideCustomerRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReadDecisionsReply> ReadDecisions(ReadDecisionsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
}
