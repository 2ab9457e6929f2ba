using Cdp.Rpc.Serving.Connect;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cdp.Rpc.Serving;

/// <summary>
/// Puts the dispatcher on a server without the layers of a web host between: one context per stream, reused as the
/// server reuses its streams.
/// </summary>
internal sealed class RpcApplication(RpcDispatcher dispatcher, ConnectFront connect) : IHttpApplication<RpcApplication.Context>
{
    public Context CreateContext(IFeatureCollection contextFeatures)
    {
        var container = contextFeatures as IHostContextContainer<Context>;
        var context = container?.HostContext;
        if (context is null)
        {
            context = new Context(new DefaultHttpContext());
            if (container is not null)
            {
                container.HostContext = context;
            }
        }

        context.Http.Initialize(contextFeatures);
        return context;
    }

    public Task ProcessRequestAsync(Context context) =>
        HttpProtocol.IsHttp2(context.Http.Request.Protocol) ? dispatcher.ServeAsync(context.Http) : connect.ServeAsync(context.Http);

    public void DisposeContext(Context context, Exception? exception) => context.Http.Uninitialize();

    internal sealed class Context(DefaultHttpContext http)
    {
        public DefaultHttpContext Http { get; } = http;
    }
}
