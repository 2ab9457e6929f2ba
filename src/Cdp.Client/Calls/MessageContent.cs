using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Cdp.Rpc.Wire;
using Google.Protobuf;

namespace Cdp.Client.Calls;

/// <summary>One message with its length before it.</summary>
internal sealed class MessageContent : HttpContent
{
    public static readonly MediaTypeHeaderValue Grpc = new("application/grpc");

    private const int HeaderBytes = 5;

    // What is smaller leaves in one packet of the network either way.
    private const int CompressFromBytes = 1024;

    private readonly byte[] _frame;

    public MessageContent(IMessage message, RpcChannelOptions options)
    {
        _frame = Frame(message, options);
        Headers.ContentType = Grpc;
    }

    public static byte[] Frame(IMessage message, RpcChannelOptions options)
    {
        var size = message.CalculateSize();
        if (size > options.MaxRequestBytes)
        {
            throw new CallException(Google.Rpc.Code.ResourceExhausted, $"The request has {size} bytes; at most {options.MaxRequestBytes} are allowed.");
        }

        var frame = new byte[HeaderBytes + size];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), size);
        message.WriteTo(frame.AsSpan(HeaderBytes));
        return options.Gzip && size >= CompressFromBytes && Gzip.TryCompress(frame.AsSpan(HeaderBytes), out var compressed) ? FrameCompressed(compressed.Span) : frame;
    }

    private static byte[] FrameCompressed(ReadOnlySpan<byte> message)
    {
        var frame = new byte[HeaderBytes + message.Length];
        frame[0] = Frames.Compressed;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(HeaderBytes));
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
