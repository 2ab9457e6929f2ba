using Cdp.Grains.Ports;

namespace Cdp.Grains.Tests.Harness;

/// <summary>
/// One activation of a grain: its calls run as turns that never overlap, and interleave where they await. The smallest
/// engine that keeps the contract.
/// </summary>
internal sealed class TestActivation<TGrain> where TGrain : class
{
    private readonly TaskFactory _turns = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);
    private readonly TestGrainContext _context;

    private TestActivation(TestGrainContext context, TGrain grain)
    {
        _context = context;
        Grain = grain;
    }

    public TGrain Grain { get; }

    /// <summary>Whether the grain gave itself up.</summary>
    public bool Abandoned => _context.Abandoned;

    /// <summary>How many times the grain started a timer.</summary>
    public int TimerStarts => _context.TimerStarts;

    public static async Task<TestActivation<TGrain>> StartAsync(string key, IGrains grains, Func<IGrainContext, TGrain> create, TimeProvider? time = null)
    {
        var context = new TestGrainContext(key, grains, time ?? TimeProvider.System);
        var activation = new TestActivation<TGrain>(context, create(context));
        if (activation.Grain is IGrainLifecycle lifecycle)
        {
            await activation.Turn(async () =>
            {
                await lifecycle.ActivateAsync(CancellationToken.None);
                return true;
            });
        }

        return activation;
    }

    public Task<TReply> Call<TReply>(Func<TGrain, ValueTask<TReply>> call) => Turn(() => call(Grain).AsTask());

    /// <summary>Lets the time come for every timer that runs; false where none does.</summary>
    public Task<bool> FireTimersAsync() => Turn(async () =>
    {
        var due = _context.Timers.ToArray();
        foreach (var timer in due) await timer.FireAsync();
        return due.Length > 0;
    });

    public Task StopAsync() => Turn(async () =>
    {
        if (Grain is IGrainLifecycle lifecycle) await lifecycle.DeactivateAsync(DeactivationReason.Idle, CancellationToken.None);
        return true;
    });

    private Task<TReply> Turn<TReply>(Func<Task<TReply>> turn) => _turns.StartNew(turn).Unwrap();
}

/// <summary>What a grain under test sees of its engine.</summary>
internal sealed class TestGrainContext(string key, IGrains grains, TimeProvider time) : IGrainContext
{
    public string Key => key;

    public TimeProvider Time => time;

    public IGrains Grains => grains;

    public bool Abandoned { get; private set; }

    /// <summary>Timers that are started.</summary>
    public List<TestTimer> Timers { get; } = [];

    /// <summary>How many times a timer was started.</summary>
    public int TimerStarts { get; set; }

    public IGrainTimer CreateTimer(Func<CancellationToken, ValueTask> callback) => new TestTimer(this, callback);

    public void Abandon() => Abandoned = true;
}

/// <summary>A timer that a test fires.</summary>
internal sealed class TestTimer(TestGrainContext context, Func<CancellationToken, ValueTask> callback) : IGrainTimer
{
    public bool IsStarted => context.Timers.Contains(this);

    public void Start(TimeSpan due)
    {
        Stop();
        context.Timers.Add(this);
        context.TimerStarts++;
    }

    public void Stop() => context.Timers.Remove(this);

    public async Task FireAsync()
    {
        Stop();
        await callback(CancellationToken.None);
    }
}

/// <summary>For grains that call no other.</summary>
internal sealed class NoGrains : IGrains
{
    public TGrain Get<TGrain>(string key) where TGrain : class =>
        throw new InvalidOperationException($"This grain calls no other, but asked for {typeof(TGrain).Name} {key}.");
}
