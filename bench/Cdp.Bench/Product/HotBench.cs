using System.Diagnostics;
using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>How much other customers suffer while one device sends 100,000 events.</summary>
internal sealed class HotBench : IBench
{
    private const int Customers = 10_000;
    private const int HotEvents = 100_000;

    public string Name => "hot";

    public string Description => "p99 of acknowledged → visible of other customers while one device sends 100,000 events ÷ without it, at half load; goal ≤ 2";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        var part = TimeSpan.FromSeconds(arguments.Seconds / 3);
        var sources = Enumerable.Range(1, 4).Select(seed => new EventSource(Customers, seed, random => random.Next(Customers))).ToArray();
        var full = await Load.RunAsync(client, sources, part, token => LatencyBench.VisibleAsync(client, token, cancellationToken), cancellationToken);
        var half = full.Rate / 2;

        var quiet = await MeasureAsync(client, half, part, cancellationToken);
        var hot = HotAsync(client, half / 2, part, cancellationToken);
        var beside = await MeasureAsync(client, half / 2, part, cancellationToken);
        var sent = await hot;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"at {half:n0} events/s: p99 {Lookups.Quantile(quiet, 0.99):n1} ms without, {Lookups.Quantile(beside, 0.99):n1} ms while one device sends {sent:n0} of them"));
        return new BenchResult(Lookups.Quantile(beside, 0.99) / Lookups.Quantile(quiet, 0.99), new Dictionary<string, double>
        {
            ["p99_ms"] = Lookups.Quantile(beside, 0.99), ["baseline_p99_ms"] = Lookups.Quantile(quiet, 0.99), ["hot_events"] = sent,
        });
    }

    private static async Task<double[]> MeasureAsync(CdpClient client, double rate, TimeSpan duration, CancellationToken cancellationToken)
    {
        var load = Steady.RunAsync(client, new EventSource(Customers, Random.Shared.Next(), random => random.Next(Customers)), rate, duration, cancellationToken);
        var probes = await LatencyBench.ProbeAsync(client, Customers, duration, cancellationToken);
        await load;
        return probes;
    }

    /// <summary>One device, no user: at most <see cref="HotEvents"/> events within the time.</summary>
    private static async Task<long> HotAsync(CdpClient client, double rate, TimeSpan duration, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var sent = 0L;
        while (sent < HotEvents && Stopwatch.GetElapsedTime(started) < duration)
        {
            var request = new PublishEventsRequest();
            for (var i = 0; i < 50; i++)
            {
                var made = new Event { Id = string.Create(CultureInfo.InvariantCulture, $"hot-{sent++}"), Kind = EventKind.Track, Type = "Product Viewed", Source = "shop" };
                made.Identifiers.Add(new Identifier { Namespace = "device", Value = "hot-device" });
                request.Events.Add(made);
            }

            var due = TimeSpan.FromSeconds(sent / rate) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, cancellationToken);
            await Load.PublishAsync(client, request, cancellationToken);
        }

        return sent;
    }
}
