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
        Path = $"/{service.Name}/{descriptor.Name}";
        RequestStreaming = descriptor.IsClientStreaming;
        MaxRequestBytes = maxRequestBytes;
        ServiceTag = new("rpc.service", service.Name);
        MethodTag = new("rpc.method", Name);
    }

    public RpcService Service { get; }

    public string Name { get; }

    public string Path { get; }

    /// <summary>The client may take its time between two messages.</summary>
    public bool RequestStreaming { get; }

    public int? MaxRequestBytes { get; }

    public KeyValuePair<string, object?> ServiceTag { get; }

    public KeyValuePair<string, object?> MethodTag { get; }

    /// <summary>Serves one call up to, but without, its status.</summary>
    public abstract ValueTask ServeAsync(ServerCall call);
}
