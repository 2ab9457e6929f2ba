using Google.Rpc;

namespace Cdp.Client.Calls;

/// <summary>The end of one call as its client sets it: the caller's token, the deadline, a dispose.</summary>
internal sealed class CallScope : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _linked;

    public CallScope(TimeSpan? timeout, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _deadline = timeout is { } span && span < MaxTimer ? new CancellationTokenSource(span > TimeSpan.Zero ? span : TimeSpan.Zero, time) : null;
        _linked = _deadline is null
            ? CancellationTokenSource.CreateLinkedTokenSource(caller)
            : CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline.Token);
        Token = _linked.Token;
    }

    private static TimeSpan MaxTimer => Rpc.Wire.GrpcTimeout.LongestTimer;

    public CancellationToken Token { get; }

    public void Cancel() => _linked.Cancel();

    /// <summary>Turns a failure of the transport into what the caller is told.</summary>
    public Exception Translate(Exception exception)
    {
        if (exception is CallException)
        {
            return exception;
        }

        if (_caller.IsCancellationRequested)
        {
            return new OperationCanceledException("The call was cancelled.", exception, _caller);
        }

        if (_deadline is { IsCancellationRequested: true })
        {
            return new CallException(Code.DeadlineExceeded, "The deadline passed before the call was answered.", exception);
        }

        if (_linked.IsCancellationRequested)
        {
            return new OperationCanceledException("The call was disposed.", exception);
        }

        var protocol = exception as HttpProtocolException ?? exception.InnerException as HttpProtocolException;
        return protocol?.ErrorCode switch
        {
            // The error codes of HTTP/2 as the specification of gRPC maps them.
            0x8 => new CallException(Code.Cancelled, "The server cancelled the call.", exception),
            0xb => new CallException(Code.ResourceExhausted, "The server asks for fewer calls.", exception),
            0xc => new CallException(Code.PermissionDenied, "The server asks for a safer transport.", exception),
            // Without an error it closed the connection in order, and did not answer: it stops.
            null or 0x0 or 0x7 => new CallException(Code.Unavailable, $"The server cannot be reached: {ReasonOf(exception)}", exception),
            _ => new CallException(Code.Internal, $"The server broke the call off: {exception.Message}", exception),
        };
    }

    /// <summary>A certificate that is not trusted is named only by what lies within.</summary>
    private static string ReasonOf(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: { } inner } ? inner.Message : exception.Message;

    public void Dispose()
    {
        _linked.Dispose();
        _deadline?.Dispose();
    }
}
