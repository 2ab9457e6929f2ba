using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Grains;

/// <summary>As Orleans knows tenants' identities.</summary>
public interface IIdentityGrain : IIdentity, IGrainWithStringKey;

/// <summary>Hosts tenants' identities.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
public sealed class IdentityHost(IGrainContext context, IServiceProvider services) : GrainHost<IIdentity>(context, services), IIdentityGrain
{
    /// <inheritdoc/>
    public ValueTask<DecideIdentityReply> Decide(DecideIdentityRequest request, CancellationToken cancellationToken) => Plain.Decide(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ConfirmCustomerReply> Confirm(ConfirmCustomerRequest request, CancellationToken cancellationToken) => Plain.Confirm(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EraseIdentityReply> Erase(EraseIdentityRequest request, CancellationToken cancellationToken) => Plain.Erase(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DescribeGroupReply> Describe(DescribeGroupRequest request, CancellationToken cancellationToken) => Plain.Describe(request, cancellationToken);
}
