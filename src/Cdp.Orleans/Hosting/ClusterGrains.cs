using Cdp.Grains.Ports;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Hosting;

/// <summary>Reaches grains of the cluster.</summary>
/// <param name="hosting">The kinds.</param>
/// <param name="grains">Orleans' references.</param>
/// <param name="caller">The kind that calls; null: no grain, which may call every kind.</param>
/// <param name="isOutside">Whether calls come from outside, and are refused when the silo stops.</param>
internal sealed class ClusterGrains(GrainHosting hosting, IGrainFactory grains, PlainType? caller, bool isOutside = false) : IGrains
{
    /// <inheritdoc/>
    public TGrain Get<TGrain>(string key)
        where TGrain : class
    {
        if (isOutside && hosting.IsStopping) throw new GrainUnavailableException("The silo is stopping and takes no more calls; send the call again to another.");
        if (caller?.Calls.Contains(typeof(TGrain)) == false) throw new InvalidOperationException($"Calls go one way: a {caller.Kind} grain may not call {typeof(TGrain).Name}.");
        return hosting.Get<TGrain>(grains, key);
    }
}
