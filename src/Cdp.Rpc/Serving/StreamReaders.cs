using System.Buffers;
using Google.Protobuf;

namespace Cdp.Rpc.Serving;

internal sealed class MessageStreamReader<T>(ServerCall call, MessageParser<T> parser) : IAsyncStreamReader<T>
    where T : class, IMessage<T>
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("No message has been read.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken = default)
    {
        _current = null;
        if (!await call.Requests.ReadNextAsync(cancellationToken))
        {
            return false;
        }

        _current = call.Requests.ParseAndRelease(parser);
        return true;
    }
}

internal sealed class RawStreamReader(ServerCall call) : IAsyncStreamReader<ReadOnlySequence<byte>>
{
    public ReadOnlySequence<byte> Current => call.Requests.Payload;

    public Task<bool> MoveNext(CancellationToken cancellationToken = default) =>
        call.Requests.ReadNextAsync(cancellationToken).AsTask();
}

internal sealed class MessageStreamWriter<T>(ServerCall call) : IServerStreamWriter<T>
    where T : class, IMessage<T>
{
    public Task WriteAsync(T message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return call.WriteAsync(message);
    }
}
