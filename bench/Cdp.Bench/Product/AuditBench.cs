using System.Globalization;

namespace Cdp.Bench.Product;

/// <summary>Profile lookups of a server that writes each down against one that does not.</summary>
internal sealed class AuditBench : IBench
{
    private const int Customers = 50_000;
    private const int Callers = 32;
    private const int Rounds = 7;

    public string Name => "audit";

    public string Description => "GetProfile/s (authentication on, uniform over 50,000 live customers) with the audit log of reads ÷ without it; goal ≥ 0.9";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var with = await ServerProcess.StartAsync();
        await using var without = await ServerProcess.StartAsync(null, ("Cdp__AuditReads", "false"));
        using var withClient = with.Connect();
        using var withoutClient = without.Connect();
        foreach (var (server, client) in new[] { (with, withClient), (without, withoutClient) })
        {
            await Lookups.FillAsync(client, Customers, 3, cancellationToken);
            await server.SettleAsync(cancellationToken);
            await Lookups.ReadAllAsync(client, Customers, Callers, cancellationToken);
        }

        var round = TimeSpan.FromSeconds(arguments.Seconds / (2 * (Rounds + 1)));
        var rates = new List<double>();
        var cpus = new List<double>();
        for (var i = -1; i < Rounds; i++)
        {
            var (own, ownCpu, ownLatency) = await MeasureAsync(with, withClient, round, cancellationToken);
            var (bare, bareCpu, bareLatency) = await MeasureAsync(without, withoutClient, round, cancellationToken);
            if (i < 0) continue;
            rates.Add(own / bare);
            cpus.Add(ownCpu / bareCpu);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"with {own,8:n0}/s {ownCpu,6:n1} µs server CPU p99 {ownLatency:n2} ms    without {bare,8:n0}/s {bareCpu,6:n1} µs p99 {bareLatency:n2} ms    ratio {own / bare:n3}"));
        }

        rates.Sort();
        cpus.Sort();
        return new BenchResult(rates[Rounds / 2], new Dictionary<string, double> { ["server_cpu_ratio"] = cpus[Rounds / 2] });
    }

    private static async Task<(double Rate, double CpuMicros, double P99)> MeasureAsync(ServerProcess server, Client.CdpClient client, TimeSpan round, CancellationToken cancellationToken)
    {
        var cpu = server.Cpu;
        var latencies = await Lookups.RunAsync(client, Customers, Callers, round, cancellationToken);
        return (latencies.Length / round.TotalSeconds, (server.Cpu - cpu).TotalMicroseconds / latencies.Length, Lookups.Quantile(latencies, 0.99));
    }
}
