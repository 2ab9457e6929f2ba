using Cdp.Grains.Ports;

namespace Cdp.Grains.Tests.Harness;

/// <summary>A state store whose calls complete later, on another thread: other turns come between.</summary>
internal sealed class YieldingStateStore(IStateStore inner) : IStateStore
{
    public async ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        var row = await inner.ReadAsync(kind, key, cancellationToken);
        await Elsewhere();
        return row;
    }

    public async ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken)
    {
        await Elsewhere();
        var tag = await inner.WriteAsync(kind, key, value, expectedTag, cancellationToken);
        await Elsewhere();
        return tag;
    }

    public async ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken)
    {
        await Elsewhere();
        return await inner.ClearAsync(kind, key, expectedTag, cancellationToken);
    }

    private static Task Elsewhere() => Task.Run(static () => { });
}

/// <summary>A history whose appends are held until they are released: what another writer appends meanwhile comes before them.</summary>
internal sealed class GatedHistory(IHistory inner) : IHistory
{
    private readonly Queue<TaskCompletionSource> _waiting = new();

    /// <summary>Appends issued and not yet released.</summary>
    public int Waiting
    {
        get
        {
            lock (_waiting) return _waiting.Count;
        }
    }

    public async ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting) _waiting.Enqueue(gate);
        await gate.Task;
        return await inner.AppendAsync(key, expected, count, slice, cancellationToken);
    }

    public void ReleaseNext()
    {
        lock (_waiting) _waiting.Dequeue().SetResult();
    }

    public void FailNext()
    {
        lock (_waiting) _waiting.Dequeue().SetException(new IOException("The disk is full."));
    }

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken) =>
        inner.ReadAsync(key, from, maxBytes, cancellationToken);

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) => inner.LengthAsync(key, cancellationToken);

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        inner.RewriteAsync(key, first, count, slice, cancellationToken);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);
}

/// <summary>A history of which nothing is ever erased: who waits for that waits for ever.</summary>
internal sealed class NeverErasing(IHistory inner) : IHistory
{
    private static readonly Task<bool> Never = new TaskCompletionSource<bool>().Task;

    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        inner.AppendAsync(key, expected, count, slice, cancellationToken);

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken) =>
        inner.ReadAsync(key, from, maxBytes, cancellationToken);

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) => inner.LengthAsync(key, cancellationToken);

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) => new(Never);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => new(Never);

    public ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => inner.RemoveAsync(key, cancellationToken);
}
