using Cdp.V1;

namespace Cdp.Grains.Ports;

/// <summary>Whatever is kept of a tenant, in one hand.</summary>
public interface ITenantStore
{
    /// <summary>
    /// Removes everything of a tenant but its configuration: states, histories, customer ids, and what its records in the log said.
    /// Nobody writes anything of it meanwhile. Doing it again ends what an earlier attempt left. When it returns, what was removed
    /// stands in no file any more, but for what the places say.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="logEnds">By partition, up to which position of the log.</param>
    /// <param name="cancellationToken">Gives up; what was removed stays so.</param>
    /// <returns>What was removed where.</returns>
    Task<IReadOnlyList<ErasedPlace>> RemoveAsync(string tenant, IReadOnlyList<long> logEnds, CancellationToken cancellationToken);
}
