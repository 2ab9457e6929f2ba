using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Client.Calls;

/// <summary>Takes messages, and at the end the status, out of one response.</summary>
internal sealed class ReplyReader<TReply> : IDisposable
    where TReply : class, IMessage<TReply>
{
    private const int HeaderBytes = 5;
    private const int FirstBufferBytes = 4096;

    private readonly HttpResponseMessage _response;
    private readonly Stream _stream;
    private readonly MessageParser<TReply> _parser;
    private readonly ResponseMetadata? _metadata;
    private readonly int _maxBytes;
    private readonly bool _gzip;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
    private int _start;
    private int _end;
    private bool _reading;

    private ReplyReader(HttpResponseMessage response, Stream stream, MessageParser<TReply> parser, int maxBytes, ResponseMetadata? metadata)
    {
        _response = response;
        _stream = stream;
        _parser = parser;
        _maxBytes = maxBytes;
        _metadata = metadata;
        _gzip = response.Headers.NonValidated.TryGetValues("grpc-encoding", out var encoding) && encoding.ToString() == Gzip.Name;
    }

    /// <summary>Opens a response; throws what it says when it is nothing but a status.</summary>
    public static async ValueTask<ReplyReader<TReply>> OpenAsync(
        HttpResponseMessage response, MessageParser<TReply> parser, int maxBytes, ResponseMetadata? metadata, CancellationToken cancellationToken)
    {
        if (metadata is not null)
        {
            metadata.Headers = CallMetadata.From(response.Headers);
        }

        if (StatusIn(response.Headers) is { } code and not Code.Ok)
        {
            if (metadata is not null)
            {
                metadata.Trailers = metadata.Headers;
            }

            throw CallException.From(code, response.Headers);
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new CallException(StatusOf(response.StatusCode), $"The server answers HTTP {(int)response.StatusCode} instead of a call's status.");
        }

        if (response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            throw new CallException(Code.Unknown, "The server answers something else than gRPC.");
        }

        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return new ReplyReader<TReply>(response, stream, parser, maxBytes, metadata);
    }

    /// <summary>Reads the next message; null when the call ended with OK.</summary>
    /// <exception cref="CallException">The call ended with another status.</exception>
    public async ValueTask<TReply?> ReadAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(HeaderBytes, cancellationToken))
        {
            ReadStatus();
            return null;
        }

        var flags = _buffer[_start];
        var length = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(_start + 1));
        if (flags != 0 && !(flags == Frames.Compressed && _gzip))
        {
            throw new CallException(Code.Internal, "The server sent a compressed message and named no encoding that was asked for.");
        }

        if (length > (uint)_maxBytes)
        {
            throw TooLarge(length);
        }

        _start += HeaderBytes;
        if (length > 0 && !await FillAsync((int)length, cancellationToken))
        {
            throw Truncated();
        }

        try
        {
            return flags == Frames.Compressed
                ? _parser.ParseFrom(Inflate(_buffer.AsMemory(_start, (int)length)))
                : _parser.ParseFrom(_buffer.AsSpan(_start, (int)length));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new CallException(Code.Internal, $"The reply is no valid {typeof(TReply).Name}.", e);
        }
        finally
        {
            _start += (int)length;
        }
    }

    public void Dispose()
    {
        _response.Dispose();
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0 && !_reading)
        {
            // A read that is still being cancelled keeps its buffer.
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Code? StatusIn(HttpHeaders headers) =>
        headers.NonValidated.TryGetValues("grpc-status", out var values)
            ? int.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code <= (int)Code.Unauthenticated
                ? (Code)code
                : Code.Unknown
            : null;

    private static Code StatusOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => Code.Internal,
        HttpStatusCode.Unauthorized => Code.Unauthenticated,
        HttpStatusCode.Forbidden => Code.PermissionDenied,
        HttpStatusCode.NotFound => Code.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => Code.Unavailable,
        _ => Code.Unknown,
    };

    private CallException TooLarge(long bytes) => new(Code.ResourceExhausted, $"The reply has {bytes} bytes; at most {_maxBytes} are allowed.");

    private byte[] Inflate(ReadOnlyMemory<byte> message)
    {
        var compressed = new ReadOnlySequence<byte>(message);
        if (Gzip.SizeOf(compressed) is var size && size > _maxBytes)
        {
            throw TooLarge(size);
        }

        return Gzip.TryInflate(compressed, out var inflated) ? inflated : throw new CallException(Code.Internal, "The reply is said to be compressed, and is no gzip.");
    }

    private static CallException Truncated() => new(Code.Internal, "The response ends in the middle of a message.");

    private void ReadStatus()
    {
        if (_metadata is not null)
        {
            _metadata.Trailers = CallMetadata.From(_response.TrailingHeaders);
        }

        var code = StatusIn(_response.TrailingHeaders) ?? StatusIn(_response.Headers)
            ?? throw new CallException(Code.Unknown, "The server ended the call without a status.");
        if (code != Code.Ok)
        {
            throw CallException.From(code, _response.TrailingHeaders);
        }
    }

    /// <summary>Makes sure that so many bytes are in the buffer; false when the response ends before the first.</summary>
    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
    {
        if (_end - _start >= count)
        {
            return true;
        }

        MakeRoom(count);
        while (_end - _start < count)
        {
            _reading = true;
            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _reading = false;
            if (read == 0)
            {
                return _end == _start ? false : throw Truncated();
            }

            _end += read;
        }

        return true;
    }

    private void MakeRoom(int count)
    {
        var held = _end - _start;
        if (_buffer.Length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(count);
            _buffer.AsSpan(_start, held).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
        }

        _start = 0;
        _end = held;
    }
}
