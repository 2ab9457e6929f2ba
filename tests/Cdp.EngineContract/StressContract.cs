using System.Collections.Concurrent;

namespace Cdp.EngineContract;

/// <summary>Many callers, many keys, activations that come and go: no call is lost, none counts twice.</summary>
public abstract class StressContract : EngineSuite
{
    private const int Keys = 500;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    /// <summary>Calls of the largest test.</summary>
    protected virtual int Calls => 1_000_000;

    [Fact(Timeout = 5 * Hangs)]
    public async Task No_call_is_lost_while_activations_end_and_begin()
    {
        Start(Idle);
        Script("count", grain => ++grain.Value);
        Script("hop", async (grain, _) =>
        {
            await Task.Yield();
            return ++grain.Value;
        });
        Script("read", grain => grain.Value);
        using var done = new CancellationTokenSource();
        var collecting = Task.Run(() => CollectAllTheTimeAsync(done.Token));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(() => CallAsync(caller, Calls / 8))));
        await done.CancelAsync();
        await collecting;
        var sum = 0L;
        for (var key = 0; key < Keys; key++)
            sum += await Scripted($"t/{key}").RunAsync("read");
        Assert.Equal(Calls / 8 * 8, sum);
        Assert.True(World.Activations > Keys, "The collector never ended an activation; the test shows nothing.");
    }

    [Fact(Timeout = 5 * Hangs)]
    public async Task Callers_behind_a_busy_grain_are_all_served()
    {
        Start();
        Script("hop", async (grain, _) =>
        {
            await Task.Yield();
            return ++grain.Value;
        });
        var calls = Calls / 10;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < calls / 32; i++)
                await Scripted("t/hot").RunAsync("hop");
        })));
        Assert.Equal((calls / 32 * 32) + 1, await Scripted("t/hot").RunAsync("hop"));
    }

    [Fact(Timeout = 5 * Hangs)]
    public async Task Callers_of_one_grain_that_replies_at_once_are_all_served_while_it_ends_and_begins()
    {
        Start(Idle);
        Script("count", grain => ++grain.Value);
        using var done = new CancellationTokenSource();
        var collecting = Task.Run(() => CollectAllTheTimeAsync(done.Token));
        var calls = Calls / 32;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < calls; i++)
                await Scripted("t/hot").RunAsync("count");
        })));
        await done.CancelAsync();
        await collecting;
        Assert.Equal((calls * 32) + 1, await Scripted("t/hot").RunAsync("count"));
    }

    [Fact(Timeout = 5 * Hangs)]
    public async Task Calls_cancelled_at_any_moment_ended_or_never_began()
    {
        Start();
        Script("hop", async (grain, _) =>
        {
            await Task.Yield();
            return ++grain.Value;
        });
        var served = 0;
        var cancelled = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < Calls / 500; i++)
            {
                using var source = new CancellationTokenSource();
                var call = Scripted($"t/{i % 3}").RunAsync("hop", source.Token);
                if ((i + caller) % 2 == 0)
                    await source.CancelAsync();
                try
                {
                    await call;
                    Interlocked.Increment(ref served);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }
        })));
        Script("read", grain => grain.Value);
        var sum = 0L;
        for (var key = 0; key < 3; key++)
            sum += await Scripted($"t/{key}").RunAsync("read");
        Assert.Equal(served, sum);
        Assert.True(cancelled > 0, "No call was cancelled in the queue; the test shows nothing.");
    }

    [Fact(Timeout = 5 * Hangs)]
    public async Task Failures_under_load_leave_every_caller_with_an_answer()
    {
        Start();
        var lives = new ConcurrentDictionary<ScriptedGrain, int>();
        Script("count", async (grain, _) =>
        {
            await Task.Yield();
            lives.AddOrUpdate(grain, 1, static (_, calls) => calls + 1);
            return ++grain.Value % 50 == 0 ? throw new InvalidDataException("fiftieth") : grain.Value;
        });
        var failed = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < Calls / 400; i++)
            {
                try
                {
                    await Scripted("t/1").RunAsync("count");
                }
                catch (InvalidDataException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        })));
        // One at a time and a fresh activation after each failure: exactly every fiftieth call fails.
        Assert.Equal(Calls / 400 * 16 / 50, failed);
        Assert.All(lives.Values, calls => Assert.InRange(calls, 1, 50));
    }

    private async Task CollectAllTheTimeAsync(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            Time.Advance(Idle * 2);
            await Engine.CollectAsync(CancellationToken.None);
            await Task.Yield();
        }
    }

    private async Task CallAsync(int caller, int calls)
    {
        var random = new Random(caller);
        for (var i = 0; i < calls; i++)
            await Scripted($"t/{random.Next(Keys)}").RunAsync(random.Next(20) == 0 ? "hop" : "count");
    }
}
