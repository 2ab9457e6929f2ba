using System.Buffers;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cdp.Rpc.Serving;

/// <summary>A response of gRPC: messages in frames, the status in the trailers.</summary>
internal sealed class GrpcResponse(HttpContext http, RpcDispatcher dispatcher) : ResponseState(http, dispatcher)
{
    protected override void WriteHead(IHeaderDictionary headers) => headers.ContentType = GrpcHeaders.ContentType;

    protected override void Write(IMessage message)
    {
        var pipe = Http.Response.BodyWriter;

        // The header goes through the same writer first: WriteTo advances the writer before it asks for memory.
        Frames.WriteHeader(pipe, flags: 0, message.CalculateSize());
        message.WriteTo(pipe);
    }

    protected override void Write(ReadOnlySpan<byte> message)
    {
        var pipe = Http.Response.BodyWriter;
        Frames.WriteHeader(pipe, flags: 0, message.Length);
        pipe.Write(message);
    }

    protected override void WriteEnd(RpcError? error)
    {
        // An end before anything was written goes as one block of headers ("Trailers-Only").
        var trailersOnly = !IsStarted && error is not null;
        Start();
        var target = trailersOnly ? Http.Response.Headers : Http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        Copy(Trailers, target);
        GrpcHeaders.WriteStatus(target, error, ErrorDomain);
    }
}
