using Cdp.StorageContract;

namespace Cdp.Storage.Postgres.Tests;

public sealed class MaintenanceTests(Databases databases)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kinds_and_prefixes_are_dropped_whole_and_alone()
    {
        await using var store = await PostgresStore.OpenAsync(databases.Database, await databases.NewStoreAsync(), Token);
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
        Assert.Equal(1250, await store.Maintenance.DropHistoriesAsync("", Token));
        Assert.Empty(await store.History.ReadAsync("shop2/1", 0, 1000, Token));
    }

    [Fact]
    public async Task A_key_that_is_too_long_or_no_text_fails_alone()
    {
        await using var store = await PostgresStore.OpenAsync(databases.Database, await databases.NewStoreAsync(new() { StateWriters = 1 }), Token);
        var good = Enumerable.Range(0, 20).Select(i => store.State.WriteAsync("kind", $"{i}", Bytes.Of("v"), null, Token).AsTask()).ToList();
        await Assert.ThrowsAsync<ArgumentException>(() => store.State.WriteAsync("kind", new string('x', PostgresStore.MaxKeyBytes + 1), Bytes.Of("v"), null, Token).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.History.AppendAsync("\ud800", 0, 1, Bytes.Of("v"), Token).AsTask());
        Assert.All(await Task.WhenAll(good), Assert.NotNull);
        Assert.NotNull(await store.State.WriteAsync("kind", new string('x', PostgresStore.MaxKeyBytes - 4), Bytes.Of("v"), null, Token));
    }
}
