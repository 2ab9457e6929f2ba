using Cdp.Storage;

namespace Cdp.StorageContract;

/// <summary>What every store does for commands over the whole of it.</summary>
public abstract class MaintenanceContract
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new, empty store.</summary>
    protected abstract ValueTask<IStorage<IStore>> NewAsync();

    [Fact]
    public async Task Kinds_and_keys_are_listed_in_ordinal_order_page_by_page()
    {
        await using var storage = await NewAsync();
        string[] keys = ["b", "A", "_", "a/1", "a/10", "a/2", "ç", "Z", ""];
        foreach (var key in keys)
        {
            await storage.Store.State.WriteAsync("snapshot", key, Bytes.Of("s"), null, Token);
            await storage.Store.History.AppendAsync(key, 0, 1, Bytes.Of("h"), Token);
        }

        foreach (var kind in new[] { "zeta", "Alpha", "" }) await storage.Store.State.WriteAsync(kind, "key", Bytes.Of("s"), null, Token);
        for (var pass = 0; pass < 2; pass++)
        {
            var maintenance = storage.Store.Maintenance;
            var listed = keys.Where(key => key.Length > 0).Order(StringComparer.Ordinal).ToList();
            Assert.Equal(["", "Alpha", "snapshot", "zeta"], await maintenance.StateKindsAsync(Token));
            Assert.Equal(listed, await AllAsync(after => maintenance.StateKeysAsync("snapshot", after, 3, Token)));
            Assert.Equal(listed, await AllAsync(after => maintenance.HistoryKeysAsync(after, 3, Token)));
            Assert.Empty(await maintenance.StateKeysAsync("none", "", 3, Token));
            await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task Kinds_and_prefixes_are_dropped_whole_and_alone()
    {
        await using var storage = await NewAsync();
        var store = storage.Store;
        await Task.WhenAll(Enumerable.Range(0, 2500).Select(async i =>
        {
            await store.State.WriteAsync("snapshot", $"{i:d4}", Bytes.Of("s"), null, Token);
            await store.History.AppendAsync($"{(i % 2 == 0 ? "shop" : "shop2")}/{i}", 0, 1, Bytes.Of("h"), Token);
        }));
        await store.State.WriteAsync("other", "0001", Bytes.Of("o"), null, Token);
        Assert.Equal(["0010", "0011", "0012"], await store.Maintenance.StateKeysAsync("snapshot", "0009", 3, Token));
        Assert.Equal(2500, await store.Maintenance.DropStatesAsync("snapshot", Token));
        Assert.Empty(await store.Maintenance.StateKeysAsync("snapshot", "", 3, Token));
        Assert.True((await store.State.ReadAsync("other", "0001", Token)).Exists);
        Assert.Equal(1250, await store.Maintenance.DropHistoriesAsync("shop/", Token));
        Assert.Equal(0, await store.History.LengthAsync("shop/0", Token));
        Assert.Equal(1, await store.History.LengthAsync("shop2/1", Token));
        Assert.True(await store.History.AppendAsync("shop/0", 0, 1, Bytes.Of("anew"), Token));
        Assert.Equal(1251, await store.Maintenance.DropHistoriesAsync("", Token));
        Assert.Empty(await store.Maintenance.HistoryKeysAsync("", 3, Token));
        Assert.Empty(await store.History.ReadAsync("shop2/1", 0, 1000, Token));
    }

    private static async Task<List<string>> AllAsync(Func<string, ValueTask<IReadOnlyList<string>>> read)
    {
        var all = new List<string>();
        while (await read(all.LastOrDefault("")) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 3);
            all.AddRange(page);
        }

        return all;
    }
}
