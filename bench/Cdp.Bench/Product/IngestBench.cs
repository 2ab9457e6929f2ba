using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Events into a real server until they can be read, against a PostgreSQL pipeline behind the same generator.</summary>
internal sealed class IngestBench : IBench
{
    private const int Customers = 100_000;
    private const int Writers = 4;

    public string Name => "ingest";

    public string Description => "events/s acknowledged and readable (1 KB, batches of 500, 100,000 customers, Zipf 1.0) ÷ a PostgreSQL pipeline; goal ≥ 2 and ≥ 20,000/s";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var half = TimeSpan.FromSeconds(arguments.Seconds / 2);
        var (own, cpu, memory) = await OwnAsync(half, cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"cdp         {own.Rate,10:n0} events/s   {own.Events:n0} events in {own.Seconds:n1} s   server {cpu.TotalMicroseconds / own.Events:n1} µs CPU an event, generator {own.GeneratorCpu.TotalMicroseconds / own.Events:n1}   {memory / 1e6:n0} MB"));
        var lean = await PostgresAsync(PostgresPipeline.FiveFields);
        var baseline = await PostgresAsync(PostgresPipeline.WholeProfile);
        return new BenchResult(own.Rate / baseline.Rate, new Dictionary<string, double>
        {
            ["events_per_s"] = own.Rate,
            ["baseline_events_per_s"] = baseline.Rate,
            ["lean_events_per_s"] = lean.Rate,
            ["server_cpu_us_per_event"] = cpu.TotalMicroseconds / own.Events,
            ["generator_cpu_us_per_event"] = own.GeneratorCpu.TotalMicroseconds / own.Events,
        });

        async Task<Load.Outcome> PostgresAsync(PostgresPipeline.Variant variant)
        {
            var outcome = await PostgresPipeline.MeasureAsync(variant, () => Sources(), half, cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"postgresql  {outcome.Rate,10:n0} events/s   {outcome.Events:n0} events in {outcome.Seconds:n1} s   {variant.Name}   cdp ÷ it {own.Rate / outcome.Rate:n2}"));
            return outcome;
        }
    }

    /// <summary>The load; no two seeds make an event of the same id.</summary>
    internal static EventSource[] Sources(int firstSeed = 1, int customers = Customers)
    {
        var zipf = new Zipf(customers);
        return [.. Enumerable.Range(firstSeed, Writers).Select(seed => new EventSource(customers, seed, zipf.Next))];
    }

    /// <param name="duration">How long events are sent.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <param name="prepare">What else the server is told before.</param>
    /// <param name="counted">A segment whose members are counted with all events before the clock stops.</param>
    internal static async Task<(Load.Outcome Outcome, TimeSpan Cpu, long Memory)> OwnAsync(
        TimeSpan duration, CancellationToken cancellationToken, Func<CdpClient, Task>? prepare = null, string? counted = null)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await client.Identities.PutNamespaceAsync(
            new PutNamespaceRequest { Namespace = new Namespace { Name = "session_cookie", Kind = NamespaceKind.Device, MaxPerCustomer = -1 } },
            cancellationToken: cancellationToken);
        if (prepare is not null) await prepare(client);
        var before = server.Cpu;
        var outcome = await Load.RunAsync(client, Sources(), duration, Visible, cancellationToken);
        return (outcome, server.Cpu - before, server.Memory);

        Task Visible(string token) => counted is null
            ? LatencyBench.VisibleAsync(client, token, cancellationToken)
            : client.Segments.CountMembersAsync(new CountMembersRequest { Segment = counted, AfterToken = token }, cancellationToken: cancellationToken);
    }
}
