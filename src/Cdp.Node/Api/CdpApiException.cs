namespace Cdp.Node.Api;

/// <summary>A call that the server refused or that did not reach it.</summary>
public sealed class CdpApiException : Exception
{
    /// <summary>Describes the failure.</summary>
    /// <param name="status">The gRPC status.</param>
    /// <param name="message">What was wrong and what to do, as the server says it.</param>
    /// <param name="reason">The stable reason from <c>google.rpc.ErrorInfo</c>, or null.</param>
    /// <param name="field">Path of the field at fault, or null.</param>
    /// <param name="retryAfter">How long the server asks to wait before the call is repeated, or null.</param>
    /// <param name="inner">The transport's exception, or null.</param>
    public CdpApiException(
        CdpStatus status,
        string message,
        string? reason = null,
        string? field = null,
        TimeSpan? retryAfter = null,
        Exception? inner = null)
        : base(message, inner)
    {
        Status = status;
        Reason = reason;
        Field = field;
        RetryAfter = retryAfter;
    }

    /// <summary>The gRPC status.</summary>
    public CdpStatus Status { get; }

    /// <summary>The stable reason (docs/errors.md), or null.</summary>
    public string? Reason { get; }

    /// <summary>Path of the field at fault, or null.</summary>
    public string? Field { get; }

    /// <summary>How long the server asks to wait, or null.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the same call may succeed later. Publishing may always be repeated: event ids make it count once.</summary>
    public bool IsTransient => Status is CdpStatus.Unavailable or CdpStatus.ResourceExhausted or CdpStatus.DeadlineExceeded or CdpStatus.Aborted;
}
