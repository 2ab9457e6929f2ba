using System.Net;
using Cdp.Client;
using Cdp.Gateway.Keys;
using Cdp.Gateway.Operations;
using Cdp.Gateway.Tests.Operations;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Rpc;
using Cdp.SingleNode.Engine;
using Cdp.SingleNode.Hosting;
using Cdp.Storage;
using Cdp.StorageContract;
using Cdp.V1;

namespace Cdp.Gateway.Tests;

/// <summary>A whole server on memory stores, with a client; can be stopped and started again on the same stores.</summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    public const string OperatorKey = "operator-key-of-the-tests";

    private readonly System.Collections.Concurrent.ConcurrentQueue<Exception> _errors = new();
    private TimeProvider _time = TimeProvider.System;
    private IReadOnlyList<JwtIssuer> _issuers = [];
    private long? _maxBacklogBytes;
    private IStepObserver _steps = NoStepObserver.Instance;
    private SingleNodeHost? _host;
    private RpcServer? _server;

    public CdpClient Client { get; private set; } = null!;

    /// <summary>What the server stands on; outlives it.</summary>
    public GrainStores Stores { get; private init; } = new(new MemoryEventLog(4), new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex());

    public MemoryStateStore States => (MemoryStateStore)Stores.States;

    /// <summary>Errors that the server handled by itself; a test without faults has none.</summary>
    public IReadOnlyCollection<Exception> Errors => _errors;

    /// <summary>Whether the test provokes faults that the server handles.</summary>
    public bool HasFaults { get; set; }

    /// <summary>Makes its backups; to be set before a restart.</summary>
    public IBackups? Backups { get; set; } = new MemoryBackups();

    /// <summary>What it knows of itself; to be set before a restart.</summary>
    public IServerFacts? Facts { get; set; }

    /// <summary>Where erasures are noted; to be set before a restart.</summary>
    public IErasureLedger? Erasures { get; set; }

    public SingleNodeHost Host => _host!;

    public GatewayServices Gateway { get; private set; } = null!;

    public static Task<GatewayFixture> StartAsync(bool checkMessages = true, TimeProvider? time = null, params IReadOnlyList<JwtIssuer> issuers) =>
        StartAsync(new GatewayFixture { _time = time ?? TimeProvider.System, _issuers = issuers }, checkMessages);

    /// <param name="stores">What the server stands on; its states are memory's.</param>
    /// <param name="time">Its clock; null: the system's.</param>
    /// <param name="maxBacklogBytes">Most acknowledged but unapplied bytes per tenant and partition; null: as configured by default.</param>
    /// <param name="steps">Hears of recovery steps.</param>
    public static Task<GatewayFixture> StartAsync(GrainStores stores, TimeProvider? time = null, long? maxBacklogBytes = null, IStepObserver? steps = null) =>
        StartAsync(
            new GatewayFixture { Stores = stores, _time = time ?? TimeProvider.System, _maxBacklogBytes = maxBacklogBytes, _steps = steps ?? NoStepObserver.Instance }, checkMessages: true);

    private static async Task<GatewayFixture> StartAsync(GatewayFixture fixture, bool checkMessages)
    {
        await fixture.StartServerAsync(checkMessages);
        return fixture;
    }

    /// <param name="meanwhile">What happens to the stores while it is down.</param>
    public async Task RestartAsync(Func<GatewayFixture, Task>? meanwhile = null)
    {
        await StopAsync();
        if (meanwhile is not null) await meanwhile(this);
        await StartServerAsync(checkMessages: true);
    }

    /// <summary>Starts again without the states of some kinds.</summary>
    public Task RestartWithoutAsync(params string[] kinds) => RestartAsync(down =>
    {
        foreach (var kind in kinds) down.States.DropKind(kind);
        return Task.CompletedTask;
    });

    public Uri Url => new($"http://127.0.0.1:{_server!.Port}");

    public Uri HttpUrl => new($"http://{_server!.HttpEndPoint}");

    public CdpClient ClientWith(string key) => new(new Uri($"http://127.0.0.1:{_server!.Port}"), key);

    public async ValueTask DisposeAsync() => await StopAsync();

    public async Task<string> PublishAsync(params Event[] events)
    {
        var request = new PublishEventsRequest();
        request.Events.AddRange(events);
        var response = await Client.Ingest.PublishEventsAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(response.Refused);
        return response.Token;
    }

    public async Task<Profile> ProfileAsync(string ns, string value, string token, params string[] fields)
    {
        var request = new GetProfileRequest { Customer = Ref(ns, value), Purpose = "service", AfterToken = token };
        request.Fields.AddRange(fields);
        return (await Client.Profiles.GetProfileAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Profile;
    }

    public static CustomerRef Ref(string ns, string value) => new() { Identifier = new Identifier { Namespace = ns, Value = value } };

    public static Event Event(string id, string type, params (string Namespace, string Value)[] identifiers)
    {
        var made = new Event { Id = id, Kind = EventKind.Track, Type = type, Source = "tests", Channel = "web" };
        made.Identifiers.AddRange(identifiers.Select(i => new Identifier { Namespace = i.Namespace, Value = i.Value }));
        return made;
    }

    private async Task StartServerAsync(bool checkMessages)
    {
        var options = new SingleNodeOptions
        {
            Engine = new GrainEngineOptions { CheckMessages = checkMessages, OnFault = fault => _errors.Enqueue(fault.Exception) },
            OnHandledError = (_, error) => _errors.Enqueue(error),
            Steps = _steps,
            Erasures = Erasures,
        };
        if (_maxBacklogBytes is { } bytes) options = options with { MaxBacklogBytes = bytes };
        _host = await SingleNodeHost.StartAsync(Stores, options, _time);
        var ports = new GatewayPorts(_host.Grains, _host.Log, _host.Definitions, _time, _steps)
        {
            Backups = Backups, Facts = Facts, Erasures = Erasures, Tenants = Stores.History is MemoryHistory histories ? new StoreTenants(new MemoryStore(Stores.Log, States, histories, Stores.Customers)) : null,
        };
        Gateway = new GatewayServices(ports, _issuers);
        await Gateway.Tenants.BootstrapAsync(OperatorKey, TestContext.Current.CancellationToken);
        _server = await RpcServer.StartAsync(
            new RpcServerOptions { ErrorDomain = "cdp", HttpPort = 0, Address = IPAddress.Loopback, Gate = Gateway.Authenticator.CheckAsync, Origins = Gateway.Origins, Translate = GatewayServices.Translate }, Gateway.Services);
        Client = ClientWith(OperatorKey);
    }

    private async Task StopAsync()
    {
        Client.Dispose();
        await _server!.StopAsync(TimeSpan.FromSeconds(5));
        await _server.DisposeAsync();
        await Gateway.Trail.DisposeAsync();
        await _host!.DisposeAsync();
        if (!HasFaults) Assert.Empty(_errors);
    }
}
