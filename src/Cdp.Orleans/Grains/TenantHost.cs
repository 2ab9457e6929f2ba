using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Orleans.Caches;
using Cdp.Orleans.Hosting;
using Microsoft.Extensions.DependencyInjection;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows tenants.</summary>
public interface ITenantGrain : ITenant, IGrainWithStringKey;

/// <summary>Hosts tenants.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class TenantHost(IGrainContext context, IServiceProvider services) : GrainHost<ITenant>(context, services), ITenantGrain
{
    private readonly SiloNewsClient _news = services.GetRequiredService<SiloNewsClient>();

    /// <inheritdoc/>
    public ValueTask<GetTenantConfigReply> GetConfig(GetTenantConfigRequest request, CancellationToken cancellationToken) => Plain.GetConfig(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadDefinitionsReply> ReadDefinitions(ReadDefinitionsRequest request, CancellationToken cancellationToken) => Plain.ReadDefinitions(request, cancellationToken);

    /// <summary>Makes one change; returns when every silo that can be reached works with it.</summary>
    public async ValueTask<ChangeTenantReply> Change(ChangeTenantRequest request, CancellationToken cancellationToken)
    {
        var reply = await Plain.Change(request, cancellationToken);
        if (reply.Config is not null) await _news.TellAsync(reply.Config);
        return reply;
    }
}
