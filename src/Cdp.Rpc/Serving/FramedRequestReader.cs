using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Cdp.Rpc.Serving.Connect;
using Cdp.Rpc.Wire;
using Google.Rpc;

namespace Cdp.Rpc.Serving;

/// <summary>Takes messages that stand behind a flag and their length, as gRPC and the streams of Connect have them.</summary>
internal sealed class FramedRequestReader(ServerCall call, PipeReader pipe, int maxBytes, bool gzip, JsonMessages? json) : RequestReader(call, pipe, maxBytes, gzip, json)
{
    private ReadOnlySequence<byte> _framed;
    private bool _compressed;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask ReadSingleAsync()
    {
        while (true)
        {
            var result = await ReadPipeAsync(CancellationToken.None);
            var buffer = result.Buffer;
            var keep = false;
            try
            {
                if (TryFrame(buffer, result.IsCompleted))
                {
                    if (!buffer.Slice(_framed.End).IsEmpty)
                    {
                        throw Malformed(Code.Internal, "The method takes exactly one message; the call carries more.");
                    }

                    if (result.IsCompleted)
                    {
                        keep = true;
                        Hold(_framed, _compressed);
                        return;
                    }
                }
                else if (result.IsCompleted)
                {
                    throw Malformed(Code.InvalidArgument, "The method takes exactly one message; the call carries none.");
                }
            }
            finally
            {
                if (!keep)
                {
                    Advance(buffer.Start, buffer.End);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> ReadNextAsync(CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            var result = await ReadPipeAsync(cancellationToken);
            var buffer = result.Buffer;
            var keep = false;
            try
            {
                if (TryFrame(buffer, result.IsCompleted))
                {
                    keep = true;
                    Hold(_framed, _compressed);
                    return true;
                }

                if (result.IsCompleted)
                {
                    return false;
                }
            }
            finally
            {
                if (!keep)
                {
                    Advance(buffer.Start, buffer.End);
                }
            }
        }
    }

    /// <summary>Finds the message at the start of the buffer; false when it is incomplete or there is none.</summary>
    private bool TryFrame(ReadOnlySequence<byte> buffer, bool completed)
    {
        if (buffer.IsEmpty)
        {
            return false;
        }

        if (buffer.Length < Frames.HeaderBytes)
        {
            return completed ? throw Truncated() : false;
        }

        Span<byte> header = stackalloc byte[Frames.HeaderBytes];
        buffer.Slice(0, Frames.HeaderBytes).CopyTo(header);
        switch (header[0])
        {
            case 0:
                break;
            case 1 when MayBeCompressed:
                break;
            case 1:
                // The flag contradicts the headers: the specification's INTERNAL.
                throw Malformed(Code.Internal, "The message's compressed flag is set, but the call names no encoding.");
            default:
                throw Malformed(Code.InvalidArgument, $"The message starts with the flag {header[0]}; expected 0 or 1.");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)MaxBytes)
        {
            throw TooLarge(length);
        }

        if (buffer.Length - Frames.HeaderBytes < length)
        {
            return completed ? throw Truncated() : false;
        }

        _framed = buffer.Slice(Frames.HeaderBytes, length);
        _compressed = header[0] == Frames.Compressed;
        return true;
    }

    private static RpcException Truncated() => Malformed(Code.InvalidArgument, "The call ends in the middle of a message.");
}
