using Google.Protobuf.Reflection;

namespace Cdp.Rpc.Serving;

/// <summary>A bound method: knows how to read its requests, run its handler and write its replies.</summary>
internal abstract class RpcMethod
{
    protected RpcMethod(RpcService service, MethodDescriptor descriptor, int? maxRequestBytes)
    {
        if (maxRequestBytes is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(limit, nameof(maxRequestBytes));
        }

        Service = service;
        Name = descriptor.Name;
        FullName = $"{service.Name}/{descriptor.Name}";
        Path = $"/{FullName}";
        RequestStreaming = descriptor.IsClientStreaming;
        ReplyStreaming = descriptor.IsServerStreaming;
        Request = descriptor.InputType;
        Reply = descriptor.OutputType;
        MaxRequestBytes = maxRequestBytes;
        Tag = RpcTags.MethodOf(FullName);
    }

    public RpcService Service { get; }

    public string Name { get; }

    /// <summary>Service and name, e.g. "grpc.health.v1.Health/Check".</summary>
    public string FullName { get; }

    public string Path { get; }

    /// <summary>The client may take its time between two messages.</summary>
    public bool RequestStreaming { get; }

    /// <summary>The client gets any number of replies.</summary>
    public bool ReplyStreaming { get; }

    /// <summary>What a request is.</summary>
    public MessageDescriptor Request { get; }

    /// <summary>What a reply is.</summary>
    public MessageDescriptor Reply { get; }

    public int? MaxRequestBytes { get; }

    /// <summary>Names it in metrics and spans.</summary>
    public KeyValuePair<string, object?> Tag { get; }

    /// <summary>Serves one call up to, but without, its status.</summary>
    public abstract ValueTask ServeAsync(ServerCall call);
}
