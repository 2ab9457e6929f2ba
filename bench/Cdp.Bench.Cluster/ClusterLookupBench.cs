using System.Globalization;
using Cdp.Bench.Cluster.Silos;
using Cdp.Bench.Product;
using Cdp.Client;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Google.Protobuf;

namespace Cdp.Bench.Cluster;

/// <summary>
/// Profile lookups through the gateways of silos, one after the other, against calls of an echo grain with the same bytes
/// through gateways and silos of the same number, and against the single-node engine. Customers as in <c>lookup</c>.
/// </summary>
internal sealed class ClusterLookupBench : IBench
{
    private const int Customers = 10_000;
    private const int Callers = 32;
    private const int Rounds = 6;
    private const int WarmUps = 3;

    public string Name => "cluster-lookup";

    public string Description => $"GetProfile/s of silos (authentication on, uniform over {Customers} live customers) ÷ an Orleans echo grain with the same bytes behind Cdp.Rpc; goal ≥ 0.7; {SiloCounts.Usage}";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var counts = SiloCounts.Of(arguments);
        var round = TimeSpan.FromSeconds(arguments.Seconds / (counts.Count * 3 * (Rounds + WarmUps)));
        await using var single = await ServerProcess.StartAsync();
        using var singleClient = single.Connect();
        await Lookups.FillAsync(singleClient, Customers, 3, cancellationToken);
        await single.SettleAsync(cancellationToken);
        var engine1 = new Subject(() => singleClient, () => single.Cpu);
        var figures = new Dictionary<string, double>();
        foreach (var silos in counts)
        {
            var rounds = await MeasureAsync(silos, engine1, round, figures, cancellationToken);
            figures[$"ratio_{silos}"] = rounds.Median(r => r.Own.Rate / r.Echo.Rate);
            figures[$"cpu_ratio_{silos}"] = rounds.Median(r => r.Echo.Micros / r.Own.Micros);
            figures[$"engine1_cpu_ratio_{silos}"] = rounds.Median(r => r.Single.Micros / r.Own.Micros);
            figures[$"cpu_us_{silos}"] = rounds.Median(r => r.Own.Micros);
            figures[$"echo_cpu_us_{silos}"] = rounds.Median(r => r.Echo.Micros);
            figures[$"engine1_cpu_us_{silos}"] = rounds.Median(r => r.Single.Micros);
        }

        return new BenchResult(counts.Min(silos => figures[$"ratio_{silos}"]), figures);
    }

    private static async Task<List<Round>> MeasureAsync(int silos, Subject engine1, TimeSpan round, Dictionary<string, double> figures, CancellationToken cancellationToken)
    {
        await using var database = await PostgresServer.StartAsync();
        await PostgresSchema.MigrateAsync(database.ConnectionString, PostgresSchema.DefaultName, partitions: null, epoch: null, cancellationToken);
        await using var product = await SiloCluster.StartAsync(database, silos, ChildSilo.Command);
        await Lookups.FillAsync(product.Next, Customers, 3, cancellationToken);
        await ServerProcess.SettleAsync(() => product.Cpu, silos * TimeSpan.FromMilliseconds(100), cancellationToken);
        var sample = await product.Next().Profiles.GetProfileAsync(Lookups.Request(Customers / 2), cancellationToken: cancellationToken);
        var reply = Path.GetTempFileName();
        await File.WriteAllBytesAsync(reply, sample.ToByteArray(), cancellationToken);
        await using var bare = await SiloCluster.StartAsync(database, silos, EchoSilo.Command, reply);
        File.Delete(reply);
        var own = new Subject(product.Next, () => product.Cpu);
        var echo = new Subject(bare.Next, () => bare.Cpu);
        foreach (var subject in new[] { own, echo, engine1 })
        {
            // As often as there are gateways, each of which learns where customers are.
            for (var i = 0; i < silos; i++) await Lookups.ReadAllAsync(subject.Client(), Customers, Callers, cancellationToken);
            for (var i = 0; i < WarmUps; i++) await LookUpAsync(subject, round, cancellationToken);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{silos} silo(s), request {Lookups.Request(1).CalculateSize()} B, reply {sample.CalculateSize()} B, {Callers} callers"));
        var rounds = new List<Round>();
        Work? work = null;
        for (var i = 0; i < Rounds; i++)
        {
            var before = await product.ReadAsync(cancellationToken);
            var ownFigures = await LookUpAsync(own, round, cancellationToken);
            var did = await product.ReadAsync(cancellationToken) - before;
            work = work is null ? did : work + did;
            rounds.Add(new Round(ownFigures, await LookUpAsync(echo, round, cancellationToken), await LookUpAsync(engine1, round, cancellationToken)));
            Console.WriteLine(rounds[^1]);
        }

        var lookups = rounds.Sum(r => r.Own.Calls);
        Console.WriteLine($"  ratio of rates {rounds.Spread(r => r.Own.Rate / r.Echo.Rate)}, of CPU {rounds.Spread(r => r.Echo.Micros / r.Own.Micros)}");
        Report(work!, silos, lookups, "lookup", figures);
        return rounds;
    }

    /// <summary>Prints and keeps what the silos did for each event or lookup.</summary>
    internal static void Report(Work work, int silos, long count, string what, Dictionary<string, double> figures)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {(double)work.Messages / count:n2} messages and {(double)work.Bytes / count:n0} B between silos a {what}; {work.Local:p0} of calls local; max ÷ mean of calls {work.CallSpread:n2}, of CPU {work.CpuSpread:n2}"));
        figures[$"messages_{silos}"] = (double)work.Messages / count;
        figures[$"local_{silos}"] = work.Local;
        figures[$"call_spread_{silos}"] = work.CallSpread;
        figures[$"cpu_spread_{silos}"] = work.CpuSpread;
    }

    private static async Task<Figures> LookUpAsync(Subject subject, TimeSpan round, CancellationToken cancellationToken)
    {
        var cpu = subject.Cpu();
        var latencies = await Lookups.RunAsync(subject.Client, Customers, Callers, round, cancellationToken);
        return new Figures(latencies.Length, latencies.Length / round.TotalSeconds, (subject.Cpu() - cpu).TotalMicroseconds / latencies.Length, Lookups.Quantile(latencies, 0.5));
    }

    private sealed record Subject(Func<CdpClient> Client, Func<TimeSpan> Cpu);

    private sealed record Figures(long Calls, double Rate, double Micros, double P50)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate,7:n0}/s {Micros,6:n1} µs CPU p50 {P50:n2} ms");
    }

    private sealed record Round(Figures Own, Figures Echo, Figures Single)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"  lookup {Own}    echo {Echo}    engine 1 {Single}    ratio {Own.Rate / Echo.Rate:n2}, CPU {Echo.Micros / Own.Micros:n2}");
    }
}
