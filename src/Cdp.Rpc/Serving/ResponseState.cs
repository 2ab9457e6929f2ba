using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cdp.Rpc.Serving;

/// <summary>
/// The response of one call. One writer at a time; ended exactly once. An end that comes while a write is under way is
/// carried out by that writer.
/// </summary>
internal abstract class ResponseState(HttpContext http, RpcDispatcher dispatcher)
{
    private const int Http2InternalError = 2;

    private readonly Lock _lock = new();
    private List<KeyValuePair<string, string>>? _headers;
    private List<KeyValuePair<string, string>>? _trailers;
    private TaskCompletionSource<Task>? _completed;
    private RpcError? _end;
    private bool _writing;
    private bool _ended;
    private bool _started;
    private bool _broken;

    /// <summary>Where it goes.</summary>
    protected HttpContext Http => http;

    /// <summary>Names who the reasons of errors belong to.</summary>
    protected string ErrorDomain => dispatcher.ErrorDomain;

    /// <summary>Whether a message of this size is worth to be compressed.</summary>
    protected bool IsLarge(int bytes) => bytes >= dispatcher.CompressFromBytes;

    /// <summary>Whether a header of the request lists gzip.</summary>
    protected bool ClientTakesGzip(string acceptHeader) => AcceptedEncodings.TakesGzip(http.Request.Headers[acceptHeader].ToString());

    /// <summary>Whether the headers are settled: something was written, or they were sent.</summary>
    protected bool IsStarted => _started;

    public void AddHeader(string name, string value)
    {
        lock (_lock)
        {
            if (_started || _ended)
            {
                throw new InvalidOperationException("The headers were sent already.");
            }

            (_headers ??= []).Add(new(name, value));
        }
    }

    public void AddTrailer(string name, string value)
    {
        lock (_lock)
        {
            if (!_ended)
            {
                (_trailers ??= []).Add(new(name, value));
            }
        }
    }

    /// <summary>Begins a write; false when the call has ended and nothing may be written any more.</summary>
    public bool TryBeginWrite()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return false;
            }

            if (_writing)
            {
                throw new InvalidOperationException("The previous write has not returned; write one message at a time.");
            }

            return _writing = true;
        }
    }

    public void EndWrite()
    {
        TaskCompletionSource<Task>? completed;
        lock (_lock)
        {
            _writing = false;
            completed = _ended ? _completed : null;
        }

        completed?.SetResult(CompleteAsync());
    }

    public void WriteMessage(IMessage message)
    {
        Start();
        _broken = true;
        Write(message);
        _broken = false;
    }

    /// <summary>The same with a message that is encoded already.</summary>
    public void WriteMessage(ReadOnlySpan<byte> message)
    {
        Start();
        _broken = true;
        Write(message);
        _broken = false;
    }

    /// <summary>Sends what was written; returns when the client's flow control has taken it.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        // Not with the token: the server would answer its cancellation by resetting the stream, status and all.
        var flushed = await http.Response.BodyWriter.FlushAsync(CancellationToken.None);

        if (flushed.IsCanceled || cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call has ended: nothing can be written any more.", cancellationToken);
        }

        // A flush returns normally when the client has gone, and may do so before the token is cancelled.
        if (flushed.IsCompleted)
        {
            throw new ClientGoneException();
        }
    }

    public virtual ValueTask FlushHeadersAsync(CancellationToken cancellationToken)
    {
        Start();
        return FlushAsync(cancellationToken);
    }

    /// <summary>Ends the response as the handler returns. Returns the status that the client gets.</summary>
    public ValueTask<Code> EndAsync(RpcError? error)
    {
        TaskCompletionSource<Task>? completed;
        lock (_lock)
        {
            if (!_ended)
            {
                _ended = true;
                _end = error;
                _completed = _writing ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;
            }

            completed = _completed;
        }

        if (completed is not null)
        {
            return AwaitCompletionAsync(completed);
        }

        Apply();
        return new(StatusOf(error));
    }

    /// <summary>Ends the response while the handler still runs; the handler's late writes are refused.</summary>
    public void EndOutOfBand(RpcError error)
    {
        TaskCompletionSource<Task> completed;
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            _end = error;
            _completed = completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_writing)
            {
                // Within the lock: once the write has ended, the writer may serve another call.
                http.Response.BodyWriter.CancelPendingFlush();
                return;
            }
        }

        completed.SetResult(CompleteAsync());
    }

    private static Code StatusOf(RpcError? error) => error?.Code ?? Code.Ok;

    private async ValueTask<Code> AwaitCompletionAsync(TaskCompletionSource<Task> completed)
    {
        await await completed.Task;
        return StatusOf(_end);
    }

    /// <summary>Sends the end now. <see cref="EndAsync"/>, which every call comes to, waits for it.</summary>
    private async Task CompleteAsync()
    {
        try
        {
            Apply();
            await http.Response.CompleteAsync();
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to be told.
        }
        catch (Exception e)
        {
            dispatcher.ReportBug(http.Request.Path, e);
        }
    }

    /// <summary>Settles the response's own headers.</summary>
    protected abstract void WriteHead(IHeaderDictionary headers);

    /// <summary>Writes a message. What is half written when this throws breaks the response.</summary>
    protected abstract void Write(IMessage message);

    /// <inheritdoc cref="Write(IMessage)"/>
    protected abstract void Write(ReadOnlySpan<byte> message);

    /// <summary>Writes the end.</summary>
    /// <param name="error">How the call ended; null: well.</param>
    protected abstract void WriteEnd(RpcError? error);

    /// <summary>Settles the headers, once.</summary>
    protected void Start()
    {
        if (_started)
        {
            return;
        }

        lock (_lock)
        {
            _started = true;
        }

        WriteHead(http.Response.Headers);
        Copy(_headers, http.Response.Headers);
    }

    /// <summary>The trailers that the handler added; null: none.</summary>
    protected List<KeyValuePair<string, string>>? Trailers => _trailers;

    protected static void Copy(List<KeyValuePair<string, string>>? from, IHeaderDictionary to)
    {
        if (from is null)
        {
            return;
        }

        foreach (var (name, value) in from)
        {
            to.Append(name, value);
        }
    }

    private void Apply()
    {
        if (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (_broken)
        {
            // Half a message is in the stream: no status could repair it.
            if (http.Features.Get<IHttpResetFeature>() is { } stream) stream.Reset(Http2InternalError);
            else http.Abort();
            return;
        }

        WriteEnd(_end);
    }
}
