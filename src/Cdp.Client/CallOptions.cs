namespace Cdp.Client;

/// <summary>What one call says beside its messages.</summary>
public sealed record CallOptions
{
    /// <summary>How long the caller waits; then the call ends with DEADLINE_EXCEEDED, here and on the server.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Metadata sent with the call.</summary>
    public CallMetadata? Headers { get; init; }

    /// <summary>Filled with the metadata that comes back.</summary>
    public ResponseMetadata? Response { get; init; }
}
