using System.Net;
using Cdp.Gateway;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Rpc;
using Cdp.SingleNode.Engine;
using Cdp.SingleNode.Hosting;
using Cdp.Storage;
using Microsoft.Extensions.Logging;

namespace Cdp.Node.Hosting;

/// <summary>A whole node in this process: store, engine, gateway, server.</summary>
public sealed partial class CdpNode : IAsyncDisposable
{
    /// <summary>The meters that a node shows; a <c>*</c> stands for any text.</summary>
    public static IReadOnlyList<string> Meters { get; } = ["Cdp.*", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    private readonly IStore _store;
    private readonly SingleNodeHost _host;
    private readonly RpcServer _server;
    private readonly NodeOptions _options;
    private readonly NodeOperations _operations;

    private CdpNode(IStore store, SingleNodeHost host, RpcServer server, NodeOptions options, GatewayServices gateway, NodeOperations operations)
    {
        _store = store;
        _operations = operations;
        _host = host;
        _server = server;
        _options = options;
        Gateway = gateway;
    }

    /// <summary>Where it answers gRPC.</summary>
    public Uri Url => _server.Url;

    /// <summary>Where it answers JSON over HTTP/1.1; null: nowhere.</summary>
    public Uri? HttpUrl => _server.HttpUrl;

    /// <summary>Engine and feeds.</summary>
    public SingleNodeHost Host => _host;

    /// <summary>What the opening of the store made good, in lines for the operator.</summary>
    public IEnumerable<string> Healed => NodeStore.Healed(_store);

    /// <summary>The front door.</summary>
    public GatewayServices Gateway { get; }

    /// <summary>Opens the store, starts the engine, and serves.</summary>
    /// <param name="options">Checked settings.</param>
    /// <param name="operatorKey">Gives the operator's key once the store is ours; stored where there is none yet.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where the node reports.</param>
    /// <param name="steps">Hears of recovery steps.</param>
    public static async Task<CdpNode> StartAsync(
        NodeOptions options, Func<string> operatorKey, TimeProvider time, ILoggerFactory loggers, IStepObserver steps)
    {
        var logger = loggers.CreateLogger("Cdp.Node");
        var store = await NodeStore.OpenAsync(options, CancellationToken.None);
        NodeOperations? operations = null;
        try
        {
            operations = NodeOperations.Open(store, options);
            await UnfinishedWork.ThrowIfAnyAsync(store.State, options, CancellationToken.None);
            var host = await SingleNodeHost.StartAsync(
                new GrainStores(store.Log, store.State, store.History, store.Customers),
                new SingleNodeOptions
                {
                    MaxBacklogBytes = options.MaxBacklogMegabytes * 1024L * 1024,
                    Steps = steps,
                    Erasures = operations.Ledger,
                    Cleaner = new StoreCleaner(store),
                    OnHandledError = (remedy, error) => Handled(logger, remedy, error),
                    Engine = Engine(options, logger),
                },
                time);
            var facts = new NodeFacts(options);
            var ports = new GatewayPorts(host.Grains, host.Log, host.Definitions, time, steps)
            {
                AuditReads = options.AuditReads, Facts = facts, Tenants = new StoreTenants(store), Erasures = operations.Ledger,
            };
            var gateway = new GatewayServices(ports with { Backups = operations.Start(host.Grains, time) }, options.Jwt);
            await gateway.Tenants.BootstrapAsync(operatorKey(), CancellationToken.None);
            await gateway.Tenants.ResumeAsync(CancellationToken.None);
            await operations.CatchUpAsync(ports, gateway.Tenants, logger, CancellationToken.None);
            var server = await RpcServer.StartAsync(
                new RpcServerOptions
                {
                    ErrorDomain = "cdp",
                    Address = IPAddress.Parse(options.Address),
                    Port = options.Port,
                    HttpPort = options.HttpPortOrNone,
                    Certificate = CertificateFiles.OfNamed(options.TlsCertificate, options.TlsKey),
                    CompressFromBytes = options.CompressFromBytesOrNever,
                    Reflection = options.Reflection,
                    Meters = options.Metrics ? Meters : [],
                    Gate = gateway.Authenticator.CheckAsync,
                    Origins = gateway.Origins,
                    Translate = GatewayServices.Translate,
                    Time = time,
                    LoggerFactory = loggers,
                },
                gateway.Services);
            facts.Server = server;
            return new CdpNode(store, host, server, options, gateway, operations);
        }
        catch
        {
            operations?.Dispose();
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops in order: no new calls, calls under way finish, grains save, the store closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(TimeSpan.FromSeconds(_options.DrainSeconds));
        await _server.DisposeAsync();
        await Gateway.Trail.DisposeAsync();
        await _host.DisposeAsync();
        _operations.Dispose();
        await _store.DisposeAsync();
    }

    private static GrainEngineOptions Engine(NodeOptions options, ILogger logger)
    {
        var engine = new GrainEngineOptions { OnFault = fault => GrainFailed(logger, fault.Kind, fault.During, fault.Exception) };
        if (options.MaxActivations is { } activations) engine = engine with { MaxActivations = activations };
        if (options.MaxMemoryMegabytes is { } megabytes) engine = engine with { MaxMemoryBytes = megabytes * 1024L * 1024 };
        return engine;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An error was handled by {Remedy}.")]
    private static partial void Handled(ILogger logger, string remedy, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A grain of kind {Kind} failed during {During}; it is loaded again.")]
    private static partial void GrainFailed(ILogger logger, string kind, string during, Exception error);
}
