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
