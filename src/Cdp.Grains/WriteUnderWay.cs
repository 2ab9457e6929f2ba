namespace Cdp.Grains;

/// <summary>
/// Whether an exclusive call is writing; who reads beside it can wait for its end, and only who does costs an allocation. All
/// in the turns of one activation.
/// </summary>
internal sealed class WriteUnderWay
{
    private bool _begun;
    private TaskCompletionSource? _ended;

    /// <summary>A call that writes begins; it ends where the scope is disposed, however it ends.</summary>
    public Scope Begin()
    {
        _begun = true;
        return new Scope(this);
    }

    /// <summary>Waits for the end of the call that writes.</summary>
    public Task WaitAsync() =>
        _begun ? (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;

    private void End()
    {
        _begun = false;
        _ended?.SetResult();
        _ended = null;
    }

    /// <summary>One call that writes.</summary>
    public readonly struct Scope(WriteUnderWay write) : IDisposable
    {
        /// <summary>The call ends. Who waited goes on after the turn that ends it.</summary>
        public void Dispose() => write.End();
    }
}
