using Cdp.Grains.Decisions;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows decisions for visitors.</summary>
public interface IVisitorDecisionGrain : IVisitorDecision, IGrainWithStringKey;

/// <summary>Hosts decisions for visitors.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class VisitorDecisionHost(IGrainContext context, IServiceProvider services) : GrainHost<IVisitorDecision>(context, services), IVisitorDecisionGrain
{
    /// <inheritdoc/>
    public ValueTask<DecideVisitorReply> Decide(DecideVisitorRequest request, CancellationToken cancellationToken) => Plain.Decide(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ApplyOutcomesReply> Apply(ApplyOutcomesRequest request, CancellationToken cancellationToken) => Plain.Apply(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken) => Plain.ReadCredits(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken) => Plain.ReadDecision(request, cancellationToken);
}
