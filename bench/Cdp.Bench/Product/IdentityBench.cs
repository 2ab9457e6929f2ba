using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>
/// New facts (who is new, what belongs to whom) that one tenant can have decided, against events that bring nothing new:
/// all of a tenant's facts are decided by one writer, in order.
/// </summary>
internal sealed class IdentityBench : IBench
{
    private const int Customers = 20_000;
    private const int Writers = 4;
    private const int Parts = 4;

    public string Name => "identity";

    public string Description => "new identity facts/s of one tenant until readable, the slower of mints and links ÷ events/s that bring nothing new";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await client.Identities.PutNamespaceAsync(
            new PutNamespaceRequest { Namespace = new Namespace { Name = "session_cookie", Kind = NamespaceKind.Device, MaxPerCustomer = -1 } },
            cancellationToken: cancellationToken);
        await MeetAsync(client, cancellationToken);
        var part = TimeSpan.FromSeconds(arguments.Seconds / Parts);

        // The baseline on both sides, as the server grows meanwhile.
        var before = await MeasureAsync("nothing new", 1, static (_, customer, _) => Known(customer));
        var mints = await MeasureAsync("mints", 11, static (seed, _, number) => [new() { Namespace = "user_id", Value = New(seed, number) }]);
        var links = await MeasureAsync("links", 21, static (seed, customer, number) => [Known(customer)[0], new() { Namespace = "session_cookie", Value = New(seed, number) }]);
        var after = await MeasureAsync("nothing new", 31, static (_, customer, _) => Known(customer));
        var baseline = (before.Events + after.Events) / (before.Seconds + after.Seconds);
        return new BenchResult(Math.Min(mints.Rate, links.Rate) / baseline, new Dictionary<string, double>
        {
            ["mints_per_s"] = mints.Rate,
            ["links_per_s"] = links.Rate,
            ["baseline_events_per_s"] = baseline,
        });

        async Task<Load.Outcome> MeasureAsync(string what, int firstSeed, Func<int, int, long, Identifier[]> identify)
        {
            var cpu = server.Cpu;
            var sources = Sources(firstSeed, random => random.Next(Customers), identify);
            var outcome = await Load.RunAsync(client, sources, part, token => LatencyBench.VisibleAsync(client, token, cancellationToken), cancellationToken);
            foreach (var source in sources)
                await client.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest { Identifier = source.Newest[^1] }, cancellationToken: cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what,-12} {outcome.Rate,8:n0} events/s   {outcome.Events:n0} in {outcome.Seconds:n1} s   server {(server.Cpu - cpu).TotalMicroseconds / outcome.Events:n1} µs CPU an event"));
            return outcome;
        }
    }

    /// <summary>Makes every customer known, with both its identifiers.</summary>
    private static async Task MeetAsync(CdpClient client, CancellationToken cancellationToken)
    {
        var next = -1;
        var source = new EventSource(Customers, 91, _ => ++next) { Identify = static (_, customer, _) => Known(customer) };
        var token = "";
        while (next < Customers - 1) token = (await Load.PublishAsync(client, source.NextBatch(Load.BatchSize), cancellationToken)).Token;
        await LatencyBench.VisibleAsync(client, token, cancellationToken);
    }

    private static EventSource[] Sources(int firstSeed, Func<Random, int> pick, Func<int, int, long, Identifier[]> identify) =>
        [.. Enumerable.Range(firstSeed, Writers).Select(seed => new EventSource(Customers, seed, pick) { Identify = identify })];

    private static Identifier[] Known(int customer) =>
    [
        new() { Namespace = "user_id", Value = string.Create(CultureInfo.InvariantCulture, $"user-{customer}") },
        new() { Namespace = "device", Value = string.Create(CultureInfo.InvariantCulture, $"device-{customer}") },
    ];

    private static string New(int seed, long number) => string.Create(CultureInfo.InvariantCulture, $"new-{seed}-{number}");
}
