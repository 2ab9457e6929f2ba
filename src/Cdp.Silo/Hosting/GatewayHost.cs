using System.Net;
using Cdp.Gateway;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Orleans.Partitions;
using Cdp.Rpc;
using Microsoft.Extensions.Logging;

namespace Cdp.Silo.Hosting;

/// <summary>The front door of a silo: opened when the silo is active, and closed before it leaves.</summary>
internal sealed class GatewayHost(
    SiloOptions options, OperatorKey key, IGrains grains, ClusterLog log, DefinitionsCache definitions, TimeProvider time, IStepObserver steps, ILoggerFactory loggers)
    : IAsyncDisposable
{
    private RpcServer? _server;

    /// <summary>Whether it takes calls.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Where it listens; null: it does not yet.</summary>
    public IPEndPoint? EndPoint => _server?.EndPoint;

    /// <summary>Begins to take calls.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var gateway = new GatewayServices(new GatewayPorts(grains, log, definitions, time, steps));
        await gateway.Tenants.BootstrapAsync(key.Text, cancellationToken);
        await gateway.Tenants.ResumeSweepsAsync(cancellationToken);
        _server = await RpcServer.StartAsync(
            new RpcServerOptions
            {
                ErrorDomain = "cdp",
                Address = IPAddress.Parse(options.Address),
                Port = options.Port,
                Gate = gateway.Authenticator.CheckAsync,
                Translate = ClusterErrors.Translate,
                Time = time,
                LoggerFactory = loggers,
            },
            gateway.Services,
            cancellationToken);
        IsOpen = true;
    }

    /// <summary>Takes no more calls; returns when those under way have ended, or their time is over.</summary>
    public async Task CloseAsync()
    {
        IsOpen = false;
        if (_server is not null) await _server.StopAsync(TimeSpan.FromSeconds(options.DrainSeconds));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
