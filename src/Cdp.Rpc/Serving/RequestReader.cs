using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Cdp.Rpc.Serving.Connect;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving;

/// <summary>
/// Takes messages out of a request's body. At most one message is held at a time; unless it was decoded, it stays in the
/// pipe's memory until it is released.
/// </summary>
/// <param name="call">The call.</param>
/// <param name="pipe">The body.</param>
/// <param name="maxBytes">Largest message.</param>
/// <param name="gzip">Whether messages may be compressed.</param>
/// <param name="json">Turns messages of JSON into protobuf's; null: they are that already.</param>
internal abstract class RequestReader(ServerCall call, PipeReader pipe, int maxBytes, bool gzip, JsonMessages? json)
{
    private SequencePosition _next;
    private bool _held;

    /// <summary>The message held, in protobuf's encoding.</summary>
    public ReadOnlySequence<byte> Payload { get; private set; }

    /// <summary>Largest message.</summary>
    protected int MaxBytes => maxBytes;

    /// <summary>Whether messages may be compressed: the call named gzip.</summary>
    protected bool MayBeCompressed => gzip;

    /// <summary>
    /// Reads the only message of a call, up to the end of the body: so a second message is noticed, and the server
    /// need not reset a stream whose end it has not seen.
    /// </summary>
    public abstract ValueTask ReadSingleAsync();

    /// <summary>Reads the next message of a stream; false at its end.</summary>
    public abstract ValueTask<bool> ReadNextAsync(CancellationToken cancellationToken);

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

    /// <summary>Holds a message that stands in the buffer read last, whose end the pipe may be advanced to.</summary>
    /// <param name="message">The message.</param>
    /// <param name="compressed">Whether it is to be inflated.</param>
    protected void Hold(ReadOnlySequence<byte> message, bool compressed)
    {
        _next = message.End;
        _held = true;
        try
        {
            // By the protocol of Connect, nothing is nothing also where it is said to be compressed.
            Payload = compressed && !message.IsEmpty ? Inflate(message) : message;
            if (json is null)
            {
                return;
            }

            Payload = new ReadOnlySequence<byte>(json.ToProtobuf(Payload));
            if (Payload.Length > maxBytes)
            {
                throw TooLarge(Payload.Length);
            }
        }
        catch
        {
            Release();
            throw;
        }
    }

    private ReadOnlySequence<byte> Inflate(ReadOnlySequence<byte> message)
    {
        // A bomb is refused by what it says of itself, or by what it turns out to be; neither takes memory above the limit.
        if (Gzip.SizeOf(message) is var size && size > maxBytes)
        {
            throw TooLarge(size);
        }

        return Gzip.TryInflate(message, out var inflated)
            ? new ReadOnlySequence<byte>(inflated)
            : throw Malformed(Code.InvalidArgument, "The message is said to be compressed, and is no gzip: damaged, cut off, or of another size than it says.");
    }

    protected static RpcException Malformed(Code code, string message, string reason = "REQUEST_MALFORMED") =>
        new RpcError(code, message) { Reason = reason }.ToException();

    protected RpcException TooLarge(long length) =>
        Malformed(Code.ResourceExhausted, $"The message has {length} bytes; at most {maxBytes} are allowed.", call.Bound.Service.TooLargeReason);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected async ValueTask<ReadResult> ReadPipeAsync(CancellationToken cancellationToken)
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
            throw Lost(e);
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
            throw Lost(e);
        }
    }

    /// <summary>What it means that the body ended before its end: it is malformed or too slow, or else the client is gone.</summary>
    private static Exception Lost(Exception exception) => exception switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => Malformed(Code.Cancelled, "The body came too slowly, so the server has stopped waiting for it.", "BODY_TOO_SLOW"),
        BadHttpRequestException malformed => Malformed(Code.InvalidArgument, $"The body breaks the rules of HTTP: {malformed.Message}"),

        // So Kestrel says it of the size of a chunk that no number holds.
        IOException { InnerException: OverflowException } malformed => Malformed(Code.InvalidArgument, $"The body breaks the rules of HTTP: {malformed.Message}"),
        _ => new ClientGoneException(exception),
    };

    /// <summary>Gives memory back; that may be the moment at which the transport notices that the client is gone.</summary>
    protected void Advance(SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            pipe.AdvanceTo(consumed, examined);
        }
        catch (IOException e)
        {
            throw Lost(e);
        }
    }
}
