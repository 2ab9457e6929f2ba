using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Google.Protobuf;

namespace Cdp.SingleNode.Engine;

/// <summary>
/// A call that was queued or that awaits: the turn that begins it and the task that its caller awaits, in one pooled
/// object. It goes back to its pool when the caller takes the result.
/// </summary>
/// <remarks>
/// The caller's continuation never runs on the grain's thread of control: a calling grain gets it as a turn of its own,
/// any other caller on the thread pool (or on its own synchronization context).
/// </remarks>
internal sealed class Invocation<TRequest, TReply> : Turn, IValueTaskSource<TReply>
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    private readonly GrainMethod<TRequest, TReply> _method;
    private readonly Action _grainCompleted;
    private ManualResetValueTaskSourceCore<TReply> _core = new() { RunContinuationsAsynchronously = true };
    private ValueTaskAwaiter<TReply> _awaiter;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private ExecutionContext? _context;
    private Activation? _activation;
    private TRequest? _request;
    private long _started;
    private bool _sampled;

    internal Invocation(GrainMethod<TRequest, TReply> method)
    {
        _method = method;
        _grainCompleted = Finish;
    }

    internal override TurnKind Kind => _method.Interleaves ? TurnKind.Interleaving : TurnKind.Exclusive;

    internal ValueTask<TReply> Task => new(this, _core.Version);

    /// <summary>Makes ready for the queue.</summary>
    internal void Prepare(TRequest request, bool sampled, CancellationToken cancellationToken)
    {
        _request = request;
        _sampled = sampled;
        _cancellationToken = cancellationToken;
        _context = ExecutionContext.Capture();
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static self => ((Invocation<TRequest, TReply>)self!).Withdraw(), this);
    }

    /// <summary>The task of a call just queued. A cancellation that came before it was in the queue is made good.</summary>
    internal ValueTask<TReply> Sent()
    {
        var task = Task;
        if (_cancellationToken.IsCancellationRequested)
            Withdraw();
        return task;
    }

    /// <summary>Takes over a call that was begun on its caller's thread and awaits. Runs on the grain's context.</summary>
    internal void Adopt(Activation activation, ValueTask<TReply> pending, long started)
    {
        _activation = activation;
        _started = started;
        Await(pending);
    }

    internal override void Run(Activation activation)
    {
        _activation = activation;
        if (_sampled)
            _started = System.Diagnostics.Stopwatch.GetTimestamp();
        var ambient = ExecutionContext.Capture();
        var context = _context;
        var differs = context is not null && ambient is not null && context != ambient;
        if (differs)
            ExecutionContext.Restore(context!);
        Await(_method.RunAsync(activation.Grain, _request!, _cancellationToken));
        if (differs)
            ExecutionContext.Restore(ambient!);
    }

    internal override void Refuse(Exception reason)
    {
        _request = null;
        _core.SetException(reason);
    }

    TReply IValueTaskSource<TReply>.GetResult(short token)
    {
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("The call has not completed yet; await it.");
        // Waits for a running Withdraw, so that it cannot meet the next use of this object.
        _registration.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _registration = default;
            _cancellationToken = default;
            _context = null;
            _activation = null;
            _request = null;
            _started = 0;
            _core.Reset();
            _method.Return(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<TReply>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<TReply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Await(ValueTask<TReply> call)
    {
        _awaiter = call.GetAwaiter();
        // The context is captured: the completion is part of a turn, wherever the awaited thing completed.
        if (_awaiter.IsCompleted)
            Finish();
        else
            _awaiter.UnsafeOnCompleted(_grainCompleted);
    }

    private void Finish()
    {
        var activation = _activation!;
        var awaiter = _awaiter;
        _awaiter = default;
        TReply? reply = null;
        Exception? failure = null;
        try
        {
#pragma warning disable VSTHRD002 // Not a wait: the awaiter said that it completed.
            reply = awaiter.GetResult();
#pragma warning restore VSTHRD002
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        if (_started != 0)
            activation.GrainKind.Engine.Metrics.RecordCall(activation.GrainKind, _started);
        activation.EndCall(_method.Interleaves, failure is not null);
        // Last: from here on the caller may take the result and the pool give this object away.
        if (failure is null)
            _core.SetResult(reply!);
        else
            _core.SetException(failure);
    }

    private void Withdraw()
    {
        while (Owner is { } owner)
        {
            if (!owner.TryWithdraw(this))
                continue;
            _core.SetException(new OperationCanceledException(_cancellationToken));
            return;
        }
    }
}
