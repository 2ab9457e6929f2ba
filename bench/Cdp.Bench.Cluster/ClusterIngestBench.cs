using System.Globalization;
using Cdp.Bench.Cluster.Silos;
using Cdp.Bench.Product;
using Cdp.Client;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Cdp.V1;

namespace Cdp.Bench.Cluster;

/// <summary>
/// The events of <c>ingest</c> through the gateways of silos, one after the other, against the single-node engine on a
/// PostgreSQL server of its own and on a directory, and against an echo that hands each customer's events of a batch to a
/// grain that drops them. Each round publishes the same events to all of them.
/// </summary>
internal sealed class ClusterIngestBench : IBench
{
    private const int Customers = 10_000;
    private const int Rounds = 5;
    private const int Subjects = 4;
    private const int Writers = 4;

    /// <summary>How fast the subjects are taken to be together, which gives a round its number of events.</summary>
    private const int EventsPerSecond = 6_000;

    public string Name => "cluster-ingest";

    public string Description => $"server CPU an event of engine 1 on PostgreSQL ÷ that of silos (events of ingest, {Customers} customers; PostgreSQL's own beside); SECONDS are about; {SiloCounts.Usage}";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var counts = SiloCounts.Of(arguments);
        var batches = Math.Max(1, (int)(arguments.Seconds * EventsPerSecond / (counts.Count * Subjects * (Rounds + 1) * Writers * Load.BatchSize)));
        var figures = new Dictionary<string, double>();
        foreach (var silos in counts)
        {
            var rounds = await MeasureAsync(silos, batches * Load.BatchSize, figures, cancellationToken);
            figures[$"ratio_{silos}"] = rounds.Median(r => r.Single.Micros / r.Own.Micros);
            figures[$"sqlite_ratio_{silos}"] = rounds.Median(r => r.Embedded.Micros / r.Own.Micros);
            figures[$"rate_ratio_{silos}"] = rounds.Median(r => r.Own.Rate / r.Single.Rate);
            figures[$"cpu_us_{silos}"] = rounds.Median(r => r.Own.Micros);
            figures[$"postgres_cpu_us_{silos}"] = rounds.Median(r => r.Own.StoreMicros);
            figures[$"engine1_cpu_us_{silos}"] = rounds.Median(r => r.Single.Micros);
            figures[$"engine1_postgres_cpu_us_{silos}"] = rounds.Median(r => r.Single.StoreMicros);
            figures[$"sqlite_cpu_us_{silos}"] = rounds.Median(r => r.Embedded.Micros);
            figures[$"echo_cpu_us_{silos}"] = rounds.Median(r => r.Echo.Micros);
        }

        return new BenchResult(counts.Min(silos => figures[$"ratio_{silos}"]), figures);
    }

    private static async Task<List<Round>> MeasureAsync(int silos, long eventsEach, Dictionary<string, double> figures, CancellationToken cancellationToken)
    {
        await using var shared = await DatabaseAsync(cancellationToken);
        await using var product = await SiloCluster.StartAsync(shared, silos, ChildSilo.Command);
        var reply = Path.GetTempFileName();
        await using var bare = await SiloCluster.StartAsync(shared, silos, EchoSilo.Command, reply);
        File.Delete(reply);
        await using var alone = await DatabaseAsync(cancellationToken);
        await using var single = await ServerProcess.StartAsync("cdp.dll", data: "", "serve", "--port", "0", "--postgres", alone.Url);
        await using var embedded = await ServerProcess.StartAsync();
        using var singleClient = single.Connect();
        using var embeddedClient = embedded.Connect();
        var own = new Subject(product.Next, () => product.Cpu, () => shared.Cpu);
        var engine1 = new Subject(() => singleClient, () => single.Cpu, () => alone.Cpu);
        var sqlite = new Subject(() => embeddedClient, () => embedded.Cpu, static () => default);
        var echo = new Subject(bare.Next, () => bare.Cpu, static () => default) { KeepsNothing = true };
        foreach (var subject in new[] { own, engine1, sqlite })
        {
            await subject.Client().Identities.PutNamespaceAsync(
                new PutNamespaceRequest { Namespace = new Namespace { Name = "session_cookie", Kind = NamespaceKind.Device, MaxPerCustomer = -1 } },
                cancellationToken: cancellationToken);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{silos} silo(s), {Writers * eventsEach:n0} events a round"));
        var rounds = new List<Round>();
        Work? work = null;
        for (var i = 0; i <= Rounds; i++)
        {
            var before = await product.ReadAsync(cancellationToken);
            var ownFigures = await PublishAsync(own, i, eventsEach, cancellationToken);
            var did = await product.ReadAsync(cancellationToken) - before;
            var round = new Round(
                ownFigures, await PublishAsync(engine1, i, eventsEach, cancellationToken), await PublishAsync(sqlite, i, eventsEach, cancellationToken),
                await PublishAsync(echo, i, eventsEach, cancellationToken));
            Console.WriteLine($"{round}{(i == 0 ? "    (not counted)" : "")}");
            if (i == 0) continue;
            rounds.Add(round);
            work = work is null ? did : work + did;
        }

        Console.WriteLine($"  CPU of engine 1 on PostgreSQL ÷ silos {rounds.Spread(r => r.Single.Micros / r.Own.Micros)}");
        ClusterLookupBench.Report(work!, silos, rounds.Sum(r => r.Own.Events), "event", figures);
        return rounds;
    }

    /// <summary>A server with room for its log, so that no checkpoint falls into a run.</summary>
    private static async Task<PostgresServer> DatabaseAsync(CancellationToken cancellationToken)
    {
        var server = await PostgresServer.StartAsync("shared_buffers=512MB", "max_wal_size=8GB", "wal_compression=on");
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, partitions: null, epoch: null, cancellationToken);
        return server;
    }

    private static async Task<Figures> PublishAsync(Subject subject, int round, long eventsEach, CancellationToken cancellationToken)
    {
        var (cpu, store) = (subject.Cpu(), subject.StoreCpu());
        var outcome = await Load.RunAsync(
            subject.Client, IngestBench.Sources(firstSeed: 1 + (round * Writers), Customers), sent => sent < eventsEach,
            token => subject.KeepsNothing ? Task.CompletedTask : LatencyBench.VisibleAsync(subject.Client(), token, cancellationToken), cancellationToken);
        return new Figures(
            outcome.Events, outcome.Rate, (subject.Cpu() - cpu).TotalMicroseconds / outcome.Events, (subject.StoreCpu() - store).TotalMicroseconds / outcome.Events);
    }

    private sealed record Subject(Func<CdpClient> Client, Func<TimeSpan> Cpu, Func<TimeSpan> StoreCpu)
    {
        public bool KeepsNothing { get; init; }
    }

    private sealed record Figures(long Events, double Rate, double Micros, double StoreMicros)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate,6:n0}/s {Micros,4:n0} + {StoreMicros:n0} µs");
    }

    private sealed record Round(Figures Own, Figures Single, Figures Embedded, Figures Echo)
    {
        public override string ToString() => $"  silos {Own}    engine 1, PostgreSQL {Single}    SQLite {Embedded}    echo {Echo}";
    }
}
