using System.Collections.Concurrent;
using System.IO.Pipelines;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

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

    /// <inheritdoc/>
    public override KeyValuePair<string, object?> Tag => RpcTags.Connect;

    /// <inheritdoc/>
    public override RequestReader Read(ServerCall call, PipeReader body, int maxBytes)
    {
        var json = MessagesOf(call.Bound.Request);
        return IsStream ? new FramedRequestReader(call, body, maxBytes, json) : new BodyRequestReader(call, body, maxBytes, json);
    }

    /// <inheritdoc/>
    public override ResponseState Respond(HttpContext http, RpcDispatcher dispatcher, RpcMethod method)
    {
        var json = MessagesOf(method.Reply);
        return IsStream ? new ConnectStreamResponse(http, dispatcher, ContentType, json) : new ConnectUnaryResponse(http, dispatcher, ContentType, json);
    }

    private JsonMessages? MessagesOf(MessageDescriptor type) => _isJson ? _messages.GetOrAdd(type, static type => new JsonMessages(type)) : null;
}
