using System.Diagnostics;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving;

/// <summary>The span of each call, of the source "Cdp.Rpc"; none while nobody listens.</summary>
internal static class RpcSpans
{
    private static readonly ActivitySource Source = new("Cdp.Rpc");

    /// <summary>Begins the span of a call, beneath the one that the client names in <c>traceparent</c>.</summary>
    public static Activity? Start(ServerCall call, IHeaderDictionary headers)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var parent = ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var named) ? named : default;
        return Source.StartActivity(call.Bound.FullName, ActivityKind.Server, parent, [call.Protocol.Tag, call.Bound.Tag]);
    }

    /// <summary>Says how the call ended. Not with which words: they may repeat what the client sent.</summary>
    public static void End(Activity? span, Code code)
    {
        if (span is null)
        {
            return;
        }

        Tag(span, RpcTags.StatusOf(code));
        if (RpcTags.IsFailureOfServer(code))
        {
            Tag(span, RpcTags.ErrorOf(code));
            span.SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }

    private static void Tag(Activity span, KeyValuePair<string, object?> tag) => span.SetTag(tag.Key, tag.Value);
}
