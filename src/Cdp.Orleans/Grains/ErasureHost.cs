using Cdp.Grains.Erasures;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows tenants' erasures.</summary>
public interface IErasureGrain : IErasure, IGrainWithStringKey;

/// <summary>Hosts tenants' erasures.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class ErasureHost(IGrainContext context, IServiceProvider services) : GrainHost<IErasure>(context, services), IErasureGrain
{
    /// <inheritdoc/>
    public ValueTask<EraseReply> Erase(EraseRequest request, CancellationToken cancellationToken) => Plain.Erase(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ResumeErasuresReply> Resume(ResumeErasuresRequest request, CancellationToken cancellationToken) => Plain.Resume(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadReceiptReply> ReadReceipt(ReadReceiptRequest request, CancellationToken cancellationToken) => Plain.ReadReceipt(request, cancellationToken);
}
