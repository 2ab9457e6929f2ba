using System.Buffers;

namespace Cdp.Rpc;

/// <summary>Runs before a handler and before its request is read: the place for authentication.</summary>
/// <returns>Null lets the call pass; an error ends it.</returns>
public delegate ValueTask<RpcError?> CallGate(ServerCallContext context);

/// <summary>Answers one request with one reply.</summary>
public delegate ValueTask<TReply> UnaryHandler<in TRequest, TReply>(TRequest request, ServerCallContext context);

/// <summary>
/// Answers one request with the bytes of one reply: for a reply that is kept in its encoded form. They are copied before
/// the call returns.
/// </summary>
public delegate ValueTask<ReadOnlyMemory<byte>> EncodedUnaryHandler<in TRequest>(TRequest request, ServerCallContext context);

/// <summary>Answers the bytes of one request with one reply. The bytes are valid until the handler has returned.</summary>
public delegate ValueTask<TReply> RawUnaryHandler<TReply>(ReadOnlySequence<byte> request, ServerCallContext context);

/// <summary>Answers one request with a stream of replies.</summary>
public delegate Task ServerStreamingHandler<in TRequest, out TReply>(
    TRequest request, IServerStreamWriter<TReply> replies, ServerCallContext context);

/// <summary>Answers a stream of requests with one reply.</summary>
public delegate Task<TReply> ClientStreamingHandler<in TRequest, TReply>(
    IAsyncStreamReader<TRequest> requests, ServerCallContext context);

/// <summary>Answers a stream of requests with a stream of replies, both at their own pace.</summary>
public delegate Task DuplexStreamingHandler<in TRequest, out TReply>(
    IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TReply> replies, ServerCallContext context);
