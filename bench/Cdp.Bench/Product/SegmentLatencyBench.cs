using System.Diagnostics;
using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Acknowledged → member, through gRPC and as the shards count, while events arrive at half of what the server takes.</summary>
internal sealed class SegmentLatencyBench : IBench
{
    private const int Customers = 100_000;
    private const int Segments = 50;

    public string Name => "segment-latency";

    public string Description => "acknowledged → counted as a member, at half load with 50 segments: p50_ms, p99_ms (goal ≤ 20); ratio: p50 ÷ acknowledged → visible p50";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await SegmentLoad.PutAsync(client, Segments, 0, cancellationToken);
        await client.Segments.PutSegmentAsync(
            new PutSegmentRequest { Segment = new Segment { Id = "probed", Expression = "events.probe.count > 0" } }, cancellationToken: cancellationToken);
        var half = TimeSpan.FromSeconds(arguments.Seconds / 2);
        var full = await Load.RunAsync(client, IngestBench.Sources(), half, token => LatencyBench.VisibleAsync(client, token, cancellationToken), cancellationToken);
        var rate = full.Rate / 2;
        var source = IngestBench.Sources(firstSeed: 101)[0];
        await Steady.WarmUpAsync(client, source, rate, cancellationToken);
        var ended = Task.Delay(half, cancellationToken);
        var load = Steady.RunAsync(client, source, rate, ended, cancellationToken);
        var visible = LatencyBench.ProbeAsync(client, new EventSource(Customers, 201, random => random.Next(Customers)).Next, ended, cancellationToken);
        var members = await ProbeAsync(client, ended, cancellationToken);
        await load;
        var baseline = await visible;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"full load {full.Rate:n0} events/s, measured at {rate:n0}"));
        LatencyBench.Print("acknowledged -> member", members);
        LatencyBench.Print("acknowledged -> visible", baseline);
        return new BenchResult(Lookups.Quantile(members, 0.5) / Lookups.Quantile(baseline, 0.5), new Dictionary<string, double>
        {
            ["p50_ms"] = Lookups.Quantile(members, 0.5),
            ["p99_ms"] = Lookups.Quantile(members, 0.99),
            ["visible_p50_ms"] = Lookups.Quantile(baseline, 0.5),
            ["visible_p99_ms"] = Lookups.Quantile(baseline, 0.99),
            ["events_per_s"] = rate,
        });
    }

    /// <summary>Moves customers into a segment now and then, and times until the count says so.</summary>
    private static Task<double[]> ProbeAsync(CdpClient client, Task until, CancellationToken cancellationToken)
    {
        var (begun, counted) = (0L, 0L);
        return OpenLoop.RunAsync(TimeAsync, OpenLoop.ProbesPerSecond, () => !until.IsCompleted, cancellationToken);

        async Task<double> TimeAsync(long number)
        {
            Interlocked.Increment(ref begun);
            var probe = new Event { Id = string.Create(CultureInfo.InvariantCulture, $"probe-{number}"), Kind = EventKind.Track, Type = "probe", Source = "bench" };
            probe.Identifiers.Add(new Identifier { Namespace = "user_id", Value = string.Create(CultureInfo.InvariantCulture, $"probe-{number}") });
            var published = await Load.PublishAsync(client, new PublishEventsRequest { Events = { probe } }, cancellationToken);
            var acknowledged = Stopwatch.GetTimestamp();
            var before = Interlocked.Read(ref counted);
            var count = await client.Segments.CountMembersAsync(
                new CountMembersRequest { Segment = "probed", AfterToken = published.Token }, cancellationToken: cancellationToken);
            var latency = Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds;

            // Those that were counted before, this one, and perhaps others that are on their way.
            if (count.Members <= before || count.Members > Interlocked.Read(ref begun))
                throw new InvalidOperationException($"The segment has {count.Members} members, where {before + 1} to {Interlocked.Read(ref begun)} customers were moved into it.");
            Interlocked.Increment(ref counted);
            return latency;
        }
    }
}
