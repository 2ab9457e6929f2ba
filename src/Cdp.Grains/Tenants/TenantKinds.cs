using Cdp.Grains.Partitions;

namespace Cdp.Grains.Tenants;

/// <summary>Kinds of states by whose they are.</summary>
public static class TenantKinds
{
    /// <summary>Kinds whose keys are not tenants' keys, though they may look so: partitions, the list of tenants, and what is left of a tenant.</summary>
    private static readonly HashSet<string> Common = new(StringComparer.Ordinal) { PartitionGrain.StateKind, TenantDirectoryGrain.StateKind, TenantGrain.StateKind };

    /// <summary>Whether the states of a kind are tenants': their keys are <c>tenant</c>, or <c>tenant/…</c>.</summary>
    public static bool AreTenants(string kind) => !Common.Contains(kind);
}
