using Cdp.Domain.Decisions;
using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Grains.Ports;

/// <summary>The node's cache of placements' models: immutable, ready to decide with.</summary>
public interface IModels
{
    /// <summary>A placement under the given definitions and the newest model known to this node. Completes at once when cached.</summary>
    ValueTask<PlacementModel> GetAsync(Definitions definitions, CompiledPlacement placement, CancellationToken cancellationToken);
}

/// <summary>Hears of a model that learned, so that the node decides with it at once.</summary>
public interface IModelsListener
{
    /// <summary>The version is durable.</summary>
    /// <param name="tenant">Whose model it is.</param>
    /// <param name="state">The model; never changed from now on.</param>
    void Learned(string tenant, ModelState state);
}
