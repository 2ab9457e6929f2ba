using Cdp.Grains.Ports;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>
/// A process's way to its stores, which ends at a chosen write: that write reaches the store or does not, its caller never
/// learns, and nothing works any more.
/// </summary>
internal sealed class MortalStores(IStateStore states, IHistory history) : IStateStore, IHistory
{
    private readonly TaskCompletionSource _death = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = int.MaxValue;
    private bool _reachesStore;

    /// <summary>Whether it ended.</summary>
    public bool IsDead => Death.IsCompleted;

    /// <summary>Completes when it ends: who waits for a process waits no longer.</summary>
    public Task Death => _death.Task;

    /// <summary>The given write from now on, counted from 1, is the last.</summary>
    public void DieAt(int write, bool reachesStore)
    {
        _reachesStore = reachesStore;
        Volatile.Write(ref _left, write);
    }

    ValueTask<StateRow> IStateStore.ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return states.ReadAsync(kind, key, cancellationToken);
    }

    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
        LiveAsync(() => states.WriteAsync(kind, key, value, expectedTag, cancellationToken));

    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
        LiveAsync(() => states.ClearAsync(kind, key, expectedTag, cancellationToken));

    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        LiveAsync(() => history.AppendAsync(key, expected, count, slice, cancellationToken));

    ValueTask<IReadOnlyList<HistorySliceRow>> IHistory.ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return history.ReadAsync(key, from, maxBytes, cancellationToken);
    }

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return history.LengthAsync(key, cancellationToken);
    }

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        LiveAsync(() => history.RewriteAsync(key, first, count, slice, cancellationToken));

    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => await LiveAsync(async () =>
    {
        await history.DeleteAsync(key, cancellationToken);
        return true;
    });

    private async ValueTask<T> LiveAsync<T>(Func<ValueTask<T>> write)
    {
        var left = Interlocked.Decrement(ref _left);
        if (left > 0) return await write();
        if (left == 0 && _reachesStore) await write();
        _death.TrySetResult();
        throw new IOException("The process died.");
    }

    private void ThrowIfDead()
    {
        if (IsDead) throw new IOException("The process is dead.");
    }
}
