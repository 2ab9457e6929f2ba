using System.Runtime.CompilerServices;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Rpc.Serving;

/// <summary>A method with one request and one reply: a message, or the bytes of one.</summary>
internal sealed class UnaryMethod<TRequest, TReply>(
    RpcService service,
    MethodDescriptor descriptor,
    MessageParser<TRequest> parser,
    Func<TRequest, ServerCallContext, ValueTask<TReply>> handler,
    Action<ServerCall, TReply> write,
    int? maxRequestBytes) : RpcMethod(service, descriptor, maxRequestBytes)
    where TRequest : class, IMessage<TRequest>
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask ServeAsync(ServerCall call)
    {
        await call.Requests.ReadSingleAsync();
        var request = call.Requests.ParseAndRelease(parser);
        var replying = handler(request, call);
        if (!replying.IsCompleted)
        {
            call.WatchDeadline();
        }

        write(call, await replying);
    }
}

internal sealed class RawUnaryMethod<TReply>(
    RpcService service,
    MethodDescriptor descriptor,
    RawUnaryHandler<TReply> handler,
    int? maxRequestBytes) : RpcMethod(service, descriptor, maxRequestBytes)
    where TReply : class, IMessage<TReply>
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask ServeAsync(ServerCall call)
    {
        await call.Requests.ReadSingleAsync();
        try
        {
            var replying = handler(call.Requests.Payload, call);
            if (!replying.IsCompleted)
            {
                call.WatchDeadline();
            }

            call.WriteReply(await replying);
        }
        finally
        {
            call.Requests.Release();
        }
    }
}
