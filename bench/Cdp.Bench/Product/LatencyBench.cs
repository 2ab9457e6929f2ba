using System.Diagnostics;
using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Acknowledged → visible, and lookup, while events arrive at half of what the server takes.</summary>
internal sealed class LatencyBench : IBench
{
    private const int Customers = 100_000;

    public string Name => "latency";

    public string Description => "acknowledged → visible, and lookup, at half load: p50_ms, p99_ms; ratio: visible p50 ÷ lookup p50";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await Lookups.FillAsync(client, Customers / 100, 4, cancellationToken);
        var third = TimeSpan.FromSeconds(arguments.Seconds / 3);
        var full = await Load.RunAsync(client, IngestBench.Sources(), third, token => VisibleAsync(client, token, cancellationToken), cancellationToken);
        var rate = full.Rate / 2;
        var source = IngestBench.Sources(firstSeed: 101)[0];
        await Steady.WarmUpAsync(client, source, rate, cancellationToken);
        var ended = Task.Delay(third * 2, cancellationToken);
        var load = Steady.RunAsync(client, source, rate, ended, cancellationToken);
        var probes = new EventSource(Customers, 201, random => random.Next(Customers));
        var visible = ProbeAsync(client, probes.Next, ended, cancellationToken);
        var lookups = await Lookups.RunSteadyAsync(client, Customers / 100, 4 * OpenLoop.ProbesPerSecond, third * 2, cancellationToken);
        var latencies = await visible;
        await load;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"full load {full.Rate:n0} events/s, measured at {rate:n0}"));
        Print("acknowledged -> visible", latencies);
        Print("lookup", lookups);
        return new BenchResult(Lookups.Quantile(latencies, 0.5) / Lookups.Quantile(lookups, 0.5), new Dictionary<string, double>
        {
            ["p50_ms"] = Lookups.Quantile(latencies, 0.5),
            ["p99_ms"] = Lookups.Quantile(latencies, 0.99),
            ["lookup_p50_ms"] = Lookups.Quantile(lookups, 0.5),
            ["lookup_p99_ms"] = Lookups.Quantile(lookups, 0.99),
            ["events_per_s"] = rate,
        });
    }

    /// <summary>Publishes single events now and then, and times acknowledged → visible, in milliseconds, sorted.</summary>
    internal static Task<double[]> ProbeAsync(CdpClient client, Func<Event> next, Task until, CancellationToken cancellationToken)
    {
        return OpenLoop.RunAsync(_ => TimeAsync(next()), OpenLoop.ProbesPerSecond, () => !until.IsCompleted, cancellationToken);

        async Task<double> TimeAsync(Event probe)
        {
            var published = await Load.PublishAsync(client, new PublishEventsRequest { Events = { probe } }, cancellationToken);
            var acknowledged = Stopwatch.GetTimestamp();
            await VisibleAsync(client, published.Token, cancellationToken);
            return Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds;
        }
    }

    /// <summary>Waits until a token's events can be read.</summary>
    internal static Task VisibleAsync(CdpClient client, string token, CancellationToken cancellationToken)
    {
        var request = new ResolveIdentifierRequest { Identifier = new Identifier { Namespace = "user_id", Value = "user-0" }, AfterToken = token };
        return Load.PatientlyAsync(() => client.Identities.ResolveIdentifierAsync(request, cancellationToken: cancellationToken), cancellationToken);
    }

    /// <summary>Prints a line of latencies, which are sorted.</summary>
    internal static void Print(string what, double[] sorted) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what,-24} p50 {Lookups.Quantile(sorted, 0.5),8:n2} ms   p99 {Lookups.Quantile(sorted, 0.99),8:n2} ms   n {sorted.Length:n0}"));
}
