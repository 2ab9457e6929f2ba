using Cdp.StorageContract;

namespace Cdp.Storage.Postgres.Tests;

public sealed class KeyTests(Databases databases)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

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
