using System.Globalization;

namespace Cdp.Bench.Product;

/// <summary>
/// Server CPU per event, uniform over many stored customers against few: of a server that runs under its default memory
/// ceiling, and of one just started, whose every event finds its customer cold.
/// </summary>
internal sealed class ScaleBench : IBench
{
    private const int Few = 10_000;

    public string Name => "scale";

    public string Description => "server CPU an event at 1,000,000 stored customers (uniform, default memory ceiling) ÷ at 10,000; goal ≤ 1.5. --customers N";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var many = arguments.NumberOf("--customers", 1_000_000);
        var duration = TimeSpan.FromSeconds(arguments.Seconds / 4);
        var few = await MeasureAsync(Few, duration, cancellationToken);
        var all = await MeasureAsync(many, duration, cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"after a restart: {all.Cold / few.Running:n2} of what few customers cost a running server"));
        return new BenchResult(all.Running / few.Running, new Dictionary<string, double>
        {
            ["cpu_us_per_event"] = all.Running,
            ["baseline_cpu_us_per_event"] = few.Running,
            ["cold_cpu_us_per_event"] = all.Cold,
            ["cold_ratio"] = all.Cold / few.Running,
            ["customers"] = many,
        });
    }

    /// <summary>Fills and measures; then restarts so that nothing is live, and measures again.</summary>
    private static async Task<(double Running, double Cold)> MeasureAsync(int customers, TimeSpan duration, CancellationToken cancellationToken)
    {
        var data = Path.Combine(Path.GetTempPath(), $"cdp-bench-{Guid.NewGuid():N}");
        double running;
        await using (var filled = await ServerProcess.StartAsync(data))
        {
            using var writer = filled.Connect();
            await Lookups.FillAsync(writer, customers, 2, cancellationToken);
            running = await CostAsync(filled, customers, "running", firstSeed: 100, duration, cancellationToken);
            await filled.StopAsync();
        }

        await using var restarted = await ServerProcess.StartAsync(data);
        return (running, await CostAsync(restarted, customers, "restarted", firstSeed: 300, duration, cancellationToken));
    }

    private static async Task<double> CostAsync(
        ServerProcess server, int customers, string state, int firstSeed, TimeSpan duration, CancellationToken cancellationToken)
    {
        using var client = server.Connect();

        // The code is compiled for the load before it is measured: its cost is the start's, not an event's.
        await RunAsync(firstSeed, duration / 2);
        var before = server.Cpu;
        var outcome = await RunAsync(firstSeed + 100, duration);
        var cost = (server.Cpu - before).TotalMicroseconds / outcome.Events;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{customers,9:n0} customers  {state,-9}  {outcome.Rate,8:n0} events/s  {cost,6:n1} µs server CPU an event  {outcome.Events:n0} events  {server.Memory / 1e6:n0} MB"));
        return cost;

        Task<Load.Outcome> RunAsync(int seed, TimeSpan time) => Load.RunAsync(
            client,
            [.. Enumerable.Range(seed, 4).Select(s => new EventSource(customers, s, random => random.Next(customers)))],
            time,
            token => LatencyBench.VisibleAsync(client, token, cancellationToken),
            cancellationToken);
    }
}
