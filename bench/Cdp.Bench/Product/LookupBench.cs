using System.Globalization;
using Google.Protobuf;

namespace Cdp.Bench.Product;

/// <summary>
/// Profile lookups over a socket against an echo of the same bytes through the same transport. Each customer was read
/// before and has not changed since, so that what is measured is the lookup and not the first rendering of its profile.
/// </summary>
internal sealed class LookupBench : IBench
{
    private const int Customers = 100_000;
    private const int Callers = 32;
    private const int Rounds = 6;

    public string Name => "lookup";

    public string Description => "GetProfile/s (authentication on, uniform over 100,000 live customers) ÷ an echo of the same bytes through Cdp.Rpc; goal ≥ 0.75";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Connect();
        await Lookups.FillAsync(client, Customers, 3, cancellationToken);
        await server.SettleAsync(cancellationToken);
        var sample = await client.Profiles.GetProfileAsync(Lookups.Request(Customers / 2), cancellationToken: cancellationToken);
        var replyFile = Path.Combine(server.Data, "reply.bin");
        await File.WriteAllBytesAsync(replyFile, sample.ToByteArray(), cancellationToken);
        await using var echo = await ServerProcess.StartAsync("Cdp.Bench.dll", data: "", EchoServer.Command, EchoServer.GetProfile, replyFile);
        using var echoClient = echo.Connect();

        var round = TimeSpan.FromSeconds(arguments.Seconds / (2 * Rounds + 2));
        await Lookups.ReadAllAsync(client, Customers, Callers, cancellationToken);
        await Lookups.RunAsync(client, Customers, Callers, round, cancellationToken);
        await Lookups.RunAsync(echoClient, Customers, Callers, round, cancellationToken);
        var ratios = new List<double>();
        var cpuRatios = new List<double>();
        Console.WriteLine($"request {Lookups.Request(1).CalculateSize()} B, reply {sample.CalculateSize()} B, {Callers} callers");
        for (var i = 0; i < Rounds; i++)
        {
            var (own, ownCpu, ownLatency) = await MeasureAsync(server, client, round, cancellationToken);
            var (bare, bareCpu, bareLatency) = await MeasureAsync(echo, echoClient, round, cancellationToken);
            ratios.Add(own / bare);
            cpuRatios.Add(ownCpu / bareCpu);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"lookup {own,8:n0}/s {ownCpu,6:n1} µs server CPU p50 {ownLatency:n2} ms    echo {bare,8:n0}/s {bareCpu,6:n1} µs p50 {bareLatency:n2} ms    ratio {own / bare:n3}"));
        }

        ratios.Sort();
        cpuRatios.Sort();
        return new BenchResult(ratios[Rounds / 2], new Dictionary<string, double> { ["server_cpu_ratio"] = cpuRatios[Rounds / 2], ["reply_bytes"] = sample.CalculateSize() });
    }

    private static async Task<(double Rate, double CpuMicros, double P50)> MeasureAsync(
        ServerProcess server, Client.CdpClient client, TimeSpan round, CancellationToken cancellationToken)
    {
        var cpu = server.Cpu;
        var latencies = await Lookups.RunAsync(client, Customers, Callers, round, cancellationToken);
        return (latencies.Length / round.TotalSeconds, (server.Cpu - cpu).TotalMicroseconds / latencies.Length, Lookups.Quantile(latencies, 0.5));
    }
}
