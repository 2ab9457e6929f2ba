namespace Cdp.Client;

/// <summary>How a channel reaches its server.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>Largest reply message that is taken, in bytes. Default 16 MiB.</summary>
    public int MaxReplyBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Largest request message that is sent, in bytes; the server has its own limit. Default 4 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Whether requests of 1 KiB or more are compressed by gzip, and replies may be. Worth it where the network is slower than
    /// some 100 MB/s; it costs time of both ends' processors. Default: no.
    /// </summary>
    public bool Gzip { get; init; }

    /// <summary>How long to try to connect. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Deadline of unary calls that name none; null for none.</summary>
    public TimeSpan? DefaultTimeout { get; init; }

    /// <summary>Sent as <c>authorization: Bearer</c> with every call; null sends none.</summary>
    public string? BearerToken { get; init; }

    /// <summary>The clock of local deadlines.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Replaces the transport, e.g. for a proxy or TLS settings of one's own. Disposed with the channel.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"RpcChannelOptions {{ MaxReplyBytes = {MaxReplyBytes}, MaxRequestBytes = {MaxRequestBytes} }}";
}
