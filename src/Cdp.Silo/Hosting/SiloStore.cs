using Cdp.Azure;
using Cdp.Azure.Log;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Storage;
using Cdp.Storage.Postgres;
using Cdp.Storage.Sqlite;

namespace Cdp.Silo.Hosting;

/// <summary>What a silo stands on, opened before the silo is put together and closed after it.</summary>
/// <param name="Opened">What was opened.</param>
/// <param name="Stores">The stores of the grains, some of which Orleans' providers keep.</param>
internal sealed record SiloStore(IAsyncDisposable Opened, Func<IServiceProvider, GrainStores> Stores) : IAsyncDisposable
{
    /// <summary>The hub whose records are pushed; null: the log is read.</summary>
    public EventHubAddress? Hub { get; init; }

    /// <summary>What is kept of tenants; null: with providers that cannot list it.</summary>
    public ITenantStore? Tenants { get; init; }

    /// <summary>Opens what the settings name.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static async Task<SiloStore> OpenAsync(SiloOptions options, CancellationToken cancellationToken)
    {
        var patience = TimeSpan.FromMilliseconds(options.AsyncWriteMilliseconds);
        if (options.Profile == SiloProfile.Postgres)
            return Of(await PostgresStore.OpenAsync(PostgresAddress.Parse(options.Postgres!), new PostgresStoreOptions { Alone = false, WritePatience = patience }, cancellationToken));
        if (options.EventHubs is { } hubs && options.Profile is SiloProfile.Azure or SiloProfile.AzureLocal)
        {
            var address = new EventHubAddress(hubs, options.EventHub, options.ConsumerGroup);
            var log = await EventHubLog.OpenAsync(address, cancellationToken);
            return new SiloStore(log, services => AzureStores.Of(services, log)) { Hub = address };
        }

        var store = await SqliteStore.OpenAsync(options.DataDirectory, new SqliteStoreOptions { Partitions = options.Partitions, WritePatience = patience });
        return options.Profile == SiloProfile.AzureLocal ? new SiloStore(store, services => AzureStores.Of(services, store.Log)) : Of(store);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Opened.DisposeAsync();

    private static SiloStore Of(IStore store)
    {
        var stores = new GrainStores(store.Log, store.State, store.History, store.Customers);
        return new SiloStore(store, _ => stores) { Tenants = new StoreTenants(store) };
    }
}
