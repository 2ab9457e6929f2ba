using Cdp.State.V1;

namespace Cdp.Domain.Tenants;

/// <summary>A tenant's configuration, compiled: immutable, shared by everything that works for the tenant on this node.</summary>
public sealed class Definitions
{
    /// <summary>Compiles a configuration.</summary>
    public Definitions(TenantConfig config)
    {
        Config = config;
    }

    /// <summary>The configuration it was made from. Never changed.</summary>
    public TenantConfig Config { get; }

    /// <summary>The tenant's id.</summary>
    public string Tenant => Config.Tenant.Id;

    /// <summary>Raised with every change of what a fold depends on.</summary>
    public long Version => Config.DefinitionsVersion;
}
