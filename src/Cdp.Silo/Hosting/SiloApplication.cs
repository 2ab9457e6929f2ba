using System.Net;
using System.Net.Sockets;
using Cdp.Azure;
using Cdp.Grains.Ports;
using Cdp.Orleans;
using Cdp.Orleans.Hosting;
using Cdp.Silo.Membership;
using Cdp.Silo.Observing;
using Cdp.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;

namespace Cdp.Silo.Hosting;

/// <summary>A whole silo in this process: store, Orleans silo, gateway, health endpoints, what operators see.</summary>
internal static class SiloApplication
{
    /// <summary>Puts a silo together; it is started by whoever runs it.</summary>
    /// <param name="options">Checked settings.</param>
    /// <param name="key">The operator's key.</param>
    /// <param name="store">What it stands on; closed by whoever opened it, after the silo.</param>
    /// <param name="steps">Hears of recovery steps.</param>
    public static WebApplication Build(SiloOptions options, OperatorKey key, SiloStore store, IStepObserver steps)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // What Orleans says of calls to a lost silo, its callers say as well.
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Cdp.Silo", LogLevel.Information).AddFilter("Cdp.Silo.Observing", LogLevel.Warning).AddFilter("Orleans.Runtime.CallbackData", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(options.Address), options.HealthPort, listen => listen.Protocols = HttpProtocols.Http1));
        builder.Services.AddSingleton(options).AddSingleton(key).AddSingleton(steps).AddSingleton(store).AddSingleton(TimeProvider.System);
        var faults = new FaultLog();
        builder.Host.UseOrleans(silo =>
        {
            Configure(silo, options, store, steps, faults);
            Telemetry.AddTo(builder, silo, options.Cluster);
            if (options.Dashboard) Dashboard.AddTo(silo);
        });
        builder.Services.AddSingleton<GatewayHost>();
        var application = builder.Build();
        faults.Logger = application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Cdp.Silo");
        MapHealth(application);
        if (options.Dashboard) Dashboard.MapTo(application);
        return application;
    }

    private static void Configure(ISiloBuilder silo, SiloOptions options, SiloStore store, IStepObserver steps, FaultLog faults)
    {
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.Cluster, "cdp"));
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            // A probe may take its double where answers are slow to come; not four times as long, as usual.
            membership.ProbeTimeout = TimeSpan.FromMilliseconds(options.ProbeMilliseconds);
            membership.MaxProbeTimeout = membership.ProbeTimeout * 2;
            membership.NumMissedProbesLimit = 3;

            // Who asks on behalf of another would wait for a silent silo to acknowledge that the question was withdrawn
            // (WaitForCancellationAcknowledgement), and nobody would ever vote.
            membership.EnableIndirectProbes = false;

            // One silo alone may bury others once these have not signed for three times as long: when all but it, or all, died at once.
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });

        // Grains of a lost silo are activated elsewhere at once. Usually they wait in case it lives on; here tags fence it off.
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.Zero);
        switch (options.Profile)
        {
            case SiloProfile.Localhost:
                silo.UseLocalhostClustering(options.SiloPort, gatewayPort: 0, serviceId: "cdp", clusterId: options.Cluster);
                break;
            case SiloProfile.Postgres:
                Listen(silo, options);
                silo.Services.AddSingleton(_ => NpgsqlDataSource.Create(PostgresAddress.Parse(options.Postgres!)));
                silo.Services.AddSingleton<IMembershipTable>(services => new PostgresMembershipTable(services.GetRequiredService<NpgsqlDataSource>(), options.Cluster));
                break;
            case SiloProfile.AzureLocal or SiloProfile.Azure:
                Listen(silo, options);
                silo.UseAzureTables(options.Tables!);
                if (store.Hub is { } hub) silo.AddLogStreams(hub);
                break;
        }

        // Two activations of a grain are possible under the usual directory while silos come and go, and cost a load each.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.AddCdp(
            store.Stores,
            new CdpClusterOptions
            {
                Hosting = new GrainHostingOptions { MaxActivations = options.MaxActivations, OnFault = faults.Report },
                MaxBacklogBytes = options.MaxBacklogMegabytes * 1024L * 1024,
                LogPushes = store.Hub is not null,
                Steps = steps,
            },
            TimeProvider.System);
    }

    private static void Listen(ISiloBuilder silo, SiloOptions options) =>
        silo.ConfigureEndpoints(Reachable(options), options.SiloPort, gatewayPort: 0, listenOnAnyHostAddress: IPAddress.Parse(options.Address).Equals(IPAddress.Any));

    private static IPAddress Reachable(SiloOptions options)
    {
        if (options.SiloAddress is not null) return IPAddress.Parse(options.SiloAddress);
        var address = IPAddress.Parse(options.Address);
        return address.Equals(IPAddress.Any)
            ? Dns.GetHostAddresses(Dns.GetHostName()).FirstOrDefault(own => own.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(own))
              ?? throw new SettingException("Setting Cdp:SiloAddress (environment Cdp__SiloAddress): this machine's name leads to no address; give the IP address under which other silos reach this one.")
            : address;
    }

    /// <summary>
    /// <c>/livez</c>: the process answers. <c>/startupz</c>, <c>/readyz</c>: the silo is active and its gateway takes calls; the
    /// latter ends when the silo is told to stop.
    /// </summary>
    private static void MapHealth(WebApplication application)
    {
        var gateway = application.Services.GetRequiredService<GatewayHost>();
        application.MapGet("/livez", () => "alive");
        application.MapGet("/startupz", () => Answer(gateway.Url is not null));
        application.MapGet("/readyz", () => Answer(gateway.IsOpen));

        static IResult Answer(bool yes) => yes ? Results.Text("ready") : Results.Text("not ready", statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
