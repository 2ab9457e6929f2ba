using System.Runtime.CompilerServices;
using Cdp.Client.Calls;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Client;

/// <summary>A call on which both sides send messages. Disposing it before its end cancels it.</summary>
public sealed class DuplexCall<TRequest, TReply> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    private readonly CallScope _scope;
    private readonly StreamingContent _content;
    private readonly Task<ReplyReader<TReply>> _opening;
    private readonly RpcChannelOptions _options;
    private bool _completed;

    internal DuplexCall(CallScope scope, StreamingContent content, Task<ReplyReader<TReply>> opening, RpcChannelOptions options)
    {
        _scope = scope;
        _content = content;
        _options = options;
        _opening = AbandonOnFailureAsync(opening);
    }

    /// <summary>Sends a message; returns when the server's flow control has taken it. One write at a time.</summary>
    /// <exception cref="CallException">The call has ended; the status says why.</exception>
    public async Task WriteAsync(TRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_completed)
        {
            throw new InvalidOperationException("The requests were completed already.");
        }

        var frame = MessageContent.Frame(request, _options);
        try
        {
            var body = await _content.Opened.WaitAsync(cancellationToken);
            await body.WriteAsync(frame, cancellationToken);
            await body.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The server answered before it had read everything, or the connection is lost: its status tells which. It is known
            // a moment after the write that it failed.
            await _opening.WaitAsync(cancellationToken);
            throw e is OperationCanceledException && !_scope.Token.IsCancellationRequested
                ? new CallException(Code.Unavailable, "The server ended the call; its replies say why.", e)
                : _scope.Translate(e);
        }
    }

    /// <summary>Tells the server that no further request comes.</summary>
    public Task CompleteAsync()
    {
        _completed = true;
        _content.Finish();
        return Task.CompletedTask;
    }

    /// <summary>Waits for the next reply; null at the end of a call that ended with OK.</summary>
    /// <exception cref="CallException">The call ended with another status.</exception>
    public async Task<TReply?> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reader = await _opening.WaitAsync(cancellationToken);
        using var linked = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(_scope.Token, cancellationToken)
            : null;
        try
        {
            var reply = await reader.ReadAsync(linked?.Token ?? _scope.Token);
            if (reply is null)
            {
                _content.Abandon();
            }

            return reply;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _content.Abandon();
            throw _scope.Translate(e);
        }
    }

    /// <summary>Reads all replies.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public async IAsyncEnumerable<TReply> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken) is { } reply)
        {
            yield return reply;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _scope.Cancel();
        _content.Abandon();
        try
        {
            (await _opening).Dispose();
        }
        catch (Exception e) when (e is CallException or OperationCanceledException)
        {
            // The call is over either way; who wanted its outcome has read it.
        }

        _scope.Dispose();
    }

    private async Task<ReplyReader<TReply>> AbandonOnFailureAsync(Task<ReplyReader<TReply>> opening)
    {
        try
        {
            return await opening;
        }
        catch (Exception e)
        {
            _content.Abandon();
            throw _scope.Translate(e);
        }
    }
}
