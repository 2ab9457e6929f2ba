using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Segments;

/// <summary>
/// Who is in which segments, for one part of a tenant's customers: a mirror of what the customers state. Key:
/// <c>tenant/shard</c>, see <see cref="SegmentShards"/>.
/// </summary>
public interface ISegment
{
    /// <summary>Takes statements in. Durable when it returns; taking one again changes nothing.</summary>
    ValueTask<MirrorMembershipsReply> Mirror(MirrorMembershipsRequest request, CancellationToken cancellationToken);

    /// <summary>Counts the members of a segment in this shard.</summary>
    [Interleaves]
    ValueTask<CountShardReply> Count(CountShardRequest request, CancellationToken cancellationToken);

    /// <summary>Lists the members of a segment in this shard.</summary>
    [Interleaves]
    ValueTask<ListShardReply> List(ListShardRequest request, CancellationToken cancellationToken);
}
