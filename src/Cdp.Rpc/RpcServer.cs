using System.Net;
using System.Net.Security;
using Cdp.Rpc.Serving;
using Cdp.Rpc.Serving.Connect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cdp.Rpc;

/// <summary>
/// Serves services of gRPC on Kestrel over HTTP/2, together with the standard health service; on a port of its own, where one is
/// named, also over HTTP/1.1 by the protocol of Connect. In clear text, or with TLS.
/// </summary>
/// <remarks>Two ports, since in clear text a port of Kestrel's is either that of HTTP/1.1 or that of HTTP/2.</remarks>
public sealed partial class RpcServer : IAsyncDisposable
{
    private readonly WebApplication _host;
    private readonly IServer _kestrel;
    private readonly RpcDispatcher _dispatcher;
    private readonly string _scheme;
    private readonly MetricsPage? _metrics;
    private readonly ListenOptions _listen;
    private readonly ListenOptions? _listenHttp;
    private readonly Lock _lock = new();
    private Task? _stopping;

    private RpcServer(
        WebApplication host, RpcDispatcher dispatcher, MetricsPage? metrics, HealthService health, string scheme, ListenOptions listen, ListenOptions? listenHttp)
    {
        _host = host;
        _scheme = scheme;
        _kestrel = host.Services.GetRequiredService<IServer>();
        _dispatcher = dispatcher;
        _metrics = metrics;
        _listen = listen;
        _listenHttp = listenHttp;
        Health = health;
    }

    /// <summary>The health that the server reports: every service and the whole SERVING from the start.</summary>
    public HealthService Health { get; }

    /// <summary>The address it listens on.</summary>
    public IPEndPoint EndPoint => _listen.IPEndPoint!;

    /// <summary>The address of HTTP/1.1; null where the options named none.</summary>
    public IPEndPoint? HttpEndPoint => _listenHttp?.IPEndPoint;

    /// <summary>The port it listens on, chosen by the system if the options said 0.</summary>
    public int Port => EndPoint.Port;

    /// <summary>Where it answers gRPC: <c>https</c> with a certificate, else <c>http</c>.</summary>
    public Uri Url => UrlOf(EndPoint);

    /// <summary>Where it answers over HTTP/1.1; null where the options named no port for it.</summary>
    public Uri? HttpUrl => HttpEndPoint is { } end ? UrlOf(end) : null;

    /// <summary>Binds the services and listens.</summary>
    /// <exception cref="InvalidOperationException">A method of a service has no handler.</exception>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<RpcServer> StartAsync(
        RpcServerOptions options, IEnumerable<RpcService> services, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var bound = services.ToList();
        var health = new HealthService(bound.Select(service => service.Name));
        bound.Add(health.Bind());
        if (options.Reflection) bound.AddRange(new ReflectionService(bound).Bind());
        var dispatcher = new RpcDispatcher(bound, options);

        var logger = options.LoggerFactory.CreateLogger("Cdp.Rpc");
        ListenOptions? listen = null, listenHttp = null;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(options.LoggerFactory);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            Limit(kestrel.Limits, options);
            kestrel.Listen(options.Address, options.Port, endpoint =>
            {
                Serve(endpoint, HttpProtocols.Http2, options.Certificate, logger);
                listen = endpoint;
            });
            if (options.HttpPort is { } port)
            {
                kestrel.Listen(options.Address, port, endpoint =>
                {
                    Serve(endpoint, HttpProtocols.Http1, options.Certificate, logger);
                    listenHttp = endpoint;
                });
            }
        });
        var host = builder.Build();
        var kestrel = host.Services.GetRequiredService<IServer>();
        var metrics = options.Meters.Count > 0 && options.HttpPort is not null ? new MetricsPage(options.Meters) : null;
        try
        {
            await kestrel.StartAsync(new RpcApplication(dispatcher, new ConnectFront(dispatcher, health, metrics, options.Origins)), cancellationToken);
        }
        catch
        {
            await host.DisposeAsync();
            metrics?.Dispose();
            dispatcher.Dispose();
            throw;
        }

        return new RpcServer(host, dispatcher, metrics, health, options.Certificate is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps, listen!, listenHttp);
    }

    /// <summary>
    /// Stops: reports NOT_SERVING, tells clients to go elsewhere (GOAWAY), and lets the calls under way finish.
    /// </summary>
    /// <param name="limit">How long calls may take to finish; then they are cut off.</param>
    /// <remarks>A second stop waits for the first.</remarks>
    public Task StopAsync(TimeSpan limit)
    {
        lock (_lock)
        {
            return _stopping ??= StopOnceAsync(limit);
        }
    }

    /// <summary>Stops at once if <see cref="StopAsync"/> did not stop it before, and gives everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        await _host.DisposeAsync();
        _metrics?.Dispose();
        _dispatcher.Dispose();
    }

    private static void Limit(KestrelServerLimits limits, RpcServerOptions options)
    {
        var connections = options.Connections;

        // Messages are limited one by one, as they are read; a stream of them has no length.
        limits.MaxRequestBodySize = null;
        limits.MaxConcurrentConnections = connections.MaxConnections;
        limits.RequestHeadersTimeout = connections.HeadersTimeout;
        limits.KeepAliveTimeout = connections.IdleTimeout;

        // At Kestrel's 240 bytes a second, who sends 4 MB and stops would keep them in memory for hours: it is an average.
        limits.MinRequestBodyDataRate = new MinDataRate(connections.LeastBytesPerSecond, connections.BodyGrace);
        limits.Http2.MaxStreamsPerConnection = options.MaxCallsPerConnection;
        limits.Http2.KeepAlivePingDelay = connections.PingDelay;
        limits.Http2.KeepAlivePingTimeout = connections.PingTimeout;
    }

    private static void Serve(ListenOptions endpoint, HttpProtocols protocols, CertificateFiles? certificate, ILogger logger)
    {
        endpoint.Protocols = protocols;
        if (certificate is null)
        {
            return;
        }

        void OnRejected(Exception error) => CertificateRejected(logger, error);
        endpoint.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => new(new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current(OnRejected) }),
        });
    }

    private Uri UrlOf(IPEndPoint end) => new($"{_scheme}://{end}");

    private async Task StopOnceAsync(TimeSpan limit)
    {
        Health.Stop();
        await _dispatcher.BeginStopAsync();
        using var cut = new CancellationTokenSource(limit, _dispatcher.Time);
        await _kestrel.StopAsync(cut.Token);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The files of the certificate changed and cannot be used; the former certificate is used on.")]
    private static partial void CertificateRejected(ILogger logger, Exception error);
}
