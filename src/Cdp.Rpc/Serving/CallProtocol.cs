using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving;

/// <summary>How a call's messages and its end are written on the wire.</summary>
internal abstract class CallProtocol
{
    /// <summary>gRPC over HTTP/2.</summary>
    public static CallProtocol Grpc { get; } = new GrpcProtocol();

    /// <summary>Names it in metrics and spans.</summary>
    public abstract KeyValuePair<string, object?> Tag { get; }

    /// <summary>Reads the messages of a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="body">Body of the request.</param>
    /// <param name="maxBytes">Largest message.</param>
    /// <param name="gzip">Whether the call's messages may be compressed.</param>
    public abstract RequestReader Read(ServerCall call, PipeReader body, int maxBytes, bool gzip);

    /// <summary>Writes the answer of a call.</summary>
    public abstract ResponseState Respond(HttpContext http, RpcDispatcher dispatcher, RpcMethod method);

    private sealed class GrpcProtocol : CallProtocol
    {
        public override KeyValuePair<string, object?> Tag => RpcTags.Grpc;

        public override RequestReader Read(ServerCall call, PipeReader body, int maxBytes, bool gzip) => new FramedRequestReader(call, body, maxBytes, gzip, json: null);

        public override ResponseState Respond(HttpContext http, RpcDispatcher dispatcher, RpcMethod method) => new GrpcResponse(http, dispatcher, method.ReplyStreaming);
    }
}
