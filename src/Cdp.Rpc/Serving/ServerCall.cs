using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving;

/// <summary>
/// One call: its context, its deadline and its response. The response is ended once, by whoever comes first: the
/// handler's return or the deadline.
/// </summary>
internal sealed class ServerCall : ServerCallContext
{
    private readonly RpcDispatcher _dispatcher;
    private readonly HttpContext _http;
    private readonly ResponseState _response;
    private readonly TimeSpan? _timeout;
    private readonly DateTimeOffset _deadline;
    private CallDeadline? _watch;

    public ServerCall(RpcDispatcher dispatcher, HttpContext http, RpcMethod method, TimeSpan? timeout, bool gzip, CallProtocol protocol)
    {
        _dispatcher = dispatcher;
        _http = http;
        Bound = method;
        _timeout = timeout;
        _deadline = DateTimeOffset.MaxValue;
        if (timeout is { } span)
        {
            var now = dispatcher.Time.GetUtcNow();
            _deadline = DateTimeOffset.MaxValue - now > span ? now + span : DateTimeOffset.MaxValue;
        }

        Protocol = protocol;
        Requests = protocol.Read(this, http.Request.BodyReader, method.MaxRequestBytes ?? dispatcher.MaxRequestBytes, gzip);
        _response = protocol.Respond(http, dispatcher, method);
    }

    public CallProtocol Protocol { get; }

    public RpcMethod Bound { get; }

    public RequestReader Requests { get; }

    public override string Method => Bound.Path;

    public override string Peer => _http.Connection is { RemoteIpAddress: { } address, RemotePort: var port }
        ? new System.Net.IPEndPoint(address, port).ToString()
        : "unknown";

    public override DateTimeOffset Deadline => _deadline;

    public override CancellationToken Stopping => _dispatcher.Stopping;

    /// <remarks>Made on first use: most unary calls end without anyone asking.</remarks>
    public override CancellationToken CancellationToken =>
        _timeout is null ? _http.RequestAborted : WatchedDeadline().Token;

    public override string? GetHeader(string name)
    {
        var values = _http.Request.Headers[name];
        return values.Count == 0 ? null : values.ToString();
    }

    public override IReadOnlyList<byte[]> GetBinaryHeader(string name)
    {
        var values = _http.Request.Headers[name];
        if (values.Count == 0)
        {
            return [];
        }

        var decoded = new List<byte[]>(values.Count);
        foreach (var part in values.SelectMany(value => (value ?? "").Split(',')))
        {
            decoded.Add(BinaryMetadata.TryDecode(part, out var bytes)
                ? bytes
                : throw new RpcException(Code.InvalidArgument, $"The metadata '{name}' is no base64."));
        }

        return decoded;
    }

    public override void AddHeader(string name, string value)
    {
        BinaryMetadata.Validate(name, value);
        _response.AddHeader(name, value);
    }

    public override void AddHeader(string name, ReadOnlySpan<byte> value)
    {
        BinaryMetadata.Validate(name, asciiValue: null);
        _response.AddHeader(name, BinaryMetadata.Encode(value));
    }

    public override void AddTrailer(string name, string value)
    {
        BinaryMetadata.Validate(name, value);
        _response.AddTrailer(name, value);
    }

    public override void AddTrailer(string name, ReadOnlySpan<byte> value)
    {
        BinaryMetadata.Validate(name, asciiValue: null);
        _response.AddTrailer(name, BinaryMetadata.Encode(value));
    }

    public override async ValueTask WriteHeadersAsync()
    {
        if (!_response.TryBeginWrite())
        {
            throw Ended();
        }

        try
        {
            await _response.FlushHeadersAsync(CancellationToken);
        }
        finally
        {
            _response.EndWrite();
        }
    }

    /// <summary>Puts the only reply of a call into the response; it leaves together with the status.</summary>
    public void WriteReply<T>(T reply)
        where T : class, IMessage<T>
    {
        if (reply is null)
        {
            throw new InvalidOperationException("The handler returned no reply.");
        }

        if (!_response.TryBeginWrite())
        {
            return;
        }

        try
        {
            _response.WriteMessage(reply);
        }
        finally
        {
            _response.EndWrite();
        }
    }

    /// <summary>The same with a reply that is encoded already.</summary>
    public void WriteReply(ReadOnlyMemory<byte> reply)
    {
        if (!_response.TryBeginWrite())
        {
            return;
        }

        try
        {
            _response.WriteMessage(reply.Span);
        }
        finally
        {
            _response.EndWrite();
        }
    }

    /// <summary>Sends one of many replies.</summary>
    public async Task WriteAsync<T>(T message)
        where T : class, IMessage<T>
    {
        if (!_response.TryBeginWrite())
        {
            throw Ended();
        }

        try
        {
            _response.WriteMessage(message);
            await _response.FlushAsync(CancellationToken);
        }
        finally
        {
            _response.EndWrite();
        }
    }

    /// <summary>Starts to watch the deadline, if there is one and it is not watched yet.</summary>
    public void WatchDeadline()
    {
        if (_timeout is not null)
        {
            WatchedDeadline();
        }
    }

    /// <summary>The token for a read that has to wait; none when only the transport can end it.</summary>
    public CancellationToken WaitToken => _timeout is null ? default : CancellationToken;

    /// <summary>Turns what came out of a handler into what the client is told.</summary>
    public RpcError Classify(Exception exception)
    {
        if (exception is RpcException refused)
        {
            return refused.Error;
        }

        if (_watch is { HasPassed: true })
        {
            return CallDeadline.Exceeded;
        }

        if (exception is ClientGoneException || _http.RequestAborted.IsCancellationRequested)
        {
            return new RpcError(Code.Cancelled, "The client cancelled the call.");
        }

        return _dispatcher.ErrorOf(exception, Bound.Path);
    }

    /// <summary>Ends the response with a status, unless the deadline was faster. Returns the status that was sent.</summary>
    public async ValueTask<Code> EndAsync(RpcError? error)
    {
        var ended = await _response.EndAsync(error);
        _watch?.Dispose();
        return ended;
    }

    /// <summary>Answers at the deadline, whatever the handler does.</summary>
    public void OnDeadline() => _response.EndOutOfBand(CallDeadline.Exceeded);

    /// <summary>Writes an exception to the log that nobody is told of otherwise.</summary>
    public void ReportBug(Exception exception) => _dispatcher.ReportBug(Bound.Path, exception);

    private CallDeadline WatchedDeadline()
    {
        if (_watch is null)
        {
            var watch = new CallDeadline(this, _dispatcher.Time, _http.RequestAborted);
            if (Interlocked.CompareExchange(ref _watch, watch, null) is null)
            {
                watch.Start(_deadline - _dispatcher.Time.GetUtcNow());
            }
        }

        return _watch;
    }

    private OperationCanceledException Ended() => new("The call has ended: nothing can be written any more.", CancellationToken);
}
