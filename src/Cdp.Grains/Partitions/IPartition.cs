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

    /// <summary>Looks for an event by its id among records of the log, as far as one call may.</summary>
    [Interleaves]
    ValueTask<FindEventReply> FindEvent(FindEventRequest request, CancellationToken cancellationToken);

    /// <summary>Reads a page of a tenant's dead letters, in the order in which they were found; one may come twice.</summary>
    [Interleaves]
    ValueTask<ReadDeadLettersReply> ReadDeadLetters(ReadDeadLettersRequest request, CancellationToken cancellationToken);

    /// <summary>Reads single dead letters.</summary>
    [Interleaves]
    ValueTask<GetDeadLettersReply> GetDeadLetters(GetDeadLettersRequest request, CancellationToken cancellationToken);

    /// <summary>Notes that dead letters were published anew.</summary>
    [Interleaves]
    ValueTask<SettleDeadLettersReply> SettleDeadLetters(SettleDeadLettersRequest request, CancellationToken cancellationToken);

    /// <summary>Reads how often a tenant's events broke schemas.</summary>
    [Interleaves]
    ValueTask<ReadSchemaBreachesReply> ReadSchemaBreaches(ReadSchemaBreachesRequest request, CancellationToken cancellationToken);

    /// <summary>Waits for events of a tenant that are applied or buried. Remembers them while somebody asks, within bounds.</summary>
    [Interleaves]
    ValueTask<TailReply> Tail(TailRequest request, CancellationToken cancellationToken);
}
