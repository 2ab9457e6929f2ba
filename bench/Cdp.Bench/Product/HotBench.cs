using System.Diagnostics;
using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>How much other customers, of the same partition and of others, suffer while one device sends 100,000 events.</summary>
internal sealed class HotBench : IBench
{
    private const int Customers = 10_000;
    private const int HotEvents = 100_000;
    private const int HotBatch = 50;
    private const int Probed = 32;

    private int _probes;

    public string Name => "hot";

    public string Description => "p99 of acknowledged → visible of other customers while one device sends 100,000 events ÷ without it, at half load; the worse of same partition and others; goal ≤ 2";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        var part = TimeSpan.FromSeconds(arguments.Seconds / 3);
        var full = await Load.RunAsync(client, Sources(1), part, token => LatencyBench.VisibleAsync(client, token, cancellationToken), cancellationToken);
        var half = full.Rate / 2;
        var (same, others) = await ChooseAsync(client, cancellationToken);

        // Of the half load, the device sends a half.
        var source = Sources(11)[0];
        await Steady.WarmUpAsync(client, source, half, cancellationToken);
        var quiet = await MeasureAsync(client, same, others, source, half, Task.Delay(part, cancellationToken), cancellationToken);
        var beside = await MeasureAsync(client, same, others, Sources(21)[0], half / 2, HotAsync(client, half / 2, cancellationToken), cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at {half:n0} events/s, {HotEvents:n0} of them from one device:"));
        return new BenchResult(
            Math.Max(Compare("same partition", quiet.Same, beside.Same), Compare("other partitions", quiet.Others, beside.Others)),
            new Dictionary<string, double>
            {
                ["same_p99_ms"] = Lookups.Quantile(beside.Same, 0.99),
                ["same_baseline_p99_ms"] = Lookups.Quantile(quiet.Same, 0.99),
                ["others_p99_ms"] = Lookups.Quantile(beside.Others, 0.99),
                ["others_baseline_p99_ms"] = Lookups.Quantile(quiet.Others, 0.99),
                ["events_per_s"] = half,
            });
    }

    private static EventSource[] Sources(int firstSeed) =>
        [.. Enumerable.Range(firstSeed, 4).Select(seed => new EventSource(Customers, seed, random => random.Next(Customers)))];

    private static double Compare(string where, double[] quiet, double[] beside)
    {
        var (without, with) = (Lookups.Quantile(quiet, 0.99), Lookups.Quantile(beside, 0.99));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{where,-18} p99 {without,7:n2} ms without, {with,7:n2} ms with   n {quiet.Length:n0}, {beside.Length:n0}"));
        return with / without;
    }

    /// <summary>Customers whose events share the device's partition, and customers whose events do not.</summary>
    private async Task<(int[] Same, int[] Others)> ChooseAsync(CdpClient client, CancellationToken cancellationToken)
    {
        var published = await Load.PublishAsync(client, new PublishEventsRequest { Events = { Hot(0) } }, cancellationToken);
        var partition = await PartitionAsync("device", "hot-device", published.Token);
        var (same, others) = (new List<int>(), new List<int>());
        for (var customer = 0; same.Count < Probed; customer++)
        {
            // A short load may not have come to this customer yet.
            var known = await Load.PublishAsync(client, new PublishEventsRequest { Events = { Probe([customer]) } }, cancellationToken);
            var list = await PartitionAsync("user_id", UserOf(customer), known.Token) == partition ? same : others;
            if (list.Count < Probed) list.Add(customer);
        }

        return ([.. same], [.. others]);

        async Task<int> PartitionAsync(string ns, string value, string token)
        {
            var customer = new CustomerRef { Identifier = new Identifier { Namespace = ns, Value = value } };
            var request = new ListEventsRequest { Customer = customer, Purpose = "service", PageSize = 1, AfterToken = token };
            return (await client.Profiles.ListEventsAsync(request, cancellationToken: cancellationToken)).Events[0].Partition;
        }
    }

    private async Task<(double[] Same, double[] Others)> MeasureAsync(
        CdpClient client, int[] same, int[] others, EventSource source, double rate, Task until, CancellationToken cancellationToken)
    {
        var load = Steady.RunAsync(client, source, rate, until, cancellationToken);
        var probes = Task.WhenAll(
            LatencyBench.ProbeAsync(client, () => Probe(same), until, cancellationToken),
            LatencyBench.ProbeAsync(client, () => Probe(others), until, cancellationToken));
        await until;
        await load;
        var latencies = await probes;
        return (latencies[0], latencies[1]);
    }

    private Event Probe(int[] customers)
    {
        var number = Interlocked.Increment(ref _probes);
        var made = new Event { Id = string.Create(CultureInfo.InvariantCulture, $"probe-{number}"), Kind = EventKind.Track, Type = "Product Viewed", Source = "shop" };
        made.Identifiers.Add(new Identifier { Namespace = "user_id", Value = UserOf(customers[number % customers.Length]) });
        return made;
    }

    private static string UserOf(int customer) => string.Create(CultureInfo.InvariantCulture, $"user-{customer}");

    private static Event Hot(int number)
    {
        var made = new Event { Id = string.Create(CultureInfo.InvariantCulture, $"hot-{number}"), Kind = EventKind.Track, Type = "Product Viewed", Source = "shop" };
        made.Identifiers.Add(new Identifier { Namespace = "device", Value = "hot-device" });
        return made;
    }

    private static async Task HotAsync(CdpClient client, double rate, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        for (var sent = 1; sent <= HotEvents;)
        {
            var request = new PublishEventsRequest();
            while (request.Events.Count < HotBatch) request.Events.Add(Hot(sent++));
            var due = TimeSpan.FromSeconds(sent / rate) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, cancellationToken);
            await Load.PublishAsync(client, request, cancellationToken);
        }
    }
}
