using Cdp.Grains.Decisions;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows models.</summary>
public interface IModelGrain : IModel, IGrainWithStringKey;

/// <summary>Hosts models.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class ModelHost(IGrainContext context, IServiceProvider services) : GrainHost<IModel>(context, services), IModelGrain
{
    /// <inheritdoc/>
    public ValueTask<LearnReply> Learn(LearnRequest request, CancellationToken cancellationToken) => Plain.Learn(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadModelReply> Read(ReadModelRequest request, CancellationToken cancellationToken) => Plain.Read(request, cancellationToken);
}
