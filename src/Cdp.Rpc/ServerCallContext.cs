namespace Cdp.Rpc;

/// <summary>What a handler knows of its call, and what it can say beside its replies. Valid until the handler returns.</summary>
public abstract class ServerCallContext
{
    /// <summary>Path of the method, e.g. "/grpc.health.v1.Health/Check".</summary>
    public abstract string Method { get; }

    /// <summary>Address and port of the client, e.g. "127.0.0.1:50123"; "unknown" without a network.</summary>
    public abstract string Peer { get; }

    /// <summary>When the client stops waiting; <see cref="DateTimeOffset.MaxValue"/> without a deadline.</summary>
    public abstract DateTimeOffset Deadline { get; }

    /// <summary>Cancelled when the client goes away or the deadline passes: nobody reads what comes after.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>
    /// Cancelled when the server begins to stop. A call that lasts as long as its client likes ends itself then;
    /// others just finish.
    /// </summary>
    public abstract CancellationToken Stopping { get; }

    /// <summary>Free for the owner of the server: the identity that its <see cref="CallGate"/> found, for example.</summary>
    public object? UserState { get; set; }

    /// <summary>Reads a text header of the request; null when absent. Several values are joined by commas.</summary>
    /// <param name="name">Name in lower case, not ending in "-bin".</param>
    public abstract string? GetHeader(string name);

    /// <summary>Reads a binary header of the request; empty when absent.</summary>
    /// <param name="name">Name in lower case, ending in "-bin".</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT: the value is no base64.</exception>
    public abstract IReadOnlyList<byte[]> GetBinaryHeader(string name);

    /// <summary>Adds a header to the response.</summary>
    /// <exception cref="InvalidOperationException">The headers were sent already.</exception>
    /// <exception cref="ArgumentException">The name or value is not allowed in metadata.</exception>
    public abstract void AddHeader(string name, string value);

    /// <summary>Adds a binary header (name ending in "-bin") to the response.</summary>
    /// <exception cref="InvalidOperationException">The headers were sent already.</exception>
    public abstract void AddHeader(string name, ReadOnlySpan<byte> value);

    /// <summary>Adds metadata to the end of the call; sent with its status, whatever that is.</summary>
    /// <exception cref="ArgumentException">The name or value is not allowed in metadata.</exception>
    public abstract void AddTrailer(string name, string value);

    /// <summary>Adds binary metadata (name ending in "-bin") to the end of the call.</summary>
    public abstract void AddTrailer(string name, ReadOnlySpan<byte> value);

    /// <summary>Sends the response's headers now instead of with the first message. Costs a send of its own.</summary>
    public abstract ValueTask WriteHeadersAsync();
}
