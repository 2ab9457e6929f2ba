using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows segments' shards.</summary>
public interface ISegmentGrain : ISegment, IGrainWithStringKey;

/// <summary>Hosts segments' shards.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class SegmentHost(IGrainContext context, IServiceProvider services) : GrainHost<ISegment>(context, services), ISegmentGrain
{
    /// <inheritdoc/>
    public ValueTask<MirrorMembershipsReply> Mirror(MirrorMembershipsRequest request, CancellationToken cancellationToken) => Plain.Mirror(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CountShardReply> Count(CountShardRequest request, CancellationToken cancellationToken) => Plain.Count(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ListShardReply> List(ListShardRequest request, CancellationToken cancellationToken) => Plain.List(request, cancellationToken);
}
