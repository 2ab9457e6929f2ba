using System.Net;
using System.Runtime.CompilerServices;
using Cdp.Client.Calls;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Client;

/// <summary>
/// A way to one server over HTTP/2 (in clear text for an <c>http</c> address). Opens connections as calls need them,
/// and keeps them; make one and share it. Safe for use by many threads.
/// </summary>
public sealed class RpcChannel : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly Uri _address;
    private readonly RpcChannelOptions _options;
    private readonly string? _authorization;

    /// <summary>Makes a channel; nothing is sent before the first call.</summary>
    /// <param name="address">The server, e.g. "http://localhost:5080".</param>
    /// <param name="options">How to reach it.</param>
    public RpcChannel(Uri address, RpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException("The address must begin with http:// or https://.", nameof(address));
        }

        _address = address;
        _options = options ?? new RpcChannelOptions();
        _authorization = _options.BearerToken is { } token ? $"Bearer {token}" : null;
        _http = new HttpMessageInvoker(_options.Handler ?? new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = _options.ConnectTimeout,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            KeepAlivePingDelay = TimeSpan.FromSeconds(60),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        });
    }

    /// <summary>Sends one request and waits for its one reply.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<TReply> UnaryAsync<TRequest, TReply>(
        ClientMethod<TRequest, TReply> method,
        TRequest request,
        CallOptions? options = null,
        CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(request);
        var timeout = options?.Timeout ?? _options.DefaultTimeout;
        using var scope = new CallScope(timeout, _options.Time, cancellationToken);
        try
        {
            var content = new MessageContent(request, _options);
            using var reader = await OpenAsync(method, content, options, timeout, scope.Token);
            var reply = await reader.ReadAsync(scope.Token);
            return reply is not null && await reader.ReadAsync(scope.Token) is null
                ? reply
                : throw new CallException(Code.Internal, "The server did not send exactly one reply.");
        }
        catch (Exception e) when (e is not CallException)
        {
            throw scope.Translate(e);
        }
    }

    /// <summary>Sends one request and reads its replies as they come. Leaving the enumeration early cancels the call.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public async IAsyncEnumerable<TReply> ServerStreamingAsync<TRequest, TReply>(
        ClientMethod<TRequest, TReply> method,
        TRequest request,
        CallOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(request);
        await using var call = Start(method, options, new MessageContent(request, _options), cancellationToken);
        await foreach (var reply in call.ReadAllAsync(CancellationToken.None))
        {
            yield return reply;
        }
    }

    /// <summary>Starts a call with many requests and one reply.</summary>
    /// <param name="method">The method.</param>
    /// <param name="options">What the call says beside its messages.</param>
    /// <param name="cancellationToken">Cancels the whole call.</param>
    public ClientStreamingCall<TRequest, TReply> ClientStreaming<TRequest, TReply>(
        ClientMethod<TRequest, TReply> method, CallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => new(DuplexStreaming(method, options, cancellationToken));

    /// <summary>Starts a call on which both sides send messages.</summary>
    /// <inheritdoc cref="ClientStreaming{TRequest,TReply}"/>
    public DuplexCall<TRequest, TReply> DuplexStreaming<TRequest, TReply>(
        ClientMethod<TRequest, TReply> method, CallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(method);
        return Start(method, options, single: null, cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private DuplexCall<TRequest, TReply> Start<TRequest, TReply>(
        ClientMethod<TRequest, TReply> method, CallOptions? options, HttpContent? single, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        var scope = new CallScope(options?.Timeout, _options.Time, cancellationToken);
        var streaming = new StreamingContent();
        var opening = OpenAsync(method, single ?? streaming, options, options?.Timeout, scope.Token);
        return new DuplexCall<TRequest, TReply>(scope, streaming, opening, _options);
    }

    private async Task<ReplyReader<TReply>> OpenAsync<TRequest, TReply>(
        ClientMethod<TRequest, TReply> method, HttpContent content, CallOptions? options, TimeSpan? timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, method.Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        var headers = request.Headers;
        headers.TryAddWithoutValidation("te", "trailers");
        if (_authorization is not null)
        {
            headers.TryAddWithoutValidation("authorization", _authorization);
        }

        if (timeout is { } span)
        {
            headers.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(span));
        }

        if (_options.Gzip)
        {
            headers.TryAddWithoutValidation("grpc-encoding", Gzip.Name);
            headers.TryAddWithoutValidation("grpc-accept-encoding", AcceptedEncodings.Ours);
        }

        foreach (var (name, value) in options?.Headers ?? [])
        {
            headers.TryAddWithoutValidation(name, value);
        }

        var response = await _http.SendAsync(request, cancellationToken);
        try
        {
            return await ReplyReader<TReply>.OpenAsync(response, method.Parser, _options.MaxReplyBytes, options?.Response, cancellationToken);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
