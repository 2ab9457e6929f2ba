using System.Buffers;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>
/// A response of one message: the body is the message, or the error. It is kept until the end, since only then it is known
/// which of the two it is.
/// </summary>
internal sealed class ConnectUnaryResponse(HttpContext http, RpcDispatcher dispatcher, ConnectProtocol protocol, JsonMessages? json) : ResponseState(http, dispatcher)
{
    private const string TrailerPrefix = "trailer-";

    private ReadOnlyMemory<byte> _body;

    /// <inheritdoc/>
    public override ValueTask FlushHeadersAsync(CancellationToken cancellationToken) => default;

    protected override void WriteHead(IHeaderDictionary headers)
    {
    }

    protected override void Write(IMessage message) => _body = json is null ? message.ToByteArray() : JsonMessages.ToJson(message);

    protected override void Write(ReadOnlySpan<byte> message) => _body = json is null ? message.ToArray() : json.ToJson(message);

    protected override void WriteEnd(RpcError? error)
    {
        Start();
        var response = Http.Response;
        foreach (var (name, value) in Trailers ?? []) response.Headers.Append(TrailerPrefix + name, value);
        if (error is null)
        {
            response.ContentType = protocol.ContentType;
        }
        else
        {
            response.StatusCode = ConnectErrors.StatusOf(error.Code);
            response.ContentType = ConnectProtocol.Json;
            ConnectErrors.WriteRetryAfter(response.Headers, error);
            _body = ConnectErrors.Body(error, ErrorDomain);
        }

        if (IsLarge(_body.Length) && ClientTakesGzip(protocol.AcceptEncodingHeader) && Gzip.TryCompress(_body.Span, out var compressed))
        {
            response.Headers[protocol.EncodingHeader] = Gzip.Name;
            _body = compressed;
        }

        response.ContentLength = _body.Length;
        response.BodyWriter.Write(_body.Span);
    }
}
