using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Decisions;

/// <summary>One decision for a visitor who is no customer, and what became of it. Key: <c>tenant/id of the decision</c>.</summary>
public interface IVisitorDecision
{
    /// <summary>Decides. Durable when it returns.</summary>
    ValueTask<DecideVisitorReply> Decide(DecideVisitorRequest request, CancellationToken cancellationToken);

    /// <summary>Takes outcomes of the decision in. Durable when it returns; taking one again changes nothing.</summary>
    ValueTask<ApplyOutcomesReply> Apply(ApplyOutcomesRequest request, CancellationToken cancellationToken);

    /// <summary>Reads what outcomes changed.</summary>
    [Interleaves]
    ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the decision's entry.</summary>
    [Interleaves]
    ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken);
}
