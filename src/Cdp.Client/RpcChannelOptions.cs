namespace Cdp.Client;

/// <summary>How a channel reaches its server.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>Largest reply message that is taken, in bytes. Default 16 MiB.</summary>
    public int MaxReplyBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Largest request message that is sent, in bytes; the server has its own limit. Default 4 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 4 * 1024 * 1024;

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
