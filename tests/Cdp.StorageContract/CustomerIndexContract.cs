using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>What every customer index does.</summary>
public abstract class CustomerIndexContract
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new, empty index.</summary>
    protected abstract ValueTask<IStorage<ICustomerIndex>> NewAsync();

    [Fact]
    public async Task Ids_come_in_ordinal_order_page_by_page()
    {
        await using var storage = await NewAsync();
        string[] ids = ["b", "A", "_", "a", "10", "9", "aa", "Z"];
        foreach (var id in ids) await storage.Store.AddAsync("shop", id, Token);
        await storage.Store.AddAsync("shop2", "other", Token);
        await storage.ReopenAsync();
        var pages = new List<string>();
        for (var after = ""; ;)
        {
            var page = await storage.Store.PageAsync("shop", after, 3, Token);
            if (page.Count == 0) break;
            Assert.True(page.Count <= 3);
            pages.AddRange(page);
            after = page[^1];
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), pages);
    }

    [Fact]
    public async Task Adding_again_changes_nothing()
    {
        await using var storage = await NewAsync();
        for (var i = 0; i < 3; i++) await storage.Store.AddAsync("shop", "a", Token);
        Assert.Equal(["a"], await storage.Store.PageAsync("shop", "", 10, Token));
    }

    [Fact]
    public async Task A_removed_id_is_gone()
    {
        await using var storage = await NewAsync();
        await storage.Store.AddAsync("shop", "a", Token);
        await storage.Store.AddAsync("shop2", "a", Token);
        await storage.Store.RemoveAsync("shop", "a", Token);
        await storage.Store.RemoveAsync("shop", "never", Token);
        await storage.ReopenAsync();
        Assert.Empty(await storage.Store.PageAsync("shop", "", 10, Token));
        Assert.Equal(["a"], await storage.Store.PageAsync("shop2", "", 10, Token));
    }

    [Fact]
    public async Task Sixteen_writers_add_what_all_read()
    {
        await using var storage = await NewAsync();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++) await storage.Store.AddAsync("shop", $"{(writer + i) % 40:d2}", Token);
        })));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{i:d2}"), await storage.Store.PageAsync("shop", "", 100, Token));
    }

    [Fact]
    public async Task Any_sequence_of_calls_gives_what_the_simplest_index_gives() =>
        await Model.CheckAsync(async random =>
        {
            await using var storage = await NewAsync();
            var oracle = new MemoryCustomerIndex();
            for (var step = 0; step < 60; step++)
            {
                var (tenant, id) = ($"t{random.Next(2)}", $"{random.Next(15):x}");
                switch (random.Next(10))
                {
                    case < 4:
                        await oracle.AddAsync(tenant, id, Token);
                        await storage.Store.AddAsync(tenant, id, Token);
                        break;
                    case < 6:
                        await oracle.RemoveAsync(tenant, id, Token);
                        await storage.Store.RemoveAsync(tenant, id, Token);
                        break;
                    case < 9:
                        var size = random.Next(5);
                        Assert.Equal(await oracle.PageAsync(tenant, id, size, Token), await storage.Store.PageAsync(tenant, id, size, Token));
                        break;
                    default:
                        await storage.ReopenAsync();
                        break;
                }
            }
        });
}
