using Cdp.Domain.Tenants;

namespace Cdp.Grains.Ports;

/// <summary>The node's cache of tenants' definitions.</summary>
public interface IDefinitions
{
    /// <summary>The cached definitions of a tenant, or null when they have to be read.</summary>
    Definitions? Find(string tenant);

    /// <summary>The newest definitions known to this node, or null for an unknown tenant. Completes at once when cached.</summary>
    ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken);
}
