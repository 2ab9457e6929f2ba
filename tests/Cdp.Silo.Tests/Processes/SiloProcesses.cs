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
    private readonly TestNetwork? _network;
    private readonly ConcurrentDictionary<CdpProcess, Doors> _silos = new();
    private string _watchKey = "";
    private int _next;

    private SiloProcesses(PostgresServer server, TestNetwork? network) => (_server, _network) = (server, network);

    /// <summary>Those that are there.</summary>
    public IReadOnlyList<CdpProcess> Silos => [.. _silos.Keys];

    /// <summary>Starts silos.</summary>
    public static async Task<SiloProcesses> StartAsync(int silos, CancellationToken cancellationToken)
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var processes = new SiloProcesses(await PostgresServer.StartAsync(), network: null);
        await processes.PrepareAsync(() => processes.Launch(), cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, silos).Select(_ => processes.StartOneAsync(cancellationToken)));
        return processes;
    }

    /// <summary>Starts the database on a machine, and makes what silos need; they are started on other machines.</summary>
    public static async Task<SiloProcesses> StartAsync(TestNetwork network, TestMachine database, TestMachine first, CancellationToken cancellationToken)
    {
        var processes = new SiloProcesses(await PostgresServer.StartAsync(new PostgresHost(database.Address, database.Name)), network);
        await processes.PrepareAsync(() => processes.LaunchOn(first), cancellationToken);
        return processes;
    }

    /// <summary>Starts another silo; returns when it serves.</summary>
    public async Task<CdpProcess> StartOneAsync(CancellationToken cancellationToken, params (string Name, string Value)[] settings) => await ServingAsync(Launch(settings), cancellationToken);

    /// <summary>Starts a silo of another version; returns when it serves.</summary>
    /// <param name="program">Path of its <c>cdp-silo.dll</c>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<CdpProcess> StartOneOfAsync(string program, CancellationToken cancellationToken) => await ServingAsync(Launch([], [], program), cancellationToken);

    /// <summary>Starts a silo that kills itself at the n-th passing of a step; returns when it serves, or has died before.</summary>
    public async Task<CdpProcess> StartDyingAsync(string step, int passing, CancellationToken cancellationToken)
    {
        var silo = Launch(("CDP_CRASH_AT", string.Create(CultureInfo.InvariantCulture, $"{step}:{passing}")));
        await TryServeAsync(silo, cancellationToken);
        return silo;
    }

    /// <summary>Starts a silo on a machine.</summary>
    public CdpProcess LaunchOn(TestMachine machine) => Launch(["ip", "netns", "exec", machine.Name], [("Cdp__Address", machine.Address), ("Cdp__SiloPort", "11111")]);

    /// <summary>Waits until a silo serves, which has clients from then on; false: it ended before.</summary>
    public async Task<bool> TryServeAsync(CdpProcess silo, CancellationToken cancellationToken)
    {
        var address = await silo.Address.WaitAsync(cancellationToken);
        if (address is not null) _silos[silo] = Connect(address);
        return address is not null;
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

    /// <summary>A client of one silo, for the tenant that is watched.</summary>
    public CdpClient WatchingClientOf(CdpProcess silo) => _silos[silo].Watching!;

    /// <summary>Runs a test's work; what the silos wrote goes with its failure.</summary>
    public async Task<T> ExplainAsync<T>(Task<T> work)
    {
        try
        {
            return await work;
        }
        catch (Exception e) when (e is CallException or TimeoutException)
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
        await KillAsync(silo);
        return code;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos) await KillAsync(silo);
        await _server.DisposeAsync();
    }

    /// <summary>Makes the tables, and the tenant that is watched.</summary>
    private async Task PrepareAsync(Func<CdpProcess> launch, CancellationToken cancellationToken)
    {
        await PostgresSchema.MigrateAsync(_server.ConnectionString, PostgresSchema.DefaultName, partitions: null, epoch: null, cancellationToken);
        var silo = await ServingAsync(launch(), cancellationToken);
        var admin = NextClient().Admin;
        await admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "watched" } }, cancellationToken: cancellationToken);
        _watchKey = (await admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "watched", Roles = { Role.Admin } }, cancellationToken: cancellationToken)).Secret;
        await StopAsync(silo, cancellationToken);
    }

    private CdpProcess Launch(params (string Name, string Value)[] settings) => Launch([], settings);

    private CdpProcess Launch(IReadOnlyList<string> tracer, (string Name, string Value)[] settings, string program = "cdp-silo.dll") => CdpProcess.Start([], new CdpProcessOptions
    {
        Program = program,
        Tracer = tracer,
        Environment = Environment([("Cdp__Profile", "postgres"), ("Cdp__Postgres", _server.Url), .. settings]),
    });

    private async Task<CdpProcess> ServingAsync(CdpProcess silo, CancellationToken cancellationToken) =>
        await TryServeAsync(silo, cancellationToken) ? silo : throw new InvalidOperationException($"The silo did not start.\n{silo.Output}");

    private Doors Connect(Uri address)
    {
        CdpClient Client(string key) => new(address, key, new RpcChannelOptions { DefaultTimeout = TimeSpan.FromMinutes(3), Handler = _network?.NewHandler() });
        return new Doors(Client(CdpProcess.OperatorKey), _watchKey.Length == 0 ? null : Client(_watchKey));
    }

    /// <summary>The doors of another silo that lives; of one that does not, where none does.</summary>
    private Doors Next()
    {
        KeyValuePair<CdpProcess, Doors>[] all = [.. _silos];
        if (all.Length == 0) throw new InvalidOperationException("There is no silo.");
        KeyValuePair<CdpProcess, Doors>[] living = [.. all.Where(silo => !silo.Key.HasExited)];
        if (living.Length > 0) all = living;
        return all[(uint)Interlocked.Increment(ref _next) % all.Length].Value;
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
