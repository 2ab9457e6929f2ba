using System.Globalization;

namespace Cdp.Bench.Product;

/// <summary>Server CPU per event, uniform over many stored customers that are not live, against few that are.</summary>
internal sealed class ScaleBench : IBench
{
    private const int Few = 10_000;

    public string Name => "scale";

    public string Description => "server CPU an event at 1,000,000 stored customers (uniform, cold) ÷ at 10,000; goal ≤ 1.5. --customers N";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var many = arguments.Rest is ["--customers", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        var duration = TimeSpan.FromSeconds(arguments.Seconds / 2);
        var few = await MeasureAsync(Few, duration, cancellationToken);
        var all = await MeasureAsync(many, duration, cancellationToken);
        return new BenchResult(all / few, new Dictionary<string, double> { ["cpu_us_per_event"] = all, ["baseline_cpu_us_per_event"] = few, ["customers"] = many });
    }

    /// <summary>Fills, restarts so that nothing is live, and measures.</summary>
    private static async Task<double> MeasureAsync(int customers, TimeSpan duration, CancellationToken cancellationToken)
    {
        var data = Path.Combine(Path.GetTempPath(), $"cdp-bench-{Guid.NewGuid():N}");
        await using (var filling = await ServerProcess.StartAsync(data))
        {
            using var writer = filling.Connect();
            await Lookups.FillAsync(writer, customers, 2, cancellationToken);
            await filling.StopAsync();
        }

        await using var server = await ServerProcess.StartAsync(data);
        using var client = server.Connect();

        // The code is compiled for the load before it is measured: its cost is the start's, not an event's.
        await Load.RunAsync(client, Sources(100), duration / 2, token => LatencyBench.VisibleAsync(client, token, cancellationToken), cancellationToken);
        var before = server.Cpu;
        var outcome = await Load.RunAsync(client, Sources(200), duration, token => LatencyBench.VisibleAsync(client, token, cancellationToken), cancellationToken);
        var cost = (server.Cpu - before).TotalMicroseconds / outcome.Events;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{customers,9:n0} customers  {outcome.Rate,8:n0} events/s  {cost,6:n1} µs server CPU an event  {outcome.Events:n0} events  {server.Memory / 1e6:n0} MB"));
        return cost;

        EventSource[] Sources(int firstSeed) =>
            [.. Enumerable.Range(firstSeed, 4).Select(seed => new EventSource(customers, seed, random => random.Next(customers)))];
    }
}
