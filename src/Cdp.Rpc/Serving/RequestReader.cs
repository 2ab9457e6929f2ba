using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Serving;

/// <summary>
/// Takes length-prefixed messages out of a request's body. At most one message is held at a time; it stays in the
/// pipe's memory until it is released.
/// </summary>
internal sealed class RequestReader(ServerCall call, PipeReader pipe, int maxBytes)
{
    private const int HeaderBytes = 5;

    private SequencePosition _next;
    private bool _held;

    /// <summary>The message held.</summary>
    public ReadOnlySequence<byte> Payload { get; private set; }

    /// <summary>
    /// Reads the only message of a call, up to the end of the body: so a second message is noticed, and the server
    /// need not reset a stream whose end it has not seen.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadSingleAsync()
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
                    if (!buffer.Slice(_next).IsEmpty)
                    {
                        throw Malformed(Code.Internal, "The method takes exactly one message; the call carries more.");
                    }

                    if (result.IsCompleted)
                    {
                        keep = _held = true;
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

    /// <summary>Reads the next message of a stream; false at its end.</summary>
    public async ValueTask<bool> ReadNextAsync(CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            var result = await ReadPipeAsync(cancellationToken);
            var buffer = result.Buffer;
            try
            {
                if (TryFrame(buffer, result.IsCompleted))
                {
                    return _held = true;
                }

                if (result.IsCompleted)
                {
                    return false;
                }
            }
            finally
            {
                if (!_held)
                {
                    Advance(buffer.Start, buffer.End);
                }
            }
        }
    }

    /// <summary>Parses the message held and gives its memory back.</summary>
    public T ParseAndRelease<T>(MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(Payload);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw Malformed(Code.InvalidArgument, $"The message is no valid {typeof(T).Name}: {e.Message}");
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Gives the memory of the message held, if any, back.</summary>
    public void Release()
    {
        if (!_held)
        {
            return;
        }

        _held = false;
        Payload = default;
        Advance(_next, _next);
    }

    private static RpcException Malformed(Code code, string message, string reason = "REQUEST_MALFORMED") =>
        new RpcError(code, message) { Reason = reason }.ToException();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadPipeAsync(CancellationToken cancellationToken)
    {
        if (TryRead(out var ready))
        {
            return ready;
        }

        using var linked = cancellationToken.CanBeCanceled && call.WaitToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.WaitToken)
            : null;
        var token = linked?.Token ?? (cancellationToken.CanBeCanceled ? cancellationToken : call.WaitToken);
        try
        {
            return await pipe.ReadAsync(token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever the transport calls it, the client's half of the call is lost.
            throw new ClientGoneException(e);
        }
    }

    private bool TryRead(out ReadResult ready)
    {
        try
        {
            return pipe.TryRead(out ready);
        }
        catch (IOException e)
        {
            throw new ClientGoneException(e);
        }
    }

    /// <summary>Gives memory back; that may be the moment at which the transport notices that the client is gone.</summary>
    private void Advance(SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            pipe.AdvanceTo(consumed, examined);
        }
        catch (IOException e)
        {
            throw new ClientGoneException(e);
        }
    }

    /// <summary>Finds the message at the start of the buffer; false when it is incomplete or there is none.</summary>
    private bool TryFrame(ReadOnlySequence<byte> buffer, bool completed)
    {
        if (buffer.IsEmpty)
        {
            return false;
        }

        if (buffer.Length < HeaderBytes)
        {
            return completed ? throw Truncated() : false;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        buffer.Slice(0, HeaderBytes).CopyTo(header);
        switch (header[0])
        {
            case 0:
                break;
            case 1:
                // Only the identity encoding is taken, so the flag contradicts the headers: the specification's INTERNAL.
                throw Malformed(Code.Internal, "The message's compressed flag is set, but the call names no grpc-encoding.");
            default:
                throw Malformed(Code.InvalidArgument, $"The message starts with the flag {header[0]}; expected 0 or 1.");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)maxBytes)
        {
            throw Malformed(Code.ResourceExhausted, $"The message has {length} bytes; at most {maxBytes} are allowed.", call.Bound.Service.TooLargeReason);
        }

        if (buffer.Length - HeaderBytes < length)
        {
            return completed ? throw Truncated() : false;
        }

        Payload = buffer.Slice(HeaderBytes, length);
        _next = Payload.End;
        return true;
    }

    private static RpcException Truncated() => Malformed(Code.InvalidArgument, "The call ends in the middle of a message.");
}
