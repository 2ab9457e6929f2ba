using Cdp.Grains.V1;
using Cdp.V1;
using Orleans.Placement;

namespace Cdp.Bench.Cluster.Silos;

/// <summary>A grain that computes nothing, as Orleans places it when it knows nothing better.</summary>
/// <param name="reply">What it answers to reads.</param>
[RandomPlacement]
public sealed class EchoGrain(ReadProfileReply reply) : Grain, IEchoGrain
{
    /// <inheritdoc/>
    public ValueTask<ReadProfileReply> Read(ReadProfileRequest request) => new(reply);

    /// <inheritdoc/>
    public ValueTask<PublishEventsResponse> Publish(PublishEventsRequest request) => new(new PublishEventsResponse { Accepted = request.Events.Count });
}
