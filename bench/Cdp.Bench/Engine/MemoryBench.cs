using System.Globalization;
using Cdp.SingleNode.Engine;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.Bench.Engine;

/// <summary>Managed bytes that the engine holds for each live grain beyond the grain's own state.</summary>
internal sealed class MemoryBench : IBench
{
    private const int Grains = 200_000;
    private const double Limit = 1024;
    private static readonly Int64Value One = new() { Value = 1 };

    public string Name => "memory";

    public string Description => "bytes per live grain beyond its state / 1024; goal <= 1";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        // The baseline is the state alone: the same objects in an array, without engine, keys or references.
        var (state, kept) = await MeasureAsync(() => Task.FromResult<object>(Enumerable.Range(0, Grains).Select(_ => new PingGrain()).ToArray()));
        var options = new GrainEngineOptions { MaxMemoryBytes = long.MaxValue, MaxActivations = Grains * 2 };
        await using var engine = new GrainEngine(options, [PingGrain.Type], TimeProvider.System);
        await engine.Grains.Get<IPing>("warm").Add(One, cancellationToken);
        var (live, _) = await MeasureAsync(() => CallAllAsync(engine, cancellationToken));
        GC.KeepAlive(kept);
        var activations = engine.Statistics().Sum(kind => kind.Activations) - 1;
        if (activations != Grains)
            throw new InvalidOperationException($"Only {activations} of {Grains} grains are live; the figure would be wrong.");
        var overhead = (live - state) / (double)Grains;
        Console.WriteLine($"{Grains:N0} live grains: {live / (double)Grains:N0} bytes each, of them {state / (double)Grains:N0} their own state");
        Console.WriteLine($"beyond the state (key, table entry, activation, mailbox, reference): {overhead:N0} bytes; goal {Limit:N0}");
        return new BenchResult(overhead / Limit, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["bytes_per_grain"] = overhead,
            ["state_bytes_per_grain"] = state / (double)Grains,
            ["grains"] = Grains,
        });
    }

    /// <summary>Calls every grain twice: idle and with a key of a customer's length.</summary>
    private static async Task<object> CallAllAsync(GrainEngine engine, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Grains; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"tenant/01K{i:D23}");
            await engine.Grains.Get<IPing>(key).Add(One, cancellationToken);
            await engine.Grains.Get<IPing>(key).Add(One, cancellationToken);
        }

        return engine;
    }

    private static async Task<(long Bytes, object Made)> MeasureAsync(Func<Task<object>> make)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var result = await make();
        return (GC.GetTotalMemory(forceFullCollection: true) - before, result);
    }
}
