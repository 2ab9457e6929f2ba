using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Code = Google.Rpc.Code;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>Answers browsers that ask whether a page may call, and marks the answers that it may read.</summary>
internal sealed class CrossOrigin(IOriginPolicy policy)
{
    // Every answer is made for its caller, so its page may see all of it: trailers have names of their own.
    private const string AllHeaders = "*";

    private const string RequestHeaders =
        "Authorization, Content-Type, Content-Encoding, Connect-Protocol-Version, Connect-Timeout-Ms, Connect-Content-Encoding, Connect-Accept-Encoding, Traceparent, Tracestate";

    // As long as browsers remember it at most. What is withdrawn ends at once all the same: answers are marked one by one.
    private const string RememberedSeconds = "7200";

    /// <summary>What a page is told whose origin is not allowed.</summary>
    public static RpcError Forbidden { get; } = new(Code.PermissionDenied, "Pages of this origin may not call: nobody who uses this server names it in their allowed_origins.") { Reason = "ORIGIN_FORBIDDEN" };

    /// <summary>Whether a request is a browser's question before a call.</summary>
    public static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.Origin.Count == 1 && request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>Says of an answer, before all else, that it depends on the origin.</summary>
    public static void Vary(HttpResponse response) => response.Headers.Vary = HeaderNames.Origin;

    /// <summary>Answers a question; false when the origin is not allowed and nothing was answered.</summary>
    public async ValueTask<bool> TryAllowAsync(HttpContext http)
    {
        var origin = http.Request.Headers.Origin.ToString();
        if (!await policy.MayCallAsync(origin, http.RequestAborted)) return false;
        var headers = http.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlAllowMethods = HttpMethods.Post;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlMaxAge = RememberedSeconds;
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    /// <summary>Marks the answer of a call when it begins: by then its gate has been passed or not.</summary>
    public void Watch(HttpContext http, ServerCall call)
    {
        if (http.Request.Headers.Origin is not [{ Length: > 0 } origin]) return;
        http.Response.OnStarting(() =>
        {
            if (policy.MayRead(origin, call))
            {
                http.Response.Headers.AccessControlAllowOrigin = origin;
                http.Response.Headers.AccessControlExposeHeaders = AllHeaders;
            }

            return Task.CompletedTask;
        });
    }
}
