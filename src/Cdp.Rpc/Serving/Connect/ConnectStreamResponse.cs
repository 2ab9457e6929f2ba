using System.Buffers;
using System.Text.Json;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>A response of many messages: each stands behind a flag and its length, and so does the end, with error and trailers.</summary>
internal sealed class ConnectStreamResponse(HttpContext http, RpcDispatcher dispatcher, ConnectProtocol protocol, JsonMessages? json) : ResponseState(http, dispatcher)
{
    private const byte EndOfStream = 2;

    protected override void WriteHead(IHeaderDictionary headers)
    {
        headers.ContentType = protocol.ContentType;
        if (ClientTakesGzip(protocol.AcceptEncodingHeader)) headers[protocol.EncodingHeader] = Gzip.Name;
    }

    protected override void Write(IMessage message) => WriteMessageFrame(json is null ? message.ToByteArray() : JsonMessages.ToJson(message));

    protected override void Write(ReadOnlySpan<byte> message) => WriteMessageFrame(json is null ? message : json.ToJson(message));

    protected override void WriteEnd(RpcError? error)
    {
        Start();
        var end = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(end, ConnectErrors.Readable))
        {
            writer.WriteStartObject();
            if (error is not null)
            {
                writer.WritePropertyName("error");
                ConnectErrors.Write(writer, error, ErrorDomain);
            }

            if (Trailers is { } trailers)
            {
                writer.WriteStartObject("metadata");
                foreach (var values in trailers.GroupBy(trailer => trailer.Key, trailer => trailer.Value, StringComparer.Ordinal))
                {
                    writer.WriteStartArray(values.Key);
                    foreach (var value in values) writer.WriteStringValue(value);
                    writer.WriteEndArray();
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        WriteFrame(EndOfStream, end.WrittenSpan);
    }

    private void WriteMessageFrame(ReadOnlySpan<byte> message)
    {
        if (IsLarge(message.Length) && ClientTakesGzip(protocol.AcceptEncodingHeader) && Gzip.TryCompress(message, out var compressed)) WriteFrame(Frames.Compressed, compressed.Span);
        else WriteFrame(0, message);
    }

    private void WriteFrame(byte flags, ReadOnlySpan<byte> content)
    {
        var pipe = Http.Response.BodyWriter;
        Frames.WriteHeader(pipe, flags, content.Length);
        pipe.Write(content);
    }
}
