namespace Cdp.Rpc;

/// <summary>What a client may hold of a server without asking anything of it: connections, time, unfinished messages.</summary>
/// <remarks>docs/limits.md has them all, with those that Kestrel sets by itself.</remarks>
public sealed record RpcConnectionLimits
{
    /// <summary>Connections of each port; a further one is closed at once. Default 10,000.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Time from the first byte of a request to the end of its headers; then the connection is closed. Default 15 s.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time without a call after which a connection is closed. Default 130 s: longer than proxies keep theirs, so that these close first.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Time that the message of a call with a single one may take at any speed, above 1 s. Default 15 s.</summary>
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Bytes per second, on average since its beginning, at which such a message must come after that; else its call ends with
    /// BODY_TOO_SLOW. Default 16 KiB.
    /// </summary>
    public int LeastBytesPerSecond { get; init; } = 16 * 1024;

    /// <summary>
    /// Time without a byte after which a client over HTTP/2 is asked whether it is still there, at least 1 s. Default 60 s: a machine that vanished
    /// says nothing, and its streams would stay.
    /// </summary>
    public TimeSpan PingDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time that its answer may take, at least 1 s; then the connection is closed. Default 20 s.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
