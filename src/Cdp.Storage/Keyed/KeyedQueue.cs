using System.Runtime.InteropServices;

namespace Cdp.Storage.Keyed;

/// <summary>Runs work of one key one after the other, in the order in which it was asked for; that of several keys beside each other.</summary>
internal sealed class KeyedQueue
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (Task Last, int Queued)> _keys = new(StringComparer.Ordinal);

    /// <summary>Queues work.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="work">What to do.</param>
    /// <param name="cancellationToken">Gives it up while it waits; once begun it is not called back.</param>
    public Task<T> RunAsync<T>(string key, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ref var queue = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, key, out _);
            var mine = AfterAsync(queue.Last ?? Task.CompletedTask, key, work, cancellationToken);
            queue = (mine, queue.Queued + 1);
            return mine;
        }
    }

    private async Task<T> AfterAsync<T>(Task before, string key, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        // Always later: the caller holds the lock.
        await Task.Yield();
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await work().ConfigureAwait(false);
        }
        finally
        {
            Forget(key);
        }
    }

    private void Forget(string key)
    {
        lock (_gate)
        {
            ref var queue = ref CollectionsMarshal.GetValueRefOrNullRef(_keys, key);
            if (--queue.Queued == 0) _keys.Remove(key);
        }
    }
}
