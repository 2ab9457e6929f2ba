using Cdp.Rpc.Wire;
using Google.Rpc;

namespace Cdp.Rpc.Serving;

/// <summary>Watches one call's deadline and carries the token that the deadline and the client's departure cancel.</summary>
internal sealed class CallDeadline : IDisposable
{
    public static readonly RpcError Exceeded = new(Code.DeadlineExceeded, "The deadline passed before the call was answered.");

    private readonly ServerCall _call;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenRegistration _aborted;
    private ITimer? _timer;
    private TimeSpan _left;
    private volatile bool _passed;

    public CallDeadline(ServerCall call, TimeProvider time, CancellationToken aborted)
    {
        _call = call;
        _time = time;
        Token = _source.Token;
        _aborted = aborted.UnsafeRegister(static watch => ((CallDeadline)watch!).Cancel(), this);
    }

    public CancellationToken Token { get; }

    public bool HasPassed => _passed;

    public void Start(TimeSpan left)
    {
        if (left <= TimeSpan.Zero)
        {
            Pass();
            return;
        }

        var first = left < GrpcTimeout.LongestTimer ? left : GrpcTimeout.LongestTimer;
        _left = left - first;
        _timer = _time.CreateTimer(static state => ((CallDeadline)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(first, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A callback that is running finds the call ended and touches nothing of it.</summary>
    public void Dispose()
    {
        _aborted.Dispose();
        _timer?.Dispose();
    }

    private void OnTimer()
    {
        if (_left <= TimeSpan.Zero)
        {
            Pass();
            return;
        }

        var next = _left < GrpcTimeout.LongestTimer ? _left : GrpcTimeout.LongestTimer;
        _left -= next;
        _timer?.Change(next, Timeout.InfiniteTimeSpan);
    }

    private void Pass()
    {
        _passed = true;
        _call.OnDeadline();
        Cancel();
    }

    private void Cancel()
    {
        try
        {
            _source.Cancel();
        }
        catch (AggregateException e)
        {
            // A handler's callback failed: it must not take the timer's thread, and with it the process, along.
            _call.ReportBug(e);
        }
    }
}
