using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Bench.Cluster.Silos;

/// <summary>Answers what a customer would, and does nothing for it.</summary>
public interface IEchoGrain : IGrainWithStringKey
{
    /// <summary>Answers a profile that is always the same.</summary>
    ValueTask<ReadProfileReply> Read(ReadProfileRequest request);

    /// <summary>Takes events.</summary>
    ValueTask<PublishEventsResponse> Publish(PublishEventsRequest request);
}
