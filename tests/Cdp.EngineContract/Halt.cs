namespace Cdp.EngineContract;

/// <summary>
/// A place in a script where it waits until the test lets it go on. A test that sends more calls awaits first that this
/// place is reached: no engine promises that calls that nobody awaited arrive in their order.
/// </summary>
public sealed class Halt
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<long> _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a script waits here.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Waits, within a script.</summary>
    /// <returns>What the test said when it opened.</returns>
    public Task<long> PassAsync()
    {
        _reached.TrySetResult();
        return _open.Task;
    }

    /// <summary>Lets the script go on.</summary>
    public void Open(long value = 0) => _open.SetResult(value);
}
