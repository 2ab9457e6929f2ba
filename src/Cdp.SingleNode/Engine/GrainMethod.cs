using Google.Protobuf;

namespace Cdp.SingleNode.Engine;

/// <summary>One method of a grain interface.</summary>
internal abstract class GrainMethod
{
    internal required string Name { get; init; }

    internal required bool Interleaves { get; init; }
}

/// <summary>Carries the calls of one method.</summary>
internal sealed class GrainMethod<TRequest, TReply>(
    Func<object, TRequest, CancellationToken, ValueTask<TReply>> call, MessageChecks? checks) : GrainMethod
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    private readonly InvocationPool<TRequest, TReply> _pool = new();

    /// <summary>
    /// Sends a call. If the grain is idle it runs at once, on the caller's thread; a call that then completes without
    /// awaiting allocates nothing here.
    /// </summary>
    internal ValueTask<TReply> CallAsync(GrainReference reference, TRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return checks is null
            ? SendAsync(reference, request, cancellationToken)
            : SendCheckedAsync(reference, request, cancellationToken);
    }

    /// <summary>Runs the grain's method; what it throws comes back in the task.</summary>
    internal ValueTask<TReply> RunAsync(object grain, TRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return checks is null ? call(grain, request, cancellationToken) : RunCheckedAsync(grain, request, checks, cancellationToken);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<TReply>(exception);
        }
    }

    internal void Return(Invocation<TRequest, TReply> invocation) => _pool.Give(invocation);

    private ValueTask<TReply> SendAsync(GrainReference reference, TRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<TReply>(cancellationToken);
        var kind = reference.Kind;
        var caller = SynchronizationContext.Current as Activation;
        if (caller is null && kind.Engine.IsStopping)
            return ValueTask.FromException<TReply>(GrainEngine.Unavailable());
        var depth = caller is null ? 1 : caller.Depth + 1;
        var sampled = kind.CountCall();
        Invocation<TRequest, TReply>? invocation = null;
        while (true)
        {
            Activation activation;
            try
            {
                activation = reference.Resolve();
            }
            catch (Cdp.Grains.Ports.GrainUnavailableException exception)
            {
                return ValueTask.FromException<TReply>(exception);
            }

            switch (activation.Admit(Interleaves, depth))
            {
                case Admission.Run:
                    return RunHere(activation, request, sampled, cancellationToken);
                case Admission.Queue:
                    if (invocation is null)
                    {
                        invocation = Rent();
                        invocation.Prepare(request, sampled, cancellationToken);
                    }

                    if (activation.TryEnqueue(invocation, depth))
                        return invocation.Sent();
                    break;
            }

            reference.Forget(activation);
        }
    }

    private ValueTask<TReply> RunHere(Activation activation, TRequest request, bool sampled, CancellationToken cancellationToken)
    {
        var previous = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(activation);
        var started = sampled ? System.Diagnostics.Stopwatch.GetTimestamp() : 0;
        var task = RunAsync(activation.Grain, request, cancellationToken);
        if (task.IsCompleted)
        {
            SynchronizationContext.SetSynchronizationContext(previous);
            if (sampled)
                activation.GrainKind.Engine.Metrics.RecordCall(activation.GrainKind, started);
            activation.Leave(Interleaves, ended: true, failed: !task.IsCompletedSuccessfully);
            return task;
        }

        var invocation = Rent();
        invocation.Adopt(activation, task, started);
        SynchronizationContext.SetSynchronizationContext(previous);
        activation.Leave(Interleaves, ended: false, failed: false);
        return invocation.Task;
    }

    private async ValueTask<TReply> SendCheckedAsync(
        GrainReference reference, TRequest request, CancellationToken cancellationToken)
    {
        var sent = request.Clone();
        try
        {
            return await SendAsync(reference, sent, cancellationToken);
        }
        finally
        {
            MessageChecks.RequireUnchanged(request, sent.ToByteString(), "the sender changed the request", reference.Kind, Name);
        }
    }

    private async ValueTask<TReply> RunCheckedAsync(
        object grain, TRequest request, MessageChecks checks, CancellationToken cancellationToken)
    {
        checks.RequireRepliesUnchanged(grain);
        var received = request.Clone();
        var reply = await call(grain, received, cancellationToken);
        checks.RequireRepliesUnchanged(grain);
        MessageChecks.RequireUnchanged(received, request.ToByteString(), "the grain changed the request", grain, Name);
        checks.Watch(grain, reply, Name);
        return reply.Clone();
    }

    private Invocation<TRequest, TReply> Rent() => _pool.Take() ?? new Invocation<TRequest, TReply>(this);
}
