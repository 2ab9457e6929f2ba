using System.Collections.Frozen;
using Cdp.Rpc.Wire;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Cdp.Rpc.Serving;

/// <summary>Finds the method of a request and runs its call from the headers to the status.</summary>
internal sealed partial class RpcDispatcher : IDisposable
{
    private readonly FrozenDictionary<string, RpcMethod> _methods;
    private readonly HashSet<string> _services;
    private readonly CallGate? _gate;
    private readonly Func<Exception, RpcError?> _translate;
    private readonly ILogger _logger;
    private readonly RpcMetrics _metrics = new();
    private readonly CancellationTokenSource _stopping = new();

    public RpcDispatcher(IReadOnlyCollection<RpcService> services, RpcServerOptions options)
    {
        _methods = RpcService.Index(services);
        _services = services.Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        _gate = options.Gate;
        _logger = options.LoggerFactory.CreateLogger("Cdp.Rpc");
        Time = options.Time;
        ErrorDomain = options.ErrorDomain;
        _translate = options.Translate ?? (static _ => null);
        MaxRequestBytes = options.MaxRequestBytes;
        CompressFromBytes = options.CompressFromBytes ?? int.MaxValue;
        Stopping = _stopping.Token;
    }

    public TimeProvider Time { get; }

    public string ErrorDomain { get; }

    public int MaxRequestBytes { get; }

    /// <summary>Size from which messages are compressed for clients that take it.</summary>
    public int CompressFromBytes { get; }

    public CancellationToken Stopping { get; }

    /// <summary>Tells calls without an end of their own that it is time.</summary>
    public Task BeginStopAsync() => _stopping.CancelAsync();

    /// <summary>Serves one request of gRPC. Never throws.</summary>
    public Task ServeAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method))
        {
            http.Response.Headers.Allow = HttpMethods.Post;
            return Refuse(http, StatusCodes.Status405MethodNotAllowed, new(Code.Unimplemented, "A call of gRPC is a POST.") { Reason = "HTTP_METHOD_UNSUPPORTED" });
        }

        if (!GrpcHeaders.IsGrpc(http.Request.ContentType))
        {
            return Refuse(http, StatusCodes.Status415UnsupportedMediaType, new(Code.InvalidArgument, "The content-type must be application/grpc.") { Reason = "CONTENT_TYPE_UNSUPPORTED" });
        }

        if (!_methods.TryGetValue(http.Request.Path.Value ?? "", out var method))
        {
            return Refuse(http, StatusCodes.Status200OK, new(Code.Unimplemented, DescribeUnknown(http.Request.Path.Value ?? "")) { Reason = "METHOD_UNKNOWN" });
        }

        var headers = http.Request.Headers;
        if (!AcceptedEncodings.TryFind(headers[GrpcHeaders.Encoding], out var gzip))
        {
            http.Response.Headers[GrpcHeaders.AcceptEncoding] = AcceptedEncodings.Ours;
            return Refuse(http, StatusCodes.Status200OK, new(Code.Unimplemented, $"The grpc-encoding is not supported; it is one of: {AcceptedEncodings.Ours}.") { Reason = "ENCODING_UNSUPPORTED" });
        }

        TimeSpan? timeout = null;
        if (headers.TryGetValue(GrpcHeaders.Timeout, out var text))
        {
            if (!GrpcTimeout.TryParse(text.ToString(), out var parsed))
            {
                return Refuse(http, StatusCodes.Status200OK, new(Code.InvalidArgument, "The grpc-timeout must be one to eight digits and one of H, M, S, m, u, n.") { Reason = "TIMEOUT_MALFORMED" });
            }

            timeout = parsed;
        }

        return RunAsync(new ServerCall(this, http, method, timeout, gzip, CallProtocol.Grpc), http);
    }

    /// <summary>The method of a path; null when there is none.</summary>
    public RpcMethod? Find(string path) => _methods.GetValueOrDefault(path);

    /// <summary>Counts a call that reached no method.</summary>
    public void Refused(CallProtocol protocol, Code code) => _metrics.Refused(protocol.Tag, code);

    /// <summary>Says what is wrong with a path that leads to no method.</summary>
    public string DescribeUnknown(string path)
    {
        var parts = path.Split('/');
        return parts.Length == 3 && _services.Contains(parts[1])
            ? $"Service {parts[1]} has no method {parts[2]}."
            : $"This server has no service at '{path}'.";
    }

    /// <summary>What the client is told of an exception: of a bug nothing, it is written to the log.</summary>
    public RpcError ErrorOf(Exception exception, string path)
    {
        if (_translate(exception) is { } translated)
        {
            return translated;
        }

        ReportBug(path, exception);
        return new RpcError(Code.Internal, "The server failed to answer this call; its log says why.");
    }

    public void ReportBug(string path, Exception exception) => HandlerFailed(_logger, exception, path);

    public void Dispose()
    {
        _stopping.Dispose();
        _metrics.Dispose();
    }

    private static void AllowSlowClient(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    /// <summary>Runs a call from its gate to its end. Never throws.</summary>
    public async Task RunAsync(ServerCall call, HttpContext http)
    {
        var method = call.Bound;
        var started = Time.GetTimestamp();
        _metrics.Started(call);
        var span = RpcSpans.Start(call, http.Request.Headers);
        RpcError? error = null;
        try
        {
            if (method.RequestStreaming)
            {
                AllowSlowClient(http);
            }

            if (_gate is not null && method.Service.Gated)
            {
                var passing = _gate(call);
                if (!passing.IsCompleted)
                {
                    call.WatchDeadline();
                }

                error = await passing;
            }

            if (error is null)
            {
                await method.ServeAsync(call);
            }
        }
        catch (Exception e)
        {
            error = call.Classify(e);
        }

        var code = await call.EndAsync(error);
        RpcSpans.End(span, code);
        _metrics.Ended(call, code, Time.GetElapsedTime(started));
    }

    /// <summary>Answers a request that reached no method: everything in one block of headers.</summary>
    private Task Refuse(HttpContext http, int httpStatus, RpcError error)
    {
        Refused(CallProtocol.Grpc, error.Code);
        http.Response.StatusCode = httpStatus;
        http.Response.ContentType = GrpcHeaders.ContentType;
        GrpcHeaders.WriteStatus(http.Response.Headers, error, ErrorDomain);
        return Task.CompletedTask;
    }

    [LoggerMessage(LogLevel.Error, "A handler of {Path} failed.")]
    private static partial void HandlerFailed(ILogger logger, Exception exception, string path);
}
