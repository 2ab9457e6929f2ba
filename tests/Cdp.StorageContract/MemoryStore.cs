using Cdp.Grains.Ports;
using Cdp.Storage;

namespace Cdp.StorageContract;

/// <summary>Memory's stores as one.</summary>
public sealed class MemoryStore(IEventLog log, MemoryStateStore states, MemoryHistory histories, ICustomerIndex customers) : IStore, IStoreMaintenance
{
    public IEventLog Log => log;

    public IStateStore State => states;

    public IHistory History => histories;

    public ICustomerIndex Customers => customers;

    public IStoreMaintenance Maintenance => this;

    public ValueTask<IReadOnlyList<string>> StateKindsAsync(CancellationToken cancellationToken) =>
        new([.. states.Keys().Select(state => state.Kind).Distinct().Order(StringComparer.Ordinal)]);

    public ValueTask<IReadOnlyList<string>> HistoryKeysAsync(string after, int size, CancellationToken cancellationToken) => new(Page(histories.Keys(""), after, size));

    public ValueTask<IReadOnlyList<string>> StateKeysAsync(string kind, string after, int size, CancellationToken cancellationToken) => new(Page(KeysOf(kind), after, size));

    public async Task<long> DropStatesAsync(string kind, string prefix, CancellationToken cancellationToken)
    {
        var dropped = 0L;
        foreach (var key in KeysOf(kind).Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList())
        {
            if (await states.ClearAsync(kind, key, (await states.ReadAsync(kind, key, cancellationToken)).Tag, cancellationToken)) dropped++;
        }

        return dropped;
    }

    public async Task<long> DropHistoriesAsync(string prefix, CancellationToken cancellationToken)
    {
        var keys = histories.Keys(prefix);
        foreach (var key in keys) await histories.DeleteAsync(key, cancellationToken);
        return keys.Count;
    }

    public Task<string> ForgetAsync(CancellationToken cancellationToken) => Task.FromResult("");

    public ValueTask DisposeAsync() => default;

    private IEnumerable<string> KeysOf(string kind) => states.Keys().Where(state => state.Kind == kind).Select(state => state.Key);

    private static string[] Page(IEnumerable<string> keys, string after, int size) =>
        [.. keys.Where(key => string.CompareOrdinal(key, after) > 0).Order(StringComparer.Ordinal).Take(size)];
}
