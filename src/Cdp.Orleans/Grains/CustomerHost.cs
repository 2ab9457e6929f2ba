using Cdp.Grains.Customers;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using Orleans.Placement;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows customers.</summary>
public interface ICustomerGrain : ICustomer, IGrainWithStringKey;

/// <summary>Hosts customers, mostly beside the partition that hands them their first event: docs/decisions/0014-placement.md.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
[PreferLocalPlacement]
public sealed class CustomerHost(IGrainContext context, IServiceProvider services) : GrainHost<ICustomer>(context, services), ICustomerGrain
{
    /// <inheritdoc/>
    public ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken) => Plain.Apply(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken) => Plain.ReadProfile(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken) => Plain.ReadConsents(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken) => Plain.ReadEvents(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken) => Plain.TraceEvent(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken) => Plain.Seal(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken) => Plain.Absorb(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken) => Plain.EraseState(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken) => Plain.Refold(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateMembershipReply> StateMembership(StateMembershipRequest request, CancellationToken cancellationToken) => Plain.StateMembership(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadMembershipReply> ReadMembership(ReadMembershipRequest request, CancellationToken cancellationToken) => Plain.ReadMembership(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DecideCustomerReply> Decide(DecideCustomerRequest request, CancellationToken cancellationToken) => Plain.Decide(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken) => Plain.ReadDecision(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadDecisionsReply> ReadDecisions(ReadDecisionsRequest request, CancellationToken cancellationToken) => Plain.ReadDecisions(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken) => Plain.ReadCredits(request, cancellationToken);
}
