using Cdp.Grains.Audit;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows tenants' audit logs.</summary>
public interface IAuditGrain : IAudit, IGrainWithStringKey;

/// <summary>Hosts tenants' audit logs.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class AuditHost(IGrainContext context, IServiceProvider services) : GrainHost<IAudit>(context, services), IAuditGrain
{
    /// <inheritdoc/>
    public ValueTask<AppendAuditReply> Append(AppendAuditRequest request, CancellationToken cancellationToken) => Plain.Append(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadAuditReply> Read(ReadAuditRequest request, CancellationToken cancellationToken) => Plain.Read(request, cancellationToken);
}
