using Cdp.Grains.V1;

namespace Cdp.Grains.Hosting;

/// <summary>Hands over the log's events, in order and from any position.</summary>
public interface IPartitionFeed
{
    /// <summary>The next batch of a partition; empty when none came within <paramref name="patience"/>.</summary>
    ValueTask<DeliverRequest> NextAsync(int partition, long from, int most, TimeSpan patience, CancellationToken cancellationToken);
}
