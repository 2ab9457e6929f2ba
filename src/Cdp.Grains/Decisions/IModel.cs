using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Decisions;

/// <summary>What is learned of the actions in one placement. Key: <c>tenant/number of the placement</c>.</summary>
public interface IModel
{
    /// <summary>Takes effects of outcomes in. Durable when it returns; what it holds already is told by its marks and counts once.</summary>
    ValueTask<LearnReply> Learn(LearnRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the model as it was at a version.</summary>
    [Interleaves]
    ValueTask<ReadModelReply> Read(ReadModelRequest request, CancellationToken cancellationToken);
}
