using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Cdp.CrashKit;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Lookups as JSON over HTTP/1.1 against the same over gRPC, of one server.</summary>
internal sealed class JsonBench : IBench
{
    private const int Customers = 20_000;
    private const int Callers = 16;
    private const int Rounds = 5;

    public string Name => "json";

    public string Description => "lookups/s as JSON over HTTP/1.1 (authentication on, uniform over 20,000 live customers) ÷ over gRPC; server CPU of each beside";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        using var http = new HttpClient { BaseAddress = server.HttpAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", CdpProcess.OperatorKey);
        await Lookups.FillAsync(client, Customers, 3, cancellationToken);
        await server.SettleAsync(cancellationToken);

        var round = TimeSpan.FromSeconds(arguments.Seconds / (2 * (Rounds + 1)));
        var rounds = new List<(Figures Json, Figures Grpc)>();
        for (var i = -1; i < Rounds; i++)
        {
            var pair = (Json: await MeasureAsync(server, JsonAsync, round, cancellationToken), Grpc: await MeasureAsync(server, GrpcAsync, round, cancellationToken));
            if (i < 0) continue;
            rounds.Add(pair);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"JSON {pair.Json}    gRPC {pair.Grpc}    ratio {pair.Json.Rate / pair.Grpc.Rate:n3}"));
        }

        return new BenchResult(Median(pair => pair.Json.Rate / pair.Grpc.Rate), new Dictionary<string, double>
        {
            ["json_server_cpu_us"] = Median(pair => pair.Json.CpuMicros),
            ["grpc_server_cpu_us"] = Median(pair => pair.Grpc.CpuMicros),
            ["server_cpu_ratio"] = Median(pair => pair.Json.CpuMicros / pair.Grpc.CpuMicros),
            ["json_p50_ms"] = Median(pair => pair.Json.P50),
            ["grpc_p50_ms"] = Median(pair => pair.Grpc.P50),
        });

        double Median(Func<(Figures Json, Figures Grpc), double> figure) => rounds.Select(figure).Order().ElementAt(Rounds / 2);

        async Task JsonAsync(int customer)
        {
            using var body = new StringContent(
                string.Create(CultureInfo.InvariantCulture, $$$"""{"customer":{"identifier":{"namespace":"user_id","value":"user-{{{customer}}}"}},"purpose":"service"}"""), Encoding.UTF8, "application/json");
            using var reply = await http.PostAsync("/cdp.v1.Profiles/GetProfile", body, cancellationToken);
            reply.EnsureSuccessStatusCode();
            await reply.Content.ReadAsByteArrayAsync(cancellationToken);
        }

        Task GrpcAsync(int customer) => client.Profiles.GetProfileAsync(
            new GetProfileRequest
            {
                Customer = new CustomerRef { Identifier = new Identifier { Namespace = "user_id", Value = string.Create(CultureInfo.InvariantCulture, $"user-{customer}") } },
                Purpose = "service",
            },
            cancellationToken: cancellationToken);
    }

    private static async Task<Figures> MeasureAsync(ServerProcess server, Func<int, Task> lookup, TimeSpan round, CancellationToken cancellationToken)
    {
        var cpu = server.Cpu;
        var latencies = await ClosedLoop.RunAsync(lookup, Customers, Callers, round, cancellationToken);
        return new Figures(latencies.Length / round.TotalSeconds, (server.Cpu - cpu).TotalMicroseconds / latencies.Length, Lookups.Quantile(latencies, 0.5));
    }

    private sealed record Figures(double Rate, double CpuMicros, double P50)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate,7:n0}/s {CpuMicros,6:n1} µs server CPU p50 {P50:n2} ms");
    }
}
