using System.Buffers;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cdp.Rpc.Serving;

/// <summary>A response of gRPC: messages in frames, the status in the trailers.</summary>
internal sealed class GrpcResponse(HttpContext http, RpcDispatcher dispatcher, bool isStream) : ResponseState(http, dispatcher)
{
    protected override void WriteHead(IHeaderDictionary headers)
    {
        headers.ContentType = GrpcHeaders.ContentType;

        // A later message of a stream may be worth it; the only one of another call names it itself.
        if (isStream && ClientTakesGzip(GrpcHeaders.AcceptEncoding))
        {
            headers[GrpcHeaders.Encoding] = Gzip.Name;
        }
    }

    protected override void Write(IMessage message)
    {
        var size = message.CalculateSize();
        if (IsToBeCompressed(size))
        {
            Write(message.ToByteArray());
            return;
        }

        var pipe = Http.Response.BodyWriter;

        // The header goes through the same writer first: WriteTo advances the writer before it asks for memory.
        Frames.WriteHeader(pipe, flags: 0, size);
        message.WriteTo(pipe);
    }

    protected override void Write(ReadOnlySpan<byte> message)
    {
        if (IsToBeCompressed(message.Length) && Gzip.TryCompress(message, out var compressed))
        {
            if (!isStream)
            {
                Http.Response.Headers[GrpcHeaders.Encoding] = Gzip.Name;
            }

            WriteFrame(Frames.Compressed, compressed.Span);
            return;
        }

        WriteFrame(flags: 0, message);
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

    /// <summary>Not where a handler sent the headers of a single reply ahead: they did not name it.</summary>
    private bool IsToBeCompressed(int size) =>
        IsLarge(size) && (isStream || !Http.Response.HasStarted) && ClientTakesGzip(GrpcHeaders.AcceptEncoding);

    private void WriteFrame(byte flags, ReadOnlySpan<byte> content)
    {
        var pipe = Http.Response.BodyWriter;
        Frames.WriteHeader(pipe, flags, content.Length);
        pipe.Write(content);
    }
}
