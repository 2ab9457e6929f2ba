using System.Collections.Concurrent;
using Cdp.Grains.Ports;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.EngineContract;

/// <summary>A grain whose methods run what a test wrote for them.</summary>
public interface IScripted
{
    /// <summary>Runs the script of that name, one at a time.</summary>
    ValueTask<Int64Value> Run(StringValue script, CancellationToken cancellationToken);

    /// <summary>Runs the script of that name beside others that await.</summary>
    [Interleaves]
    ValueTask<Int64Value> Peek(StringValue script, CancellationToken cancellationToken);
}

/// <summary>A grain that scripted grains may call.</summary>
public interface ICallee
{
    /// <summary>Runs the callee's script of that name.</summary>
    ValueTask<Int64Value> Answer(StringValue script, CancellationToken cancellationToken);
}

/// <summary>One step of a script: what a grain does in one call.</summary>
public delegate ValueTask<long> Script(ScriptedGrain grain, CancellationToken cancellationToken);

/// <summary>What the grains of one test share: their scripts, and the store that outlives activations.</summary>
public sealed class ScriptedWorld
{
    private int _activations;

    public ConcurrentDictionary<string, Script> Scripts { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, long> Store { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<(string Key, DeactivationReason Reason)> Deactivations { get; } = new();

    public Func<ScriptedGrain, CancellationToken, ValueTask>? OnActivate { get; set; }

    public Func<ScriptedGrain, CancellationToken, ValueTask>? OnDeactivate { get; set; }

    public int Activations => Volatile.Read(ref _activations);

    public IReadOnlyList<GrainType> Types(TimeSpan? idleAfter = null, bool collectable = true) =>
    [
        new GrainType("scripted", typeof(IScripted), context => new ScriptedGrain(context, this), [typeof(ICallee)])
        {
            IdleAfter = idleAfter,
            Collectable = collectable,
        },
        new GrainType("callee", typeof(ICallee), context => new ScriptedGrain(context, this), []),
    ];

    internal void CountActivation() => Interlocked.Increment(ref _activations);
}

/// <summary>Loads <see cref="Value"/> when activated, saves it when deactivated, and does as its script says.</summary>
public sealed class ScriptedGrain(IGrainContext context, ScriptedWorld world) : IScripted, ICallee, IGrainLifecycle
{
    private int _inside;

    public IGrainContext Context { get; } = context;

    public ScriptedWorld World { get; } = world;

    /// <summary>The grain's memory; deliberately not thread safe.</summary>
    public long Value { get; set; }

    /// <summary>What a script of this grain waits for.</summary>
    public TaskCompletionSource? Held { get; set; }

    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        World.CountActivation();
        if (World.OnActivate is { } script)
            await script(this, cancellationToken);
        Value = World.Store.GetValueOrDefault(Context.Key);
    }

    public async ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (World.OnDeactivate is { } script)
            await script(this, cancellationToken);
        World.Store[Context.Key] = Value;
        World.Deactivations.Enqueue((Context.Key, reason));
    }

    public ValueTask<Int64Value> Run(StringValue script, CancellationToken cancellationToken) => PlayAsync(script, cancellationToken);

    public ValueTask<Int64Value> Peek(StringValue script, CancellationToken cancellationToken) => PlayAsync(script, cancellationToken);

    public ValueTask<Int64Value> Answer(StringValue script, CancellationToken cancellationToken) => PlayAsync(script, cancellationToken);

    /// <summary>Fails if another thread is inside a turn of this grain.</summary>
    public void InTurn(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Assert.Equal(1, Interlocked.Increment(ref _inside));
        body();
        Assert.Equal(0, Interlocked.Decrement(ref _inside));
    }

    private async ValueTask<Int64Value> PlayAsync(StringValue script, CancellationToken cancellationToken)
    {
        if (!World.Scripts.TryGetValue(script.Value, out var play))
            throw new InvalidOperationException($"The test has no script '{script.Value}'.");
        return new Int64Value { Value = await play(this, cancellationToken) };
    }
}

/// <summary>Short forms for tests.</summary>
public static class ScriptedCalls
{
    public static async Task<long> RunAsync(this IScripted grain, string script, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return (await grain.Run(new StringValue { Value = script }, cancellationToken)).Value;
    }

    public static async Task<long> PeekAsync(this IScripted grain, string script, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return (await grain.Peek(new StringValue { Value = script }, cancellationToken)).Value;
    }

    public static async Task<long> AnswerAsync(this ICallee grain, string script, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return (await grain.Answer(new StringValue { Value = script }, cancellationToken)).Value;
    }
}
