using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Rpc.Serving;

internal sealed class ServerStreamingMethod<TRequest, TReply>(
    RpcService service,
    MethodDescriptor descriptor,
    MessageParser<TRequest> parser,
    ServerStreamingHandler<TRequest, TReply> handler,
    int? maxRequestBytes) : RpcMethod(service, descriptor, maxRequestBytes)
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    public override async ValueTask ServeAsync(ServerCall call)
    {
        await call.Requests.ReadSingleAsync();
        var request = call.Requests.ParseAndRelease(parser);
        call.WatchDeadline();
        await handler(request, new MessageStreamWriter<TReply>(call), call);
    }
}

internal sealed class ClientStreamingMethod<TRequest, TReply>(
    RpcService service,
    MethodDescriptor descriptor,
    Func<ServerCall, IAsyncStreamReader<TRequest>> open,
    ClientStreamingHandler<TRequest, TReply> handler,
    int? maxRequestBytes) : RpcMethod(service, descriptor, maxRequestBytes)
    where TReply : class, IMessage<TReply>
{
    public override async ValueTask ServeAsync(ServerCall call)
    {
        call.WatchDeadline();
        try
        {
            call.WriteReply(await handler(open(call), call));
        }
        finally
        {
            call.Requests.Release();
        }
    }
}

internal sealed class DuplexStreamingMethod<TRequest, TReply>(
    RpcService service,
    MethodDescriptor descriptor,
    Func<ServerCall, IAsyncStreamReader<TRequest>> open,
    DuplexStreamingHandler<TRequest, TReply> handler,
    int? maxRequestBytes) : RpcMethod(service, descriptor, maxRequestBytes)
    where TReply : class, IMessage<TReply>
{
    public override async ValueTask ServeAsync(ServerCall call)
    {
        call.WatchDeadline();
        try
        {
            await handler(open(call), new MessageStreamWriter<TReply>(call), call);
        }
        finally
        {
            call.Requests.Release();
        }
    }
}
