using System.Diagnostics;
using System.Globalization;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.Node.Hosting;
using Cdp.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cdp.Bench.Product;

/// <summary>What the daily visit of all customers costs that lets go of events which were kept long enough.</summary>
internal sealed class RetentionBench : IBench
{
    private const string Tenant = "default";
    private const int Customers = 5_000;
    private const int EventsEach = 20;
    private const int BatchSize = 500;
    private const int Rounds = 5;
    private static readonly TimeSpan Age = TimeSpan.FromDays(40);

    public string Name => "retention";

    public string Description => "CPU of a pass over all customers where no event is due ÷ that of one that folds everybody again (20 events each); and of one in which half of the events go";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var data = Path.Combine(Path.GetTempPath(), $"cdp-bench-{Guid.NewGuid():N}");
        try
        {
            await using (var node = await StartAsync(data, new Earlier(Age)))
            {
                using var client = new CdpClient(node.Url, CdpProcess.OperatorKey);
                await FillAsync(client, cancellationToken);
                await client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = "Product Viewed", EventDays = 30 } }, cancellationToken: cancellationToken);
                await PassAsync(node, cancellationToken);
            }

            await using (var node = await StartAsync(data, TimeProvider.System))
            {
                using var client = new CdpClient(node.Url, CdpProcess.OperatorKey);
                var (letGo, forgotten) = await PassAsync(node, cancellationToken);
                var (rest, fold) = (new List<double>(), new List<double>());
                for (var round = 0; round < Rounds; round++)
                {
                    await node.Host.Grains.Get<IRefoldSweep>(Tenant).Sweep(new SweepRequest { Again = true }, cancellationToken);
                    rest.Add((await PassAsync(node, cancellationToken)).Micros);
                    await client.Admin.PutEventTypeAsync(
                        new PutEventTypeRequest { EventType = new EventType { Name = "Cart Viewed", Role = round % 2 == 0 ? EventRole.View : EventRole.None } }, cancellationToken: cancellationToken);
                    fold.Add((await PassAsync(node, cancellationToken)).Micros);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"nothing due {rest[^1]:n1} µs a customer    all folded again {fold[^1]:n1} µs"));
                }

                var (resting, folding) = (Median(rest), Median(fold));
                return new BenchResult(resting / folding, new Dictionary<string, double>
                {
                    ["nothing_due_us_a_customer"] = resting,
                    ["folded_us_a_customer"] = folding,
                    ["half_gone_us_a_customer"] = letGo,
                    ["events_gone"] = forgotten,
                    ["half_gone_ratio"] = letGo / folding,
                });
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);

    private static Task<CdpNode> StartAsync(string data, TimeProvider time) => CdpNode.StartAsync(
        new NodeOptions { Port = 0, DataDirectory = data }, () => CdpProcess.OperatorKey, time, NullLoggerFactory.Instance, NoStepObserver.Instance);

    /// <summary>Waits for the end of the pass under way; CPU of this process a customer, and the events that went.</summary>
    private static async Task<(double Micros, long Forgotten)> PassAsync(CdpNode node, CancellationToken cancellationToken)
    {
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            // A pass that only looks for old events says at once that nobody is behind: how many it visited tells.
            var progress = await node.Host.Grains.Get<IRefoldSweep>(Tenant).GetProgress(new SweepRequest(), cancellationToken);
            if (progress is { Done: true, Visited: >= Customers })
                return ((Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds / Customers, progress.Forgotten);
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task FillAsync(CdpClient client, CancellationToken cancellationToken)
    {
        var token = "";
        for (var first = 0; first < Customers * EventsEach; first += BatchSize)
        {
            var request = new PublishEventsRequest();
            for (var i = first; i < first + BatchSize; i++)
            {
                request.Events.Add(new Event
                {
                    Id = string.Create(CultureInfo.InvariantCulture, $"e-{i}"),
                    Kind = EventKind.Track,
                    Type = i / Customers % 2 == 0 ? "Product Viewed" : "Product Added",
                    Source = "bench",
                    Channel = "web",
                    Properties = { ["product_id"] = new Value { StringValue = "WM-9" } },
                    Identifiers = { Lookups.Request(i % Customers).Customer.Identifier },
                });
            }

            token = (await client.Ingest.PublishEventsAsync(request, cancellationToken: cancellationToken)).Token;
        }

        await LatencyBench.VisibleAsync(client, token, cancellationToken);
    }

    /// <summary>The system's clock, some time ago.</summary>
    private sealed class Earlier(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - by;
    }
}
