using System.Collections.Concurrent;
using System.IO.Pipelines;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>
/// The protocol of Connect over HTTP/1.1: a call with one reply is a plain POST, one with many replies has them in frames.
/// Messages are JSON, or protobuf's encoding.
/// </summary>
/// <remarks>https://connectrpc.com/docs/protocol.</remarks>
internal sealed class ConnectProtocol : CallProtocol
{
    /// <summary>Content type of a message in JSON, and of errors.</summary>
    public const string Json = "application/json";

    private readonly bool _isJson;
    private readonly ConcurrentDictionary<MessageDescriptor, JsonMessages> _messages = new();

    private ConnectProtocol(string contentType, bool isJson, bool isStream)
    {
        ContentType = contentType;
        _isJson = isJson;
        IsStream = isStream;
    }

    /// <summary>All forms.</summary>
    public static IReadOnlyList<ConnectProtocol> All { get; } =
    [
        new(Json, isJson: true, isStream: false),
        new("application/proto", isJson: false, isStream: false),
        new("application/connect+json", isJson: true, isStream: true),
        new("application/connect+proto", isJson: false, isStream: true),
    ];

    /// <summary>Names the form, in requests and responses.</summary>
    public string ContentType { get; }

    /// <summary>Whether messages stand in frames.</summary>
    public bool IsStream { get; }

    /// <summary>Header that names how messages are compressed. Of a stream it is one of its own, since HTTP's is about the body as a whole.</summary>
    public string EncodingHeader => IsStream ? "Connect-Content-Encoding" : HeaderNames.ContentEncoding;

    /// <summary>Header that lists the encodings that its sender takes.</summary>
    public string AcceptEncodingHeader => IsStream ? "Connect-Accept-Encoding" : HeaderNames.AcceptEncoding;

    /// <inheritdoc/>
    public override KeyValuePair<string, object?> Tag => RpcTags.Connect;

    /// <inheritdoc/>
    public override RequestReader Read(ServerCall call, PipeReader body, int maxBytes, bool gzip)
    {
        var json = MessagesOf(call.Bound.Request);
        return IsStream ? new FramedRequestReader(call, body, maxBytes, gzip, json) : new BodyRequestReader(call, body, maxBytes, gzip, json);
    }

    /// <inheritdoc/>
    public override ResponseState Respond(HttpContext http, RpcDispatcher dispatcher, RpcMethod method)
    {
        var json = MessagesOf(method.Reply);
        return IsStream ? new ConnectStreamResponse(http, dispatcher, this, json) : new ConnectUnaryResponse(http, dispatcher, this, json);
    }

    private JsonMessages? MessagesOf(MessageDescriptor type) => _isJson ? _messages.GetOrAdd(type, static type => new JsonMessages(type)) : null;
}
