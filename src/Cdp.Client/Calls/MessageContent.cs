using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Cdp.Client.Calls;

/// <summary>One message with its length before it.</summary>
internal sealed class MessageContent : HttpContent
{
    public static readonly MediaTypeHeaderValue Grpc = new("application/grpc");

    private const int HeaderBytes = 5;

    private readonly byte[] _frame;

    public MessageContent(IMessage message, int maxBytes)
    {
        _frame = Frame(message, maxBytes);
        Headers.ContentType = Grpc;
    }

    public static byte[] Frame(IMessage message, int maxBytes)
    {
        var size = message.CalculateSize();
        if (size > maxBytes)
        {
            throw new CallException(Google.Rpc.Code.ResourceExhausted, $"The request has {size} bytes; at most {maxBytes} are allowed.");
        }

        var frame = new byte[HeaderBytes + size];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), size);
        message.WriteTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_frame, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = _frame.Length;
        return true;
    }
}
