using System.Diagnostics;
using Cdp.SingleNode.Engine;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.Bench.Engine;

/// <summary>Calls per second to grains ÷ request-replies per second over bare channels.</summary>
internal sealed class GrainCallBench : IBench
{
    private const int Rounds = 7;
    private static readonly Int64Value One = new() { Value = 1 };

    public string Name => "grain-call";

    public string Description => "calls to grains / bare Channel<T> request-replies, throughput of the worst shape that replies at once; goal >= 0.8";

    /// <summary>Who calls whom.</summary>
    /// <param name="Name">For people.</param>
    /// <param name="Callers">Callers, each with one call under way.</param>
    /// <param name="Targets">Grains or channel actors.</param>
    /// <param name="Awaits">Whether the actor awaits once in each call, so that the reply cannot come at once.</param>
    private sealed record Shape(string Name, int Callers, int Targets, bool Awaits);

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        Shape[] shapes =
        [
            new("1 caller, 1 actor", 1, 1, Awaits: false),
            new("64 callers, 64 actors", 64, 64, Awaits: false),
            new("64 callers, 1 actor", 64, 1, Awaits: false),
            new("1 caller, awaiting", 1, 1, Awaits: true),
            new("64 to 64, awaiting", 64, 64, Awaits: true),
            new("64 to 1, awaiting", 64, 1, Awaits: true),
        ];
        var slice = TimeSpan.FromSeconds(arguments.Seconds / (shapes.Length * 2 * (Rounds + 1)));
        var figures = new Dictionary<string, double>(StringComparer.Ordinal);
        var worst = double.PositiveInfinity;
        Console.WriteLine($"{"shape",-24}{"grain calls/s",16}{"channel/s",16}{"ratio",8}{"B/call",8}{"channel B",11}");
        foreach (var shape in shapes)
        {
            var (grains, channels, ratio) = await MeasureAsync(shape, slice, cancellationToken);
            Console.WriteLine($"{shape.Name,-24}{grains.PerSecond,16:N0}{channels.PerSecond,16:N0}{ratio,8:N2}{grains.Bytes,8:N0}{channels.Bytes,11:N0}");
            var key = $"{shape.Callers}x{shape.Targets}{(shape.Awaits ? "_awaiting" : "")}";
            figures[$"ratio_{key}"] = ratio;
            figures[$"calls_per_s_{key}"] = grains.PerSecond;
            figures[$"bytes_per_call_{key}"] = grains.Bytes;
            // An actor that awaits measures the scheduler of awaits more than the call: shown, and kept out of the goal.
            if (!shape.Awaits)
                worst = Math.Min(worst, ratio);
        }

        return new BenchResult(worst, figures);
    }

    private static async Task<(Sample Grains, Sample Channels, double Ratio)> MeasureAsync(
        Shape shape, TimeSpan slice, CancellationToken cancellationToken)
    {
        await using var engine = new GrainEngine(new GrainEngineOptions(), [PingGrain.Type], TimeProvider.System);
        var actors = Enumerable.Range(0, shape.Targets).Select(_ => new ChannelActor(shape.Awaits)).ToList();
        var samples = new List<(Sample Grains, Sample Channels)>();
        for (var round = 0; round <= Rounds; round++)
        {
            // A and B take turns within a round, so that a slow moment of the machine meets both.
            var grains = await RoundAsync(shape, slice, caller => CallGrain(engine, $"t/{caller % shape.Targets}", shape.Awaits), cancellationToken);
            var channels = await RoundAsync(shape, slice, caller => CallChannel(actors[caller % shape.Targets]), cancellationToken);
            if (round > 0)
                samples.Add((grains, channels));
        }

        foreach (var actor in actors)
            await actor.DisposeAsync();
        var ratio = Median(samples.Select(sample => sample.Grains.PerSecond / sample.Channels.PerSecond));
        return (Median(samples.Select(sample => sample.Grains)), Median(samples.Select(sample => sample.Channels)), ratio);
    }

    /// <summary>Runs the callers for a time. Each makes batches of calls and says how many it made.</summary>
    private static async Task<Sample> RoundAsync(
        Shape shape, TimeSpan slice, Func<int, Func<int, Task>> makeCaller, CancellationToken cancellationToken)
    {
        const int Batch = 256;
        var allocated = GC.GetTotalAllocatedBytes();
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, shape.Callers).Select(caller => Task.Run(
            async () =>
            {
                var call = makeCaller(caller);
                var count = 0L;
                for (; Stopwatch.GetElapsedTime(start) < slice; count += Batch)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await call(Batch);
                }

                return count;
            },
            cancellationToken)));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var calls = counts.Sum();
        return new Sample(calls / elapsed.TotalSeconds, (GC.GetTotalAllocatedBytes() - allocated) / (double)calls);
    }

    private static Func<int, Task> CallGrain(GrainEngine engine, string key, bool awaits) => awaits
        ? async batch =>
        {
            for (var i = 0; i < batch; i++)
                await engine.Grains.Get<IPing>(key).AddLater(One, CancellationToken.None);
        }
    : async batch =>
    {
        for (var i = 0; i < batch; i++)
            await engine.Grains.Get<IPing>(key).Add(One, CancellationToken.None);
    };

    private static Func<int, Task> CallChannel(ChannelActor actor) => async batch =>
    {
        for (var i = 0; i < batch; i++)
            await actor.AddAsync(One);
    };

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static Sample Median(IEnumerable<Sample> samples) => samples.OrderBy(sample => sample.PerSecond).ElementAt(Rounds / 2);

    private readonly record struct Sample(double PerSecond, double Bytes);
}
