using System.Threading.Tasks.Sources;

namespace Cdp.Storage.Writing;

/// <summary>A write in the queue of a <see cref="GroupCommitter{TTarget}"/>, and the promise its caller awaits.</summary>
internal abstract class WriteOperation
{
    /// <summary>Bytes of its values: what it adds to the queue and to a transaction.</summary>
    public virtual int Bytes => 0;

    /// <summary>Whether the bytes that it replaces must be gone from every file before it returns.</summary>
    public virtual bool Erases => false;

    /// <summary>Whether it must have a transaction of its own, since it reads what others of one may change.</summary>
    public virtual bool Alone => false;

    /// <summary>Whether it may wait for others to share a flush with.</summary>
    public bool CanWait { get; init; }

    /// <summary>Set where this operation alone fails, and the rest of its transaction does not.</summary>
    public Exception? Error { get; set; }

    /// <summary>Whether its caller gave it up before it was queued. Guarded by the queue's lock.</summary>
    public bool GivenUp { get; set; }

    /// <summary>Whether it left the wait before the queue for the queue. Guarded by the queue's lock.</summary>
    public bool Admitted { get; set; }

    /// <summary>Tells the caller that the transaction is durable.</summary>
    public abstract void Complete();

    /// <summary>Tells the caller that the transaction failed.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>A write with a result. Continuations never run on the writer's thread.</summary>
internal abstract class WriteOperation<T> : WriteOperation, IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _core = new() { RunContinuationsAsynchronously = true };

    /// <summary>Set while the transaction runs; handed to the caller after the commit.</summary>
    public T Result { get; set; } = default!;

    public ValueTask<T> Task => new(this, _core.Version);

    public ValueTask VoidTask => new(this, _core.Version);

    public override void Complete()
    {
        if (Error is null) _core.SetResult(Result);
        else _core.SetException(Error);
    }

    public override void Fail(Exception exception) => _core.SetException(exception);

    T IValueTaskSource<T>.GetResult(short token) => _core.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
