using Cdp.Grains.Ports;
using Cdp.Storage.Keyed;
using Cdp.StorageContract;

namespace Cdp.Storage.Tests;

/// <summary>What stands on keyed state, opened again and again on the same states.</summary>
internal sealed class KeyedStorage<TStore>(Func<TStore> open) : IStorage<TStore>
{
    public TStore Store { get; private set; } = open();

    public ValueTask ReopenAsync()
    {
        Store = open();
        return default;
    }

    public ValueTask DisposeAsync() => default;

    public static ValueTask<IStorage<TStore>> NewAsync(Func<IStateStore, TStore> open)
    {
        var states = new MemoryStateStore();
        return new(new KeyedStorage<TStore>(() => open(states)));
    }
}

public sealed class KeyedHistoryTests : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() => KeyedStorage<IHistory>.NewAsync(states => new KeyedHistory(states));
}

/// <summary>A head takes one or two slices: chunks are cut all the time.</summary>
public sealed class CuttingKeyedHistoryTests : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() => KeyedStorage<IHistory>.NewAsync(states => new KeyedHistory(states, chunkBytes: 60));
}

public sealed class KeyedCustomerIndexTests : CustomerIndexContract
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() => KeyedStorage<ICustomerIndex>.NewAsync(states => new KeyedCustomerIndex(states));
}

/// <summary>Pages of two ids: they are split all the time.</summary>
public sealed class SplittingKeyedCustomerIndexTests : CustomerIndexContract
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() => KeyedStorage<ICustomerIndex>.NewAsync(states => new KeyedCustomerIndex(states, pageSize: 2));
}

/// <summary>Pieces of 20 bytes: most values are split.</summary>
public sealed class SplitStatesTests : StateStoreContract
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_replaced_or_cleared_leaves_no_pieces()
    {
        var inner = new MemoryStateStore();
        var states = new SplitStates(inner, pieceBytes: 20);
        var tag = await states.WriteAsync("kind", "key", Bytes.Random(1, 100), null, Token);
        Assert.Equal(6, inner.Count);
        Assert.Null(await states.WriteAsync("kind", "key", Bytes.Random(2, 300), null, Token));
        Assert.Equal(6, inner.Count);
        tag = await states.WriteAsync("kind", "key", Bytes.Random(3, 50), tag, Token);
        Assert.Equal(4, inner.Count);
        tag = await states.WriteAsync("kind", "key", Bytes.Random(4, 5), tag, Token);
        Assert.Equal(1, inner.Count);
        tag = await states.WriteAsync("kind", "key", Bytes.Random(5, 20), tag, Token);
        Assert.True(await states.ClearAsync("kind", "key", tag, Token));
        Assert.Equal(0, inner.Count);
    }

    [Fact]
    public async Task A_value_that_is_replaced_while_it_is_read_is_read_whole()
    {
        var states = new SplitStates(new MemoryStateStore(), pieceBytes: 20);
        var tag = await states.WriteAsync("kind", "key", Bytes.Random(0, 200), null, Token);
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i < 2_000; i++) tag = await states.WriteAsync("kind", "key", Bytes.Random(i, 200), tag, Token);
        });
        var seen = new HashSet<string>();
        while (!writing.IsCompleted) seen.Add(Convert.ToHexString((await states.ReadAsync("kind", "key", Token)).Value.Span));
        await writing;
        Assert.NotNull(tag);
        Assert.Subset(Enumerable.Range(0, 2_000).Select(i => Convert.ToHexString(Bytes.Random(i, 200).Span)).ToHashSet(), seen);
    }

    protected override ValueTask<IStorage<IStateStore>> NewAsync() => KeyedStorage<IStateStore>.NewAsync(states => new SplitStates(states, pieceBytes: 20));
}
