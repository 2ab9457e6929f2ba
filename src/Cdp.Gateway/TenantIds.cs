using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;

namespace Cdp.Gateway;

/// <summary>The ids of all tenants.</summary>
internal static class TenantIds
{
    /// <summary>Lists them; one may be among them that is not made yet.</summary>
    public static async ValueTask<IReadOnlyList<string>> AllAsync(IGrains grains, CancellationToken cancellationToken) =>
        (await grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key).List(new ListTenantIdsRequest(), cancellationToken)).Tenants;
}
