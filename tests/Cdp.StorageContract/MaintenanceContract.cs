using Cdp.Grains.Ports;
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
        Assert.Equal(2500, await store.Maintenance.DropStatesAsync("snapshot", "", Token));
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

    [Fact]
    public async Task States_with_a_prefix_are_dropped_alone()
    {
        await using var storage = await NewAsync();
        var store = storage.Store;
        string[] keys = ["shop", "shop/", "shop/1", "shop/2/3", "shop0", "shop-2/1", "shoq/1", "a/shop/1", ""];
        foreach (var key in keys)
        {
            await store.State.WriteAsync("snapshot", key, Bytes.Of("s"), null, Token);
            await store.State.WriteAsync("other", key, Bytes.Of("o"), null, Token);
        }

        for (var i = 0; i < 2_100; i++) await store.State.WriteAsync("snapshot", $"shop/many/{i:d4}", Bytes.Random(i, 100), null, Token);
        Assert.Equal(2_103, await store.Maintenance.DropStatesAsync("snapshot", "shop/", Token));
        Assert.Equal(0, await store.Maintenance.DropStatesAsync("snapshot", "shop/", Token));
        Assert.Equal(0, await store.Maintenance.DropStatesAsync("none", "shop/", Token));
        foreach (var key in keys)
        {
            Assert.Equal(!key.StartsWith("shop/", StringComparison.Ordinal), (await store.State.ReadAsync("snapshot", key, Token)).Exists);
            Assert.True((await store.State.ReadAsync("other", key, Token)).Exists);
        }
    }

    [Fact]
    public async Task A_tenant_is_removed_whole_and_alone()
    {
        await using var storage = await NewAsync();
        var store = storage.Store;

        // "0" is also what the state of a partition is called.
        string[] tenants = ["shop", "shop-2", "0", "tenants"];
        var ends = new long[store.Log.Partitions];
        for (var i = 0; i < 60; i++)
        {
            var partition = i % store.Log.Partitions;
            var record = new LogRecord(tenants[i % 3], i % 7 == 0 ? LogRecordFlags.Refused : LogRecordFlags.None, 0, Bytes.Of($"a secret of {tenants[i % 3]} {i}"));
            ends[partition] = 1 + await store.Log.AppendAsync(partition, [record], Token);
        }

        foreach (var tenant in tenants)
        {
            foreach (var kind in new[] { "audit-days", "tenant", "partition", "tenant-directory" }) await store.State.WriteAsync(kind, tenant, Bytes.Of("s"), null, Token);
            await store.State.WriteAsync("customer", $"{tenant}/c1", Bytes.Of("s"), null, Token);
            await store.History.AppendAsync($"{tenant}/c1", 0, 1, Bytes.Of("h"), Token);
            await store.History.AppendAsync($"{tenant}/audit/20260101", 0, 1, Bytes.Of("h"), Token);
            for (var i = 0; i < 3; i++) await store.Customers.AddAsync(tenant, $"c{i}", Token);
        }

        foreach (var gone in new[] { "shop", "0" })
        {
            for (var again = 0; again < 2; again++)
            {
                var places = (await new StoreTenants(store).RemoveAsync(gone, ends, Token)).ToDictionary(place => place.Place, place => place.Items);
                Assert.Equal((20, again == 0 ? 3 : 0, again == 0 ? 2 : 0, again == 0 ? 2 : 0), (places["log"], places["customer index"], places["histories"], places["states"]));
            }
        }

        await storage.ReopenAsync();
        store = storage.Store;
        foreach (var tenant in tenants)
        {
            var stays = tenant is not ("shop" or "0");
            Assert.Equal(stays ? 3 : 0, (await store.Customers.PageAsync(tenant, "", 10, Token)).Count);
            Assert.Equal(stays, (await store.State.ReadAsync("customer", $"{tenant}/c1", Token)).Exists);
            Assert.Equal(stays, (await store.State.ReadAsync("audit-days", tenant, Token)).Exists);
            Assert.Equal(stays ? 1 : 0, await store.History.LengthAsync($"{tenant}/c1", Token));
            foreach (var kind in new[] { "tenant", "partition", "tenant-directory" }) Assert.True((await store.State.ReadAsync(kind, tenant, Token)).Exists);
        }

        var read = 0;
        for (var partition = 0; partition < ends.Length; partition++)
        {
            foreach (var (_, record) in await store.Log.ReadAsync(partition, 0, int.MaxValue, Token))
            {
                Assert.Equal(record.Tenant == "shop-2", Bytes.Text(record.Payload).StartsWith("a secret", StringComparison.Ordinal));
                Assert.Equal(record.Tenant != "shop-2", record.Flags.HasFlag(LogRecordFlags.Blanked));
                read++;
            }
        }

        Assert.Equal(60, read);
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
