using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>One part of a store in a directory of its own.</summary>
internal sealed class SqliteStorage<TStore>(TemporaryDirectory directory, SqliteStoreOptions options, Func<SqliteStore, TStore> part) : IStorage<TStore>
{
    private SqliteStore? _store;

    public TStore Store => part(_store ?? throw new InvalidOperationException("The store is not open."));

    public static async ValueTask<IStorage<TStore>> NewAsync(SqliteStoreOptions options, Func<SqliteStore, TStore> part)
    {
        var storage = new SqliteStorage<TStore>(new TemporaryDirectory(), options, part);
        await storage.ReopenAsync();
        return storage;
    }

    public async ValueTask ReopenAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        _store = await SqliteStore.OpenAsync(directory.Path, options);
        Assert.Empty(_store.Recovery.Healed);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        directory.Dispose();
    }
}
