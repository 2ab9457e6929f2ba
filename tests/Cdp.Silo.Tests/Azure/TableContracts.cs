using Cdp.Grains.Ports;
using Cdp.Storage.Keyed;
using Cdp.StorageContract;

namespace Cdp.Silo.Tests.Azure;

public sealed class TableStatesTests(TableSilo silo) : StateStoreContract, IClassFixture<TableSilo>
{
    [Fact]
    public async Task A_state_larger_than_an_entity_is_kept()
    {
        await using var storage = await NewAsync();
        var value = Bytes.Random(1, 3 << 20);
        var tag = await storage.Store.WriteAsync("kind", "key", value, null, TestContext.Current.CancellationToken);
        await storage.ReopenAsync();
        var row = await storage.Store.ReadAsync("kind", "key", TestContext.Current.CancellationToken);
        Assert.Equal(tag, row.Tag);
        Assert.True(row.Value.Span.SequenceEqual(value.Span));
    }

    protected override ValueTask<IStorage<IStateStore>> NewAsync() => silo.NewAsync<IStateStore>((stores, prefix) => new PrefixedStates(stores.States, prefix));
}

public sealed class TableHistoryTests(TableSilo silo) : HistoryContract, IClassFixture<TableSilo>
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() => silo.NewAsync<IHistory>((stores, prefix) => new KeyedHistory(new PrefixedStates(stores.States, prefix)));
}

public sealed class TableCustomerIndexTests(TableSilo silo) : CustomerIndexContract, IClassFixture<TableSilo>
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() => silo.NewAsync<ICustomerIndex>((stores, prefix) => new KeyedCustomerIndex(new PrefixedStates(stores.States, prefix)));
}
