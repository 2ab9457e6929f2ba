using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Tenants;

/// <summary>A tenant's configuration: definitions, purposes, keys. Key: the tenant.</summary>
public interface ITenant
{
    /// <summary>Reads the configuration.</summary>
    [Interleaves]
    ValueTask<GetTenantConfigReply> GetConfig(GetTenantConfigRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the actions and placements as they were at a version.</summary>
    [Interleaves]
    ValueTask<ReadDefinitionsReply> ReadDefinitions(ReadDefinitionsRequest request, CancellationToken cancellationToken);

    /// <summary>Makes one change, or says why not.</summary>
    ValueTask<ChangeTenantReply> Change(ChangeTenantRequest request, CancellationToken cancellationToken);
}

/// <summary>The ids of all tenants. Key: <c>tenants</c>.</summary>
public interface ITenantDirectory
{
    /// <summary>Lists them.</summary>
    [Interleaves]
    ValueTask<ListTenantIdsReply> List(ListTenantIdsRequest request, CancellationToken cancellationToken);

    /// <summary>Adds one.</summary>
    ValueTask<AddTenantIdReply> Add(AddTenantIdRequest request, CancellationToken cancellationToken);

    /// <summary>Takes one out.</summary>
    ValueTask<RemoveTenantIdReply> Remove(RemoveTenantIdRequest request, CancellationToken cancellationToken);
}
