using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows identity links.</summary>
public interface IIdentityLinkGrain : IIdentityLink, IGrainWithStringKey;

/// <summary>Hosts identity links.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class IdentityLinkHost(IGrainContext context, IServiceProvider services) : GrainHost<IIdentityLink>(context, services), IIdentityLinkGrain
{
    /// <inheritdoc/>
    public ValueTask<ResolveLinkReply> Resolve(ResolveLinkRequest request, CancellationToken cancellationToken) => Plain.Resolve(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PointLinkReply> Point(PointLinkRequest request, CancellationToken cancellationToken) => Plain.Point(request, cancellationToken);
}
