using Cdp.StorageContract;

namespace Cdp.Storage.Postgres.Tests;

/// <summary>One part of a store in a schema of its own.</summary>
internal sealed class PostgresStorage<TStore>(string database, PostgresStoreOptions options, Func<PostgresStore, TStore> part) : IStorage<TStore>
{
    private PostgresStore? _store;

    public TStore Store => part(_store ?? throw new InvalidOperationException("The store is not open."));

    public static async ValueTask<IStorage<TStore>> NewAsync(Databases databases, PostgresStoreOptions options, Func<PostgresStore, TStore> part)
    {
        var storage = new PostgresStorage<TStore>(databases.Database, await databases.NewStoreAsync(options), part);
        await storage.ReopenAsync();
        return storage;
    }

    public async ValueTask ReopenAsync()
    {
        await DisposeAsync();
        _store = await PostgresStore.OpenAsync(database, options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
    }
}
