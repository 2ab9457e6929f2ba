using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows the directory of tenants.</summary>
public interface ITenantDirectoryGrain : ITenantDirectory, IGrainWithStringKey;

/// <summary>Hosts the directory of tenants.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class TenantDirectoryHost(IGrainContext context, IServiceProvider services) : GrainHost<ITenantDirectory>(context, services), ITenantDirectoryGrain
{
    /// <inheritdoc/>
    public ValueTask<ListTenantIdsReply> List(ListTenantIdsRequest request, CancellationToken cancellationToken) => Plain.List(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AddTenantIdReply> Add(AddTenantIdRequest request, CancellationToken cancellationToken) => Plain.Add(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RemoveTenantIdReply> Remove(RemoveTenantIdRequest request, CancellationToken cancellationToken) => Plain.Remove(request, cancellationToken);
}
