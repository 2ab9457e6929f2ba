using System.Globalization;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>One touch in one call, against the four calls that do the same one after the other.</summary>
internal sealed class ExchangeBench : IBench
{
    private const int Customers = 20_000;
    private const int Actions = 50;
    private const int Callers = 16;
    private const int Rounds = 5;
    private const string Purpose = "service";

    private long _events;

    public string Name => "exchange";

    public string Description => "server CPU of an Exchange (one event, two decisions among 50 actions, a profile) ÷ that of the same four calls one by one; goal ≤ 0.5; p99 at half load";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await Lookups.FillAsync(client, Customers, 3, cancellationToken);
        await Decides.PutAsync(client, Actions, cancellationToken);
        await server.SettleAsync(cancellationToken);

        // A pair of rounds to warm up, pairs to measure, and as much again for the open loop.
        var round = TimeSpan.FromSeconds(arguments.Seconds / (3 * (Rounds + 1)));
        await MeasureAsync(server, Exchange, round, cancellationToken);
        await MeasureAsync(server, FourCalls, round, cancellationToken);
        var pairs = new List<(Figures One, Figures Four)>();
        for (var i = 0; i < Rounds; i++)
        {
            pairs.Add((await MeasureAsync(server, Exchange, round, cancellationToken), await MeasureAsync(server, FourCalls, round, cancellationToken)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"exchange {pairs[^1].One}    four calls {pairs[^1].Four}    CPU ratio {pairs[^1].One.CpuMicros / pairs[^1].Four.CpuMicros:n3}"));
        }

        var rate = Median(pair => pair.One.Rate) / 2;
        var steady = await OpenLoop.RunAsync(Exchange, Customers, rate, round * Rounds, cancellationToken);
        return new BenchResult(Median(pair => pair.One.CpuMicros / pair.Four.CpuMicros), new Dictionary<string, double>
        {
            ["server_cpu_us"] = Median(pair => pair.One.CpuMicros),
            ["four_calls_server_cpu_us"] = Median(pair => pair.Four.CpuMicros),
            ["rate_ratio"] = Median(pair => pair.One.Rate / pair.Four.Rate),
            ["p50_ratio"] = Median(pair => pair.One.P50 / pair.Four.P50),
            ["per_s"] = rate,
            ["p50_ms"] = Lookups.Quantile(steady, 0.5),
            ["p99_ms"] = Lookups.Quantile(steady, 0.99),
        });

        double Median(Func<(Figures One, Figures Four), double> figure) => pairs.Select(figure).Order().ElementAt(Rounds / 2);

        Task Exchange(int customer) => client.Interactions.ExchangeAsync(
            new ExchangeRequest
            {
                Events = { Touch(customer) },
                Purpose = Purpose,
                Placements = { PlacementOf(customer), PlacementOf(customer) },
                Context = { Decides.Request(customer, DecisionConsistency.Async).Context },
                Profile = new ExchangeProfile(),
            },
            cancellationToken: cancellationToken);

        async Task FourCalls(int customer)
        {
            var token = (await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Touch(customer) } }, cancellationToken: cancellationToken)).Token;
            for (var i = 0; i < 2; i++)
            {
                var decide = Decides.Request(customer, DecisionConsistency.Async);
                decide.AfterToken = token;
                await client.Decisions.DecideAsync(decide, cancellationToken: cancellationToken);
            }

            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = Decides.Request(customer, DecisionConsistency.Async).Identifiers[0] }, Purpose = Purpose, AfterToken = token };
            await client.Profiles.GetProfileAsync(read, cancellationToken: cancellationToken);
        }
    }

    private static ExchangePlacement PlacementOf(int customer)
    {
        var decide = Decides.Request(customer, DecisionConsistency.Async);
        return new ExchangePlacement { Placement = decide.Placement, Consistency = decide.Consistency, OmitRemoved = decide.OmitRemoved };
    }

    private static async Task<Figures> MeasureAsync(ServerProcess server, Func<int, Task> touch, TimeSpan round, CancellationToken cancellationToken)
    {
        var cpu = server.Cpu;
        var latencies = await ClosedLoop.RunAsync(touch, Customers, Callers, round, cancellationToken);
        return new Figures(latencies.Length / round.TotalSeconds, (server.Cpu - cpu).TotalMicroseconds / latencies.Length, Lookups.Quantile(latencies, 0.5));
    }

    /// <summary>An event of a customer that is there, with an id of its own.</summary>
    private Event Touch(int customer)
    {
        var made = new Event
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"touch-{Interlocked.Increment(ref _events)}"),
            Kind = EventKind.Track,
            Type = "Product Viewed",
            Source = "bench",
            Channel = "web",
            Properties = { ["product_id"] = new Value { StringValue = "WM-9" } },
        };
        made.Identifiers.Add(Decides.Request(customer, DecisionConsistency.Async).Identifiers);
        return made;
    }

    private sealed record Figures(double Rate, double CpuMicros, double P50)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate,7:n0}/s {CpuMicros,6:n1} µs server CPU p50 {P50:n2} ms");
    }
}
