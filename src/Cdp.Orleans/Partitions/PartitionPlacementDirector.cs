using System.Globalization;
using Orleans.Runtime.Placement;

namespace Cdp.Orleans.Partitions;

/// <summary>Makes a partition's grain on the partition's silo.</summary>
/// <param name="homes">Knows which it is.</param>
internal sealed class PartitionPlacementDirector(PartitionHomes homes) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        // What Orleans and the homes know of the members may differ for a moment: the grain moves later.
        var silos = context.GetCompatibleSilos(target);
        var home = homes.Of(int.Parse(target.GrainIdentity.Key.ToString()!, NumberStyles.None, CultureInfo.InvariantCulture));
        return Task.FromResult(home is not null && silos.Contains(home) ? home : silos[Random.Shared.Next(silos.Length)]);
    }
}
