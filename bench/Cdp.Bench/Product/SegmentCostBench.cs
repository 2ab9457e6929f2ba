using System.Globalization;

namespace Cdp.Bench.Product;

/// <summary>What an event costs the server with a thousand segments, of which it touches the same few as with ten.</summary>
internal sealed class SegmentCostBench : IBench
{
    private const int Few = 10;
    private const int Many = 1_000;

    public string Name => "segment-cost";

    public string Description => "server CPU an event with 1,000 segments defined ÷ with 10, the event touching the same ones; goal ≤ 3";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var half = TimeSpan.FromSeconds(arguments.Seconds / 2);
        var few = await MeasureAsync(Few, half, cancellationToken);
        var many = await MeasureAsync(Many, half, cancellationToken);
        return new BenchResult(many / few, new Dictionary<string, double> { ["cpu_us_per_event"] = many, ["baseline_cpu_us_per_event"] = few });
    }

    private static async Task<double> MeasureAsync(int segments, TimeSpan duration, CancellationToken cancellationToken)
    {
        var (outcome, cpu, _) = await IngestBench.OwnAsync(duration, cancellationToken, client => SegmentLoad.PutAsync(client, Few, segments - Few, cancellationToken));
        var cost = cpu.TotalMicroseconds / outcome.Events;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{segments,5:n0} segments  {outcome.Rate,8:n0} events/s  {cost,6:n1} µs server CPU an event  {outcome.Events:n0} events"));
        return cost;
    }
}
