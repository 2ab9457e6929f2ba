using System.Diagnostics;
using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Orleans.Storage;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Storage;

namespace Cdp.Bench.Cluster;

/// <summary>
/// States of 1 KB, written behind their tags and read, in the product's tables and through Orleans' ADO.NET provider: the same
/// interface above both, the same database server below, the same callers.
/// </summary>
internal sealed class ClusterStateBench : IBench
{
    private const string Provider = "states";
    private const string Kind = "customer";
    private const int Callers = 64;
    private const int Keys = 64 * 100;
    private const int Rounds = 5;
    private static readonly byte[] s_value = [.. Enumerable.Range(0, 1024).Select(i => (byte)i)];

    public string Name => "cluster-state";

    public string Description => "states of 1 KB written a second by 64 callers to PostgreSQL ÷ through Microsoft.Orleans.Persistence.AdoNet; the folder of its scripts follows (PostgreSQL-Main.sql, PostgreSQL-Persistence.sql)";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        if (arguments.Rest is not [var scripts]) throw new UsageException("Name the folder that holds PostgreSQL-Main.sql and PostgreSQL-Persistence.sql of Orleans.");
        await using var database = await PostgresServer.StartAsync();
        await PostgresSchema.MigrateAsync(database.ConnectionString, PostgresSchema.DefaultName, partitions: null, epoch: null, cancellationToken);
        await MakeTablesAsync(database, scripts, cancellationToken);
        await using var store = await PostgresStore.OpenAsync(database.ConnectionString, null, cancellationToken);
        using var host = await StartAsync(database, cancellationToken);
        Subject[] subjects =
        [
            new("cdp", store.State, database),
            new("AdoNet", new GrainStorageStates(host.Services.GetRequiredKeyedService<IGrainStorage>(Provider)), database),
        ];
        var round = TimeSpan.FromSeconds(arguments.Seconds / (Rounds * subjects.Length * 2));
        foreach (var subject in subjects) await subject.RunAsync(writes: true, round, cancellationToken);
        var rounds = new List<Round>();
        for (var i = 0; i < Rounds; i++)
        {
            rounds.Add(new Round(
                await subjects[0].RunAsync(writes: true, round, cancellationToken),
                await subjects[1].RunAsync(writes: true, round, cancellationToken),
                await subjects[0].RunAsync(writes: false, round, cancellationToken),
                await subjects[1].RunAsync(writes: false, round, cancellationToken)));
            Console.WriteLine(rounds[^1]);
        }

        await host.StopAsync(cancellationToken);
        Console.WriteLine($"  writes {rounds.Spread(r => r.Writes.Rate / r.AdoWrites.Rate)}, their CPU {rounds.Spread(r => r.AdoWrites.Micros / r.Writes.Micros)}; reads {rounds.Spread(r => r.Reads.Rate / r.AdoReads.Rate)}");
        return new BenchResult(rounds.Median(r => r.Writes.Rate / r.AdoWrites.Rate), new Dictionary<string, double>
        {
            ["writes_per_s"] = rounds.Median(r => r.Writes.Rate),
            ["ado_writes_per_s"] = rounds.Median(r => r.AdoWrites.Rate),
            ["write_cpu_ratio"] = rounds.Median(r => r.AdoWrites.Micros / r.Writes.Micros),
            ["read_ratio"] = rounds.Median(r => r.Reads.Rate / r.AdoReads.Rate),
            ["reads_per_s"] = rounds.Median(r => r.Reads.Rate),
        });
    }

    private static async Task MakeTablesAsync(PostgresServer database, string scripts, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        foreach (var name in (string[])["PostgreSQL-Main.sql", "PostgreSQL-Persistence.sql"])
        {
            await using var command = source.CreateCommand(await File.ReadAllTextAsync(Path.Combine(scripts, name), cancellationToken));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task<IHost> StartAsync(PostgresServer database, CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo => silo.UseLocalhostClustering().AddAdoNetGrainStorage(Provider, options =>
        {
            (options.Invariant, options.ConnectionString) = ("Npgsql", database.ConnectionString);
            options.GrainStorageSerializer = new StoredStateSerializer();
        }));
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return host;
    }

    /// <summary>One store and the tags of its states; no two callers write the same.</summary>
    private sealed class Subject(string name, IStateStore states, PostgresServer database)
    {
        private readonly string?[] _tags = new string?[Keys];

        public async Task<Figures> RunAsync(bool writes, TimeSpan round, CancellationToken cancellationToken)
        {
            var cpu = Cpu();
            var started = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(
                async () =>
                {
                    var count = 0L;
                    for (var key = caller; Stopwatch.GetElapsedTime(started) < round; key = (key + Callers) % Keys, count++)
                    {
                        var text = string.Create(CultureInfo.InvariantCulture, $"shop/c{key}");
                        if (writes) _tags[key] = await states.WriteAsync(Kind, text, s_value, _tags[key], cancellationToken) ?? throw new InvalidOperationException($"{name} refused a write.");
                        else if ((await states.ReadAsync(Kind, text, cancellationToken)).Exists != _tags[key] is not null) throw new InvalidOperationException($"{name} lost a state.");
                    }

                    return count;
                },
                cancellationToken)));
            var (calls, time) = (counts.Sum(), Stopwatch.GetElapsedTime(started));
            return new Figures(calls / time.TotalSeconds, (Cpu() - cpu).TotalMicroseconds / calls);
        }

        /// <summary>Of this process and the server's.</summary>
        private TimeSpan Cpu() => Process.GetCurrentProcess().TotalProcessorTime + database.Cpu;
    }

    private sealed record Figures(double Rate, double Micros)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate,7:n0}/s {Micros,6:n0} µs CPU");
    }

    private sealed record Round(Figures Writes, Figures AdoWrites, Figures Reads, Figures AdoReads)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"  writes {Writes}    AdoNet {AdoWrites}    ratio {Writes.Rate / AdoWrites.Rate:n2}    reads {Reads}    AdoNet {AdoReads}    ratio {Reads.Rate / AdoReads.Rate:n2}");
    }
}
