using Cdp.Grains.Hosting;
using Cdp.State.V1;
using Orleans.Services;

namespace Cdp.Orleans.Caches;

/// <summary>Tells a silo what another has changed, so that its caches are not older than need be.</summary>
public interface ISiloNews : IGrainService
{
    /// <summary>A tenant's configuration is durable.</summary>
    ValueTask ConfigChanged(TenantConfig config);

    /// <summary>A model learned.</summary>
    /// <param name="tenant">Whose model.</param>
    /// <param name="state">What it is now.</param>
    ValueTask ModelLearned(string tenant, ModelState state);
}

/// <summary>Takes news in; one on each silo.</summary>
/// <param name="id">Its address.</param>
/// <param name="silo">The silo.</param>
/// <param name="loggers">Where it reports.</param>
/// <param name="definitions">The silo's definitions.</param>
/// <param name="models">The silo's models.</param>
public sealed class SiloNews(GrainId id, Silo silo, Microsoft.Extensions.Logging.ILoggerFactory loggers, DefinitionsCache definitions, ModelsCache models)
    : GrainService(id, silo, loggers), ISiloNews
{
    /// <inheritdoc/>
    public ValueTask ConfigChanged(TenantConfig config)
    {
        definitions.Changed(config);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask ModelLearned(string tenant, ModelState state)
    {
        models.Learned(tenant, state);
        return default;
    }
}
