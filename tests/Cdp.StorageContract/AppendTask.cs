using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>Awaits an append that nobody else does.</summary>
public sealed class AppendTask : IAppendObserver
{
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AppendTask()
    {
    }

    /// <summary>Appends behind; the task's result is whether the history had the expected length.</summary>
    public static Task<bool> Begin(IHistory history, string key, long expected, ReadOnlyMemory<byte> slice)
    {
        var append = new AppendTask();
        history.AppendBehind(key, expected, 1, slice, append);
        return append._ended.Task;
    }

    /// <inheritdoc/>
    public void Appended(bool owned) => _ended.SetResult(owned);

    /// <inheritdoc/>
    public void Failed(Exception exception) => _ended.SetException(exception);
}
