using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Cdp.Client;
using Cdp.Gateway;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Orleans;
using Cdp.Orleans.Hosting;
using Cdp.Orleans.Partitions;
using Cdp.Rpc;
using Cdp.Silo.Hosting;
using Cdp.Storage;
using Cdp.StorageContract;
using Cdp.V1;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Serialization.TypeSystem;
using Orleans.TestingHost;

namespace Cdp.Silo.Tests.Cluster;

/// <summary>How silos are put together.</summary>
internal sealed record TestSilosOptions
{
    /// <summary>What they stand on.</summary>
    public GrainStores Stores { get; init; } = new(new MemoryEventLog(8), new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex());

    /// <summary>Whether the log pushes.</summary>
    public bool LogPushes { get; init; }

    /// <summary>What else a silo gets.</summary>
    public Action<ISiloBuilder> Configure { get; init; } = _ => { };

    /// <summary>What the tests' own client gets.</summary>
    public Action<IClientBuilder> ConfigureClient { get; init; } = _ => { };
}

/// <summary>Silos in this process, each with a gateway, on memory stores that they share.</summary>
internal sealed class TestSilos : IAsyncDisposable
{
    private const int MostErrors = 20;

    public const string OperatorKey = "operator-key-of-the-tests";

    private readonly InProcessTestCluster _cluster;
    private readonly ConcurrentQueue<Exception> _errors;
    private readonly ConcurrentDictionary<InProcessSiloHandle, Door> _doors = new();
    private int _next;

    private TestSilos(InProcessTestCluster cluster, ConcurrentQueue<Exception> errors) => (_cluster, _errors) = (cluster, errors);

    /// <summary>Errors that silos handled by themselves.</summary>
    public IReadOnlyCollection<Exception> Errors => _errors;

    /// <summary>A client of the cluster, as grains are called from outside.</summary>
    public IClusterClient Client => _cluster.Client;

    /// <summary>The silos that are there.</summary>
    public IReadOnlyList<InProcessSiloHandle> Silos => _cluster.Silos;

    /// <summary>Starts silos.</summary>
    public static async Task<TestSilos> StartAsync(int silos, TestSilosOptions? options = null)
    {
        options ??= new TestSilosOptions();
        var errors = new ConcurrentQueue<Exception>();
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddCdp(
                _ => options.Stores,
                new CdpClusterOptions { Hosting = new GrainHostingOptions { OnFault = (_, _, error) => errors.Enqueue(error) }, LogPushes = options.LogPushes },
                TimeProvider.System);
            silo.Services.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.NumMissedProbesLimit = 3;
            });
            options.Configure(silo);
        });
        builder.ConfigureClient(client =>
        {
            client.Services.AddPlainMessages();
            options.ConfigureClient(client);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        var test = new TestSilos(cluster, errors);
        foreach (var silo in cluster.Silos) await test.OpenAsync(silo);
        return test;
    }

    /// <summary>A client of a silo.</summary>
    public CdpClient ClientOf(InProcessSiloHandle silo) => _doors[silo].Client;

    /// <summary>A client of one silo after the other.</summary>
    public CdpClient NextClient() => NextDoor().Client;

    /// <summary>The same with another key than the operator's; the caller's to dispose of.</summary>
    public CdpClient NextClientWith(string key) => new(UrlOf(NextDoor().Server), key);

    /// <summary>Runs a test's work; where events stand and what the silos wrote goes with its failure.</summary>
    public async Task<T> ExplainAsync<T>(Task<T> work)
    {
        try
        {
            return await work;
        }
        catch (Exception e) when (e is CallException or TimeoutException)
        {
            var partitions = (await NextClient().Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: TestContext.Current.CancellationToken)).Partitions;
            throw new InvalidOperationException($"{e.Message}\n{string.Join('\n', partitions)}\n{string.Join("\n\n", _errors.TakeLast(MostErrors))}", e);
        }
    }

    /// <summary>Waits until the silos have so many partitions each, in any order of the silos.</summary>
    /// <exception cref="TimeoutException">They do not within a minute.</exception>
    public async Task PartitionsAsync(params int[] expected)
    {
        var management = _cluster.Client.GetGrain<IManagementGrain>(0);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var partitions = await management.GetDetailedGrainStatistics([RuntimeTypeNameFormatter.Format(typeof(PartitionHost))]);
            int[] found = [.. partitions.CountBy(partition => partition.SiloAddress).Select(silo => silo.Value).Order()];
            if (found.SequenceEqual(expected)) return;
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(1)) throw new TimeoutException($"The silos have {string.Join(", ", found)} partitions.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Ends a silo as a crash would, as far as that is possible within a process.</summary>
    public async Task KillAsync(InProcessSiloHandle silo)
    {
        if (_doors.TryRemove(silo, out var door)) await door.DisposeAsync();
        await _cluster.KillSiloAsync(silo);
    }

    /// <summary>Ends a silo in order.</summary>
    public async Task StopAsync(InProcessSiloHandle silo)
    {
        if (_doors.TryRemove(silo, out var door)) await door.DisposeAsync();
        await _cluster.StopSiloAsync(silo);
    }

    /// <summary>Starts another silo.</summary>
    public async Task<InProcessSiloHandle> StartOneAsync()
    {
        var silo = await _cluster.StartAdditionalSiloAsync();
        await OpenAsync(silo);
        return silo;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var door in _doors.Values) await door.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    private async Task OpenAsync(InProcessSiloHandle silo)
    {
        var services = silo.ServiceProvider;
        var stores = services.GetRequiredService<GrainStores>();
        var ports = new GatewayPorts(
            services.GetRequiredService<IGrains>(), services.GetRequiredService<ClusterLog>(), services.GetRequiredService<DefinitionsCache>(), TimeProvider.System, NoStepObserver.Instance)
        {
            Tenants = stores is { States: MemoryStateStore states, History: MemoryHistory histories } ? new StoreTenants(new MemoryStore(stores.Log, states, histories, stores.Customers)) : null,
        };
        var gateway = new GatewayServices(ports);
        await gateway.Tenants.BootstrapAsync(OperatorKey, TestContext.Current.CancellationToken);
        var server = await RpcServer.StartAsync(
            new RpcServerOptions { ErrorDomain = "cdp", Address = IPAddress.Loopback, Gate = gateway.Authenticator.CheckAsync, Translate = Translate }, gateway.Services);
        _doors[silo] = new Door(server, gateway, new CdpClient(UrlOf(server), OperatorKey));
    }

    private static Uri UrlOf(RpcServer server) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{server.Port}"));

    private Door NextDoor()
    {
        Door[] doors = [.. _doors.Values];
        return doors[(uint)Interlocked.Increment(ref _next) % doors.Length];
    }

    /// <summary>As a silo does; what it has no words for is an error that it is to be blamed for.</summary>
    private RpcError? Translate(Exception error)
    {
        var translated = ClusterErrors.Translate(error);
        if (translated is null) _errors.Enqueue(error);
        return translated;
    }

    private sealed record Door(RpcServer Server, GatewayServices Gateway, CdpClient Client) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await Server.StopAsync(TimeSpan.Zero);
            await Server.DisposeAsync();
            await Gateway.Trail.DisposeAsync();
        }
    }
}
