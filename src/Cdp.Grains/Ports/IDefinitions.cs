using Cdp.Domain.Tenants;

namespace Cdp.Grains.Ports;

/// <summary>The node's cache of tenants' definitions.</summary>
public interface IDefinitions
{
    /// <summary>The cached definitions of a tenant, or null when they have to be read.</summary>
    Definitions? Find(string tenant);

    /// <summary>The newest definitions known to this node, or null for an unknown tenant. Completes at once when cached.</summary>
    ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken);

    /// <summary>Whether this node knows that nothing may be written for the tenant any more to which a key belongs: <c>tenant</c>, or <c>tenant/…</c>.</summary>
    bool IsSealed(ReadOnlySpan<char> key);
}
