using System.Collections.Concurrent;
using Cdp.Grains.Ports;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>A history of which a test holds appends back, and waits for others.</summary>
internal sealed class HeldHistory(IHistory inner) : IHistory
{
    /// <summary>Far above what anything takes here: a test that waits longer has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, Hold> _holds = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Hold> _all = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _appended = NewSignal();

    /// <summary>Holds the next append of a history back until it is released.</summary>
    public Hold HoldNext(string key)
    {
        var hold = new Hold(key);
        _all.Add(hold);
        return _holds[key] = hold;
    }

    /// <summary>Lets everything pass, so that a server can stop though its test failed.</summary>
    public void ReleaseAll()
    {
        _holds.Clear();
        foreach (var hold in _all) hold.Release();
    }

    /// <summary>Completes when a history has so many entries.</summary>
    public async Task ReachesAsync(string key, long length)
    {
        while (true)
        {
            Task appended;
            lock (_lock) appended = _appended.Task;
            if (await inner.LengthAsync(key, CancellationToken.None) >= length) return;
            await WithinLimitAsync(appended, $"History {key} did not reach {length} entries.");
        }
    }

    public async ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        if (_holds.TryRemove(key, out var hold)) await hold.PassAsync();
        var appended = await inner.AppendAsync(key, expected, count, slice, cancellationToken);
        TaskCompletionSource signal;
        lock (_lock) (signal, _appended) = (_appended, NewSignal());
        signal.SetResult();
        return appended;
    }

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken) =>
        inner.ReadAsync(key, from, maxBytes, cancellationToken);

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) => inner.LengthAsync(key, cancellationToken);

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        inner.RewriteAsync(key, first, count, slice, cancellationToken);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

    private static async Task WithinLimitAsync(Task task, string otherwise)
    {
        try
        {
            await task.WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(otherwise, e);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An append that waits.</summary>
    internal sealed class Hold(string key)
    {
        private readonly TaskCompletionSource _reached = NewSignal();
        private readonly TaskCompletionSource _released = NewSignal();

        /// <summary>Completes when the append was begun.</summary>
        public Task Reached => WithinLimitAsync(_reached.Task, $"No append to history {key} was begun.");

        public void Release() => _released.TrySetResult();

        public Task PassAsync()
        {
            _reached.TrySetResult();
            return _released.Task;
        }
    }
}
