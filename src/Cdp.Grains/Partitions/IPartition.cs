using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Partitions;

/// <summary>Applies one partition of the log, in order. Key: the partition's number.</summary>
public interface IPartition
{
    /// <summary>Says from which position the feed is to deliver.</summary>
    ValueTask<OpenReply> Open(OpenRequest request, CancellationToken cancellationToken);

    /// <summary>Takes a batch into the window of batches in flight; returns when there is room for the next.</summary>
    ValueTask<DeliverReply> Deliver(DeliverRequest request, CancellationToken cancellationToken);

    /// <summary>Waits until a position is applied.</summary>
    [Interleaves]
    ValueTask<WaitAppliedReply> WaitApplied(WaitAppliedRequest request, CancellationToken cancellationToken);

    /// <summary>Reads positions and counts.</summary>
    [Interleaves]
    ValueTask<GetPartitionStatusReply> GetStatus(GetPartitionStatusRequest request, CancellationToken cancellationToken);
}
