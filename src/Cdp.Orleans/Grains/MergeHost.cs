using Cdp.Grains.Merges;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows merges.</summary>
public interface IMergeGrain : IMerge, IGrainWithStringKey;

/// <summary>Hosts merges.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class MergeHost(IGrainContext context, IServiceProvider services) : GrainHost<IMerge>(context, services), IMergeGrain
{
    /// <inheritdoc/>
    public ValueTask<RunMergeReply> Run(RunMergeRequest request, CancellationToken cancellationToken) => Plain.Run(request, cancellationToken);
}
