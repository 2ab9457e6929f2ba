using System.Collections.Concurrent;
using System.Globalization;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Cdp.V1;

namespace Cdp.Silo.Tests.Processes;

/// <summary>Silos as real processes on a PostgreSQL server of their own.</summary>
internal sealed class SiloProcesses : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly ConcurrentDictionary<CdpProcess, Doors> _silos = new();
    private string _watchKey = "";
    private int _next;

    private SiloProcesses(PostgresServer server) => _server = server;

    /// <summary>Those that are there.</summary>
    public IReadOnlyList<CdpProcess> Silos => [.. _silos.Keys];

    /// <summary>Starts silos.</summary>
    public static async Task<SiloProcesses> StartAsync(int silos, CancellationToken cancellationToken)
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var server = await PostgresServer.StartAsync();
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, partitions: null, epoch: null, cancellationToken);
        var processes = new SiloProcesses(server);
        await processes.StartOneAsync(cancellationToken);
        var admin = processes.NextClient().Admin;
        await admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "watched" } }, cancellationToken: cancellationToken);
        processes._watchKey = (await admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "watched", Roles = { Role.Admin } }, cancellationToken: cancellationToken)).Secret;
        await processes.StopAsync(processes.Silos[0], cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, silos).Select(_ => processes.StartOneAsync(cancellationToken)));
        return processes;
    }

    /// <summary>Starts another silo; returns when it serves.</summary>
    public async Task<CdpProcess> StartOneAsync(CancellationToken cancellationToken)
    {
        var environment = Environment(("Cdp__Profile", "postgres"), ("Cdp__Postgres", _server.Url));
        var silo = CdpProcess.Start([], new CdpProcessOptions { Program = "cdp-silo.dll", Environment = environment });
        var address = await silo.Address.WaitAsync(cancellationToken) ?? throw new InvalidOperationException($"The silo did not start.\n{silo.Output}");
        _silos[silo] = new Doors(CdpProcess.Connect(address), _watchKey.Length == 0 ? null : new CdpClient(address, _watchKey));
        return silo;
    }

    /// <summary>Variables of a silo's environment: ports that are free, the operator's key, and those given.</summary>
    public static Dictionary<string, string> Environment(params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["Cdp__Port"] = "0",
            ["Cdp__HealthPort"] = "0",
            ["Cdp__SiloPort"] = CdpProcess.FreePort().ToString(CultureInfo.InvariantCulture),
            [CdpProcess.AdminKeyVariable] = CdpProcess.OperatorKey,
            ["DOTNET_TieredPGO"] = "0",
        };
        foreach (var (name, value) in settings) environment[name] = value;
        return environment;
    }

    /// <summary>A client of one silo after the other.</summary>
    public CdpClient NextClient() => Next().Ours;

    /// <summary>The same for a tenant of its own, which is watched.</summary>
    public CdpClient NextWatchingClient() => Next().Watching!;

    /// <summary>Runs a test's work; what the silos wrote goes with its failure.</summary>
    public async Task<T> ExplainAsync<T>(Task<T> work)
    {
        try
        {
            return await work;
        }
        catch (CallException e)
        {
            throw new InvalidOperationException($"{e.Message}\n{string.Join("\n\n", Silos.Select(silo => silo.Output))}", e);
        }
    }

    /// <summary>Kills a silo as <c>kill -9</c> does.</summary>
    public async Task KillAsync(CdpProcess silo)
    {
        Forget(silo);
        await silo.DisposeAsync();
    }

    /// <summary>Asks a silo to stop, and returns its exit code.</summary>
    public async Task<int> StopAsync(CdpProcess silo, CancellationToken cancellationToken)
    {
        await silo.SignalAsync("TERM", cancellationToken);
        var code = await silo.WaitAsync(cancellationToken);
        Forget(silo);
        await silo.DisposeAsync();
        return code;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos) await KillAsync(silo);
        await _server.DisposeAsync();
    }

    private Doors Next()
    {
        Doors[] doors = [.. _silos.Values];
        return doors[(uint)Interlocked.Increment(ref _next) % doors.Length];
    }

    private void Forget(CdpProcess silo)
    {
        if (_silos.TryRemove(silo, out var doors)) doors.Dispose();
    }

    /// <summary>Clients of one silo.</summary>
    private sealed record Doors(CdpClient Ours, CdpClient? Watching) : IDisposable
    {
        public void Dispose()
        {
            Ours.Dispose();
            Watching?.Dispose();
        }
    }
}
