using System.Globalization;
using Cdp.Client;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Bench.Product;

/// <summary>Decisions over a socket against an echo of the same bytes through the same transport.</summary>
internal sealed class DecideBench : IBench
{
    private const int Customers = 100_000;
    private const int Actions = 50;
    private const int Callers = 32;
    private const int Rounds = 5;

    public string Name => "decide";

    public string Description => "ASYNC decisions/s (50 actions, authentication on, uniform over 100,000 live customers) ÷ an echo of the same bytes through Cdp.Rpc; goal ≥ 0.4; SYNC beside";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await Lookups.FillAsync(client, Customers, 3, cancellationToken);
        await Decides.PutAsync(client, Actions, cancellationToken);
        await server.SettleAsync(cancellationToken);
        var sample = await client.Decisions.DecideAsync(Decides.Request(Customers / 2, DecisionConsistency.Async), cancellationToken: cancellationToken);
        var replyFile = Path.Combine(server.Data, "reply.bin");
        await File.WriteAllBytesAsync(replyFile, sample.ToByteArray(), cancellationToken);
        await using var echo = await ServerProcess.StartAsync("Cdp.Bench.dll", data: "", EchoServer.Command, EchoServer.Decide, replyFile);
        using var echoClient = echo.Connect();

        var round = TimeSpan.FromSeconds(arguments.Seconds / (3 * Rounds + 3));
        var own = new Subject(server, client, DecisionConsistency.Async);
        var bare = new Subject(echo, echoClient, DecisionConsistency.Async);
        var durable = own with { Consistency = DecisionConsistency.Sync };
        foreach (var subject in new[] { own, bare, durable }) await MeasureAsync(subject, round, cancellationToken);
        Console.WriteLine($"request {Decides.Request(1, DecisionConsistency.Async).CalculateSize()} B, reply {sample.CalculateSize()} B, {Callers} callers");
        var rounds = new List<(Figures Own, Figures Bare, Figures Durable)>();
        for (var i = 0; i < Rounds; i++)
        {
            rounds.Add((await MeasureAsync(own, round, cancellationToken), await MeasureAsync(bare, round, cancellationToken), await MeasureAsync(durable, round, cancellationToken)));
            var (a, b, s) = rounds[^1];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ASYNC {a}    echo {b}    ratio {a.Rate / b.Rate:n3}    SYNC {s}    ratio {s.Rate / b.Rate:n3}"));
        }

        return new BenchResult(Median(r => r.Own.Rate / r.Bare.Rate), new Dictionary<string, double>
        {
            ["sync_ratio"] = Median(r => r.Durable.Rate / r.Bare.Rate),
            ["server_cpu_us"] = Median(r => r.Own.CpuMicros),
            ["sync_server_cpu_us"] = Median(r => r.Durable.CpuMicros),
            ["echo_cpu_us"] = Median(r => r.Bare.CpuMicros),
            ["server_cpu_ratio"] = Median(r => r.Own.CpuMicros / r.Bare.CpuMicros),
            ["p50_ms"] = Median(r => r.Own.P50),
            ["sync_p50_ms"] = Median(r => r.Durable.P50),
            ["reply_bytes"] = sample.CalculateSize(),
        });

        double Median(Func<(Figures Own, Figures Bare, Figures Durable), double> figure) => rounds.Select(figure).Order().ElementAt(Rounds / 2);
    }

    private static async Task<Figures> MeasureAsync(Subject subject, TimeSpan round, CancellationToken cancellationToken)
    {
        var cpu = subject.Server.Cpu;
        var latencies = await Decides.RunAsync(subject.Client, Customers, Callers, subject.Consistency, round, cancellationToken);
        return new Figures(latencies.Length / round.TotalSeconds, (subject.Server.Cpu - cpu).TotalMicroseconds / latencies.Length, Lookups.Quantile(latencies, 0.5));
    }

    private sealed record Subject(ServerProcess Server, CdpClient Client, DecisionConsistency Consistency);

    private sealed record Figures(double Rate, double CpuMicros, double P50)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate,7:n0}/s {CpuMicros,6:n1} µs server CPU p50 {P50:n2} ms");
    }
}
