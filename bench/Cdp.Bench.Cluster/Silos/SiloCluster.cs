using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.PostgresKit;

namespace Cdp.Bench.Cluster.Silos;

/// <summary>Silos of one cluster, a process each, on one PostgreSQL server.</summary>
internal sealed partial class SiloCluster : IAsyncDisposable
{
    private readonly List<Member> _members = [];
    private readonly HttpClient _http = new();
    private int _next;

    /// <summary>CPU time that all used so far.</summary>
    public TimeSpan Cpu => TimeSpan.FromMicroseconds(_members.Sum(member => member.Process.Cpu.TotalMicroseconds));

    /// <summary>Starts silos one after the other, as whoever replaces them does; returns when all serve.</summary>
    /// <param name="database">Where they meet; it has the product's tables.</param>
    /// <param name="silos">Their number.</param>
    /// <param name="command">What each runs; also the cluster's name.</param>
    public static async Task<SiloCluster> StartAsync(PostgresServer database, int silos, params string[] command)
    {
        var cluster = new SiloCluster();
        while (cluster._members.Count < silos) await cluster.StartOneAsync(database, command);
        return cluster;
    }

    /// <summary>A client of one silo after the other.</summary>
    public CdpClient Next() => _members[(int)((uint)Interlocked.Increment(ref _next) % _members.Count)].Client;

    /// <summary>What they did so far.</summary>
    public async Task<Work> ReadAsync(CancellationToken cancellationToken) => new(await Task.WhenAll(_members.Select(
        async member => new Work.OfSilo(member.Process.Cpu, (await _http.GetFromJsonAsync<SiloCounters>(member.Counters, cancellationToken))!))));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var (process, client, _) in _members)
        {
            client.Dispose();
            await process.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task StartOneAsync(PostgresServer database, string[] command)
    {
        var process = CdpProcess.Start(command, new CdpProcessOptions
        {
            Program = "Cdp.Bench.Cluster.dll",
            Environment = new Dictionary<string, string>
            {
                ["Cdp__Profile"] = "postgres",
                ["Cdp__Postgres"] = database.Url,
                ["Cdp__Cluster"] = command[0],
                ["Cdp__Port"] = "0",
                ["Cdp__HealthPort"] = "0",
                ["Cdp__SiloPort"] = CdpProcess.FreePort().ToString(CultureInfo.InvariantCulture),
                [CdpProcess.AdminKeyVariable] = CdpProcess.OperatorKey,
            },
        });
        if (await process.Address is not { } address)
        {
            await process.DisposeAsync();
            throw new InvalidOperationException($"The silo ended before it listened: {process.Output}");
        }

        _members.Add(new Member(process, CdpProcess.Connect(address), new Uri(new Uri(Counters().Match(process.Printed).Groups["address"].Value), ChildSilo.CountersPath)));
    }

    [GeneratedRegex(@"counters on (?<address>http://\S+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Counters();

    private sealed record Member(CdpProcess Process, CdpClient Client, Uri Counters);
}
