using System.Globalization;
using Cdp.Rpc.Wire;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>
/// Serves the requests of HTTP/1.1: calls by the protocol of Connect, and for whoever watches the process <c>/healthz</c> (it
/// answers), <c>/readyz</c> (it takes calls) and <c>/metrics</c>.
/// </summary>
internal sealed class ConnectFront(RpcDispatcher dispatcher, HealthService health, MetricsPage? metrics, IOriginPolicy? origins)
{
    private const string ProtocolVersion = "Connect-Protocol-Version";
    private const string TimeoutHeader = "Connect-Timeout-Ms";
    private const int MostTimeoutDigits = 10;

    private readonly CrossOrigin? _crossOrigin = origins is null ? null : new CrossOrigin(origins);

    /// <summary>Serves one request. Never throws.</summary>
    public Task ServeAsync(HttpContext http)
    {
        var request = http.Request;
        var path = request.Path.Value ?? "";
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            switch (path)
            {
                case "/healthz":
                    return SayAsync(http, StatusCodes.Status200OK, "alive");
                case MetricsPage.Path when metrics is not null:
                    return metrics.ServeAsync(http);
                case "/readyz":
                    return health.IsServing ? SayAsync(http, StatusCodes.Status200OK, "ready") : SayAsync(http, StatusCodes.Status503ServiceUnavailable, "not ready");
            }
        }

        if (_crossOrigin is not null) CrossOrigin.Vary(http.Response);
        if (dispatcher.Find(path) is not { } method)
            return RefuseAsync(http, StatusCodes.Status404NotFound, "METHOD_UNKNOWN", Code.Unimplemented, $"{dispatcher.DescribeUnknown(path)} A call is a POST of JSON to /PACKAGE.SERVICE/METHOD.");
        if (_crossOrigin is not null && CrossOrigin.IsPreflight(request)) return AnswerPreflightAsync(http, _crossOrigin);
        if (!HttpMethods.IsPost(request.Method))
        {
            http.Response.Headers.Allow = HttpMethods.Post;
            return RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "HTTP_METHOD_UNSUPPORTED", Code.Unimplemented, "A call is a POST.");
        }

        var isStream = method.RequestStreaming || method.ReplyStreaming;
        var protocol = Find(request.ContentType);
        if (protocol is null || protocol.IsStream != isStream)
        {
            var accepted = string.Join(", ", ConnectProtocol.All.Where(form => form.IsStream == isStream).Select(form => form.ContentType));
            http.Response.Headers["Accept-Post"] = accepted;
            return RefuseAsync(http, StatusCodes.Status415UnsupportedMediaType, "CONTENT_TYPE_UNSUPPORTED", Code.InvalidArgument, $"The content-type of {method.FullName} is one of: {accepted}.");
        }

        if (method.RequestStreaming && method.ReplyStreaming)
            return RefuseAsync(http, method, protocol, "STREAMS_UNSUPPORTED", Code.Unimplemented, $"{method.FullName} streams both ways at once, which HTTP/1.1 cannot; call it by gRPC.");
        var version = request.Headers[ProtocolVersion];
        if (version.Count > 0 && version != "1")
            return RefuseAsync(http, method, protocol, "PROTOCOL_VERSION_UNSUPPORTED", Code.InvalidArgument, $"The {ProtocolVersion} must be 1.");
        if (!AcceptedEncodings.TryFind(request.Headers[protocol.EncodingHeader], out var gzip))
        {
            http.Response.Headers[protocol.AcceptEncodingHeader] = AcceptedEncodings.Ours;
            return RefuseAsync(http, method, protocol, "ENCODING_UNSUPPORTED", Code.Unimplemented, $"The {protocol.EncodingHeader} is not supported; it is one of: {AcceptedEncodings.Ours}.");
        }

        TimeSpan? timeout = null;
        if (request.Headers.TryGetValue(TimeoutHeader, out var text))
        {
            if (text.ToString() is not { Length: > 0 and <= MostTimeoutDigits } digits || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
                return RefuseAsync(http, method, protocol, "TIMEOUT_MALFORMED", Code.InvalidArgument, $"The {TimeoutHeader} must be a number of milliseconds of at most {MostTimeoutDigits} digits.");
            timeout = TimeSpan.FromMilliseconds(milliseconds);
        }

        var call = new ServerCall(dispatcher, http, method, timeout, gzip, protocol);
        _crossOrigin?.Watch(http, call);
        return dispatcher.RunAsync(call, http);
    }

    private async Task AnswerPreflightAsync(HttpContext http, CrossOrigin crossOrigin)
    {
        try
        {
            if (!await crossOrigin.TryAllowAsync(http)) await RefuseAsync(http, StatusCodes.Status403Forbidden, CrossOrigin.Forbidden);
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            var error = dispatcher.ErrorOf(e, http.Request.Path);
            await RefuseAsync(http, ConnectErrors.StatusOf(error.Code), error);
        }
        catch (Exception)
        {
            // Nobody is left to be told.
        }
    }

    private static ConnectProtocol? Find(string? contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var parsed)) return null;
        if (parsed.Charset.HasValue && !parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)) return null;
        return ConnectProtocol.All.FirstOrDefault(form => parsed.MediaType.Equals(form.ContentType, StringComparison.OrdinalIgnoreCase));
    }

    private static Task SayAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.WriteAsync(text, http.RequestAborted);
    }

    /// <summary>Refuses a call in the form in which its client reads answers.</summary>
    private async Task RefuseAsync(HttpContext http, RpcMethod method, ConnectProtocol protocol, string reason, Code code, string message)
    {
        dispatcher.Refused(protocol, code);
        await new ServerCall(dispatcher, http, method, timeout: null, gzip: false, protocol).EndAsync(new RpcError(code, message) { Reason = reason });
    }

    /// <summary>Refuses what is no call in any form.</summary>
    private Task RefuseAsync(HttpContext http, int status, string reason, Code code, string message) =>
        RefuseAsync(http, status, new RpcError(code, message) { Reason = reason });

    /// <inheritdoc cref="RefuseAsync(HttpContext, int, string, Code, string)"/>
    private Task RefuseAsync(HttpContext http, int status, RpcError error)
    {
        dispatcher.Refused(ConnectProtocol.All[0], error.Code);
        var body = ConnectErrors.Body(error, dispatcher.ErrorDomain);
        http.Response.StatusCode = status;
        http.Response.ContentType = ConnectProtocol.Json;
        http.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}
