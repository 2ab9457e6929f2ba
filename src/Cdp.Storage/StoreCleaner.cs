using Cdp.Grains.Ports;

namespace Cdp.Storage;

/// <summary>Clears a store's files.</summary>
public sealed class StoreCleaner(IStore store) : IStoreCleaner
{
    /// <inheritdoc/>
    public Task CleanAsync(CancellationToken cancellationToken) => store.Maintenance.ForgetAsync(cancellationToken);
}
