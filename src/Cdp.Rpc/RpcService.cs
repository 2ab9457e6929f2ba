using System.Buffers;
using System.Collections.Frozen;
using Cdp.Rpc.Serving;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Rpc;

/// <summary>
/// A service of a .proto file with a handler for each of its methods. Descriptors are read here, once; a call finds
/// its typed handler by its path.
/// </summary>
public sealed class RpcService
{
    private readonly Dictionary<string, RpcMethod> _methods = new(StringComparer.Ordinal);

    private RpcService(ServiceDescriptor descriptor)
    {
        Descriptor = descriptor;
    }

    /// <summary>The service's descriptor.</summary>
    public ServiceDescriptor Descriptor { get; }

    /// <summary>Full name, e.g. "grpc.health.v1.Health".</summary>
    public string Name => Descriptor.FullName;

    internal bool Gated { get; private set; } = true;

    internal string TooLargeReason { get; private set; } = "MESSAGE_TOO_LARGE";

    /// <summary>Begins to bind a service, e.g. <c>For(HealthReflection.Descriptor.Services[0])</c>.</summary>
    public static RpcService For(ServiceDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return new RpcService(descriptor);
    }

    /// <summary>Lets calls of this service pass without the server's <see cref="CallGate"/>.</summary>
    public RpcService WithoutGate()
    {
        Gated = false;
        return this;
    }

    /// <summary>Gives calls whose message is above its limit a stable reason of the service's own.</summary>
    public RpcService NameTooLarge(string reason)
    {
        TooLargeReason = reason;
        return this;
    }

    /// <summary>Binds a method with one request and one reply.</summary>
    /// <param name="method">The method's name in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <param name="maxRequestBytes">Largest request, in bytes; null takes the server's limit.</param>
    public RpcService Unary<TRequest, TReply>(
        string method, UnaryHandler<TRequest, TReply> handler, int? maxRequestBytes = null)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: false, serverStreaming: false, typeof(TRequest), typeof(TReply));
        return Add(new UnaryMethod<TRequest, TReply>(this, bound, Parser<TRequest>(bound), handler.Invoke, static (call, reply) => call.WriteReply(reply), maxRequestBytes));
    }

    /// <summary>Binds a method with one request and one reply, which its handler hands over encoded.</summary>
    /// <inheritdoc cref="Unary{TRequest,TReply}"/>
    public RpcService UnaryEncoded<TRequest>(string method, EncodedUnaryHandler<TRequest> handler, int? maxRequestBytes = null)
        where TRequest : class, IMessage<TRequest>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: false, serverStreaming: false, typeof(TRequest), reply: null);
        return Add(new UnaryMethod<TRequest, ReadOnlyMemory<byte>>(this, bound, Parser<TRequest>(bound), handler.Invoke, static (call, reply) => call.WriteReply(reply), maxRequestBytes));
    }

    /// <summary>Binds a method with one request, handed over as bytes, and one reply.</summary>
    /// <inheritdoc cref="Unary{TRequest,TReply}"/>
    public RpcService UnaryRaw<TReply>(string method, RawUnaryHandler<TReply> handler, int? maxRequestBytes = null)
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: false, serverStreaming: false, request: null, typeof(TReply));
        return Add(new RawUnaryMethod<TReply>(this, bound, handler, maxRequestBytes));
    }

    /// <summary>Binds a method with one request and a stream of replies.</summary>
    /// <inheritdoc cref="Unary{TRequest,TReply}"/>
    public RpcService ServerStreaming<TRequest, TReply>(
        string method, ServerStreamingHandler<TRequest, TReply> handler, int? maxRequestBytes = null)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: false, serverStreaming: true, typeof(TRequest), typeof(TReply));
        return Add(new ServerStreamingMethod<TRequest, TReply>(this, bound, Parser<TRequest>(bound), handler, maxRequestBytes));
    }

    /// <summary>Binds a method with a stream of requests and one reply.</summary>
    /// <inheritdoc cref="Unary{TRequest,TReply}"/>
    public RpcService ClientStreaming<TRequest, TReply>(
        string method, ClientStreamingHandler<TRequest, TReply> handler, int? maxRequestBytes = null)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: true, serverStreaming: false, typeof(TRequest), typeof(TReply));
        var parser = Parser<TRequest>(bound);
        return Add(new ClientStreamingMethod<TRequest, TReply>(
            this, bound, call => new MessageStreamReader<TRequest>(call, parser), handler, maxRequestBytes));
    }

    /// <summary>Binds a method with a stream of requests and a stream of replies.</summary>
    /// <inheritdoc cref="Unary{TRequest,TReply}"/>
    public RpcService DuplexStreaming<TRequest, TReply>(
        string method, DuplexStreamingHandler<TRequest, TReply> handler, int? maxRequestBytes = null)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: true, serverStreaming: true, typeof(TRequest), typeof(TReply));
        var parser = Parser<TRequest>(bound);
        return Add(new DuplexStreamingMethod<TRequest, TReply>(
            this, bound, call => new MessageStreamReader<TRequest>(call, parser), handler, maxRequestBytes));
    }

    /// <summary>
    /// Binds a method with a stream of requests, handed over as bytes that are valid until the next is read, and a
    /// stream of replies.
    /// </summary>
    /// <inheritdoc cref="Unary{TRequest,TReply}"/>
    public RpcService DuplexStreamingRaw<TReply>(
        string method, DuplexStreamingHandler<ReadOnlySequence<byte>, TReply> handler, int? maxRequestBytes = null)
        where TReply : class, IMessage<TReply>
    {
        ArgumentNullException.ThrowIfNull(handler);
        var bound = Find(method, clientStreaming: true, serverStreaming: true, request: null, typeof(TReply));
        return Add(new DuplexStreamingMethod<ReadOnlySequence<byte>, TReply>(
            this, bound, call => new RawStreamReader(call), handler, maxRequestBytes));
    }

    /// <summary>Indexes the methods of all services by path.</summary>
    /// <exception cref="InvalidOperationException">A method has no handler, or a service stands twice.</exception>
    internal static FrozenDictionary<string, RpcMethod> Index(IReadOnlyCollection<RpcService> services)
    {
        var twice = services.GroupBy(service => service.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new InvalidOperationException($"Service {twice.Key} is bound twice.");
        }

        foreach (var service in services)
        {
            var unbound = service.Descriptor.Methods.Select(method => method.Name).Except(service._methods.Keys, StringComparer.Ordinal).ToList();
            if (unbound.Count > 0)
            {
                throw new InvalidOperationException($"Service {service.Name} has no handler for: {string.Join(", ", unbound)}.");
            }
        }

        return services.SelectMany(service => service._methods.Values).ToFrozenDictionary(method => method.Path, StringComparer.Ordinal);
    }

    private static MessageParser<T> Parser<T>(MethodDescriptor method)
        where T : class, IMessage<T> => (MessageParser<T>)method.InputType.Parser;

    private MethodDescriptor Find(string name, bool clientStreaming, bool serverStreaming, Type? request, Type? reply)
    {
        var method = Descriptor.FindMethodByName(name)
            ?? throw new ArgumentException($"Service {Name} has no method {name}.", nameof(name));
        if (method.IsClientStreaming != clientStreaming || method.IsServerStreaming != serverStreaming)
        {
            throw new ArgumentException(
                $"{method.FullName} takes {Kind(method.IsClientStreaming)} and returns {Kind(method.IsServerStreaming)}.", nameof(name));
        }

        if (request is not null && method.InputType.ClrType != request)
        {
            throw new ArgumentException($"{method.FullName} takes {method.InputType.ClrType}, not {request}.", nameof(name));
        }

        if (reply is not null && method.OutputType.ClrType != reply)
        {
            throw new ArgumentException($"{method.FullName} returns {method.OutputType.ClrType}, not {reply}.", nameof(name));
        }

        return method;

        static string Kind(bool streaming) => streaming ? "a stream" : "one message";
    }

    private RpcService Add(RpcMethod method)
    {
        if (!_methods.TryAdd(method.Name, method))
        {
            throw new ArgumentException($"{Name}.{method.Name} is bound twice.", nameof(method));
        }

        return this;
    }
}
