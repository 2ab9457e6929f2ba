using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows sweeps.</summary>
public interface IRefoldSweepGrain : IRefoldSweep, IGrainWithStringKey;

/// <summary>Hosts sweeps.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class RefoldSweepHost(IGrainContext context, IServiceProvider services) : GrainHost<IRefoldSweep>(context, services), IRefoldSweepGrain
{
    /// <inheritdoc/>
    public ValueTask<SweepReply> Sweep(SweepRequest request, CancellationToken cancellationToken) => Plain.Sweep(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SweepReply> GetProgress(SweepRequest request, CancellationToken cancellationToken) => Plain.GetProgress(request, cancellationToken);
}
