using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Client;

/// <summary>A call with many requests and one reply. Disposing it before its end cancels it.</summary>
public sealed class ClientStreamingCall<TRequest, TReply> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    private readonly DuplexCall<TRequest, TReply> _call;

    internal ClientStreamingCall(DuplexCall<TRequest, TReply> call)
    {
        _call = call;
    }

    /// <inheritdoc cref="DuplexCall{TRequest,TReply}.WriteAsync"/>
    public Task WriteAsync(TRequest request, CancellationToken cancellationToken = default) =>
        _call.WriteAsync(request, cancellationToken);

    /// <summary>Tells the server that no further request comes, and waits for the reply.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public async Task<TReply> FinishAsync(CancellationToken cancellationToken = default)
    {
        await _call.CompleteAsync();
        var reply = await _call.ReadAsync(cancellationToken);
        return reply is not null && await _call.ReadAsync(cancellationToken) is null
            ? reply
            : throw new CallException(Code.Internal, "The server did not send exactly one reply.");
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _call.DisposeAsync();
}
