using System.Globalization;

namespace Cdp.Bench.Product;

/// <summary>The load of <see cref="IngestBench"/> with 50 segments, every one of which it touches, against none.</summary>
internal sealed class SegmentIngestBench : IBench
{
    private const int Segments = 50;

    public string Name => "ingest-segments";

    public string Description => "events/s of `ingest` with 50 segments, all touched and mirrored when the clock stops ÷ without; goal ≥ 0.8";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var half = TimeSpan.FromSeconds(arguments.Seconds / 2);
        var without = await MeasureAsync(0, half, cancellationToken);
        var with = await MeasureAsync(Segments, half, cancellationToken);
        return new BenchResult(with.Rate / without.Rate, new Dictionary<string, double>
        {
            ["events_per_s"] = with.Rate,
            ["baseline_events_per_s"] = without.Rate,
            ["server_cpu_us_per_event"] = with.Cpu,
            ["baseline_server_cpu_us_per_event"] = without.Cpu,
        });
    }

    private static async Task<(double Rate, double Cpu)> MeasureAsync(int segments, TimeSpan duration, CancellationToken cancellationToken)
    {
        var (outcome, cpu, _) = await IngestBench.OwnAsync(duration, cancellationToken, client => SegmentLoad.PutAsync(client, segments, 0, cancellationToken), segments > 0 ? "s0" : null);
        var cost = cpu.TotalMicroseconds / outcome.Events;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{segments,3} segments  {outcome.Rate,8:n0} events/s  {cost,6:n1} µs server CPU an event  {outcome.Events:n0} events"));
        return (outcome.Rate, cost);
    }
}
