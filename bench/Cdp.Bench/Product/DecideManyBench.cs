using System.Globalization;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>How long a decision among a thousand actions takes while the server is half busy.</summary>
internal sealed class DecideManyBench : IBench
{
    private const int Customers = 100_000;
    private const int Actions = 1_000;
    private const int Callers = 32;

    public string Name => "decide-many";

    public string Description => "decisions among 1,000 actions about customers who were decided for before, at half of the most that the server takes: p50_ms, p99_ms (goal < 10); ratio: p99 ÷ p50";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await Lookups.FillAsync(client, Customers, 3, cancellationToken);
        await Decides.PutAsync(client, Actions, cancellationToken);
        await server.SettleAsync(cancellationToken);
        var part = TimeSpan.FromSeconds(arguments.Seconds / 3);
        await Decides.ForEachAsync(client, Customers, Callers, cancellationToken);
        var cpu = server.Cpu;
        var full = await Decides.RunAsync(client, Customers, Callers, DecisionConsistency.Async, part, cancellationToken);
        var (most, micros) = (full.Length / part.TotalSeconds, (server.Cpu - cpu).TotalMicroseconds / full.Length);
        var half = await Decides.RunSteadyAsync(client, Customers, most / 2, 2 * part, cancellationToken);
        var (p50, p99) = (Lookups.Quantile(half, 0.5), Lookups.Quantile(half, 0.99));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"full load {most,8:n0}/s  {micros:n1} µs server CPU  p50 {Lookups.Quantile(full, 0.5),7:n2} ms   p99 {Lookups.Quantile(full, 0.99),7:n2} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"half load {half.Length / (2 * part.TotalSeconds),8:n0}/s  p50 {p50,7:n2} ms   p99 {p99,7:n2} ms   n {half.Length:n0}"));
        return new BenchResult(p99 / p50, new Dictionary<string, double>
        {
            ["p50_ms"] = p50,
            ["p99_ms"] = p99,
            ["server_cpu_us"] = micros,
            ["decisions_per_s"] = half.Length / (2 * part.TotalSeconds),
            ["full_per_s"] = most,
        });
    }
}
