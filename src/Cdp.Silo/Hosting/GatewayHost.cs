using System.Net;
using Cdp.Gateway;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Orleans;
using Cdp.Orleans.Partitions;
using Cdp.Rpc;
using Cdp.Silo.Observing;
using Microsoft.Extensions.Logging;

namespace Cdp.Silo.Hosting;

/// <summary>The front door of a silo: opened when the silo is active, and closed before it leaves.</summary>
internal sealed class GatewayHost(
    SiloOptions options, OperatorKey key, IGrains grains, ClusterLog log, DefinitionsCache definitions, SiloStore store, TimeProvider time, IStepObserver steps, ILoggerFactory loggers)
    : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    private RpcServer? _server;
    private GatewayServices? _gateway;

    /// <summary>Whether it takes calls.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Where it answers gRPC; null: it does not yet.</summary>
    public string? Url => _server?.Url.GetLeftPart(UriPartial.Authority);

    /// <summary>Where it answers JSON over HTTP/1.1; null: nowhere, or not yet.</summary>
    public string? HttpUrl => _server?.HttpUrl?.GetLeftPart(UriPartial.Authority);

    /// <summary>Begins to take calls.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var facts = new SiloFacts(options);
        var gateway = _gateway = new GatewayServices(
            new GatewayPorts(grains, log, definitions, time, steps)
            {
                AuditReads = options.AuditReads, Facts = facts, Tenants = store.Tenants, NewsDelay = ClusterBuilderExtensions.NewsDelay,
            },
            options.Jwt);
        await PrepareAsync(gateway, cancellationToken);
        _server = await RpcServer.StartAsync(
            new RpcServerOptions
            {
                ErrorDomain = "cdp",
                Address = IPAddress.Parse(options.Address),
                Port = options.Port,
                HttpPort = options.HttpPort,
                Certificate = CertificateFiles.OfNamed(options.TlsCertificate, options.TlsKey),
                CompressFromBytes = options.CompressFromBytes == SiloOptions.Never ? null : options.CompressFromBytes,
                Reflection = options.Reflection,
                Meters = options.Metrics ? Telemetry.Meters : [],
                Gate = gateway.Authenticator.CheckAsync,
                Origins = gateway.Origins,
                Translate = ClusterErrors.Translate,
                Time = time,
                LoggerFactory = loggers,
            },
            gateway.Services,
            cancellationToken);
        facts.Server = _server;
        IsOpen = true;
    }

    /// <summary>Takes no more calls; returns when those under way have ended, or their time is over.</summary>
    public async Task CloseAsync()
    {
        IsOpen = false;
        if (_server is not null) await _server.StopAsync(TimeSpan.FromSeconds(options.DrainSeconds));

        // While the silo is there: what was read is written down by its grains.
        if (_gateway is not null) await _gateway.Trail.DisposeAsync();
        _gateway = null;
    }

    /// <summary>Asks until there is an answer: another silo may have been lost a moment ago, and have had it.</summary>
    private async Task PrepareAsync(GatewayServices gateway, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await gateway.Tenants.BootstrapAsync(key.Text, cancellationToken);
                await gateway.Tenants.ResumeAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
