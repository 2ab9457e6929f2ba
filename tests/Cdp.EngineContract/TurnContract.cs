namespace Cdp.EngineContract;

/// <summary>One activation per key, one call at a time, turns that never run in parallel.</summary>
public abstract class TurnContract : EngineSuite
{
    [Fact(Timeout = Hangs)]
    public async Task First_calls_at_the_same_time_meet_one_activation()
    {
        Start();
        var load = NewGate();
        World.OnActivate = async (_, _) => await load.Task;
        Script("count", grain => ++grain.Value);
        var calls = Enumerable.Range(0, 100).Select(_ => Task.Run(() => Scripted("t/1").RunAsync("count"))).ToList();
        load.SetResult(0);
        var counts = await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), counts.Order());
        Assert.Equal(1, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task Keys_and_interfaces_have_activations_of_their_own()
    {
        Script("count", grain => ++grain.Value);
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
        Assert.Equal(1, await Scripted("t/2").RunAsync("count"));
        Assert.Equal(1, await Engine.Grains.Get<ICallee>("t/1").AnswerAsync("count"));
        Assert.Equal(2, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_call_waits_until_the_one_before_has_ended()
    {
        var gate = new Halt();
        Script("wait", async (grain, _) =>
        {
            await gate.PassAsync();
            return ++grain.Value;
        });
        Script("count", grain => ++grain.Value);
        var first = Scripted("t/1").RunAsync("wait");
        await gate.Reached;
        var second = Scripted("t/1").RunAsync("count");
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        gate.Open();
        Assert.Equal(1, await first);
        Assert.Equal(2, await second);
    }

    [Fact(Timeout = Hangs)]
    public async Task An_interleaving_call_runs_while_others_await_and_overtakes_those_that_wait()
    {
        var gate = new Halt();
        Script("wait", async (grain, _) =>
        {
            grain.Value = 5;
            await gate.PassAsync();
            return grain.Value;
        });
        Script("set", grain => grain.Value = 7);
        Script("read", grain => grain.Value);
        var waits = Scripted("t/1").RunAsync("wait");
        await gate.Reached;
        var queued = Scripted("t/1").RunAsync("set");
        Assert.Equal(5, await Scripted("t/1").PeekAsync("read"));
        Assert.False(queued.IsCompleted);
        gate.Open();
        Assert.Equal(5, await waits);
        Assert.Equal(7, await queued);
    }

    [Fact(Timeout = Hangs)]
    public async Task An_exclusive_call_runs_while_an_interleaving_one_awaits()
    {
        var gate = new Halt();
        Script("watch", async (grain, _) =>
        {
            await gate.PassAsync();
            return grain.Value;
        });
        Script("set", grain => grain.Value = 7);
        var watch = Scripted("t/1").PeekAsync("watch");
        await gate.Reached;
        Assert.Equal(7, await Scripted("t/1").RunAsync("set"));
        Assert.False(watch.IsCompleted);
        gate.Open();
        Assert.Equal(7, await watch);
    }

    [Fact(Timeout = Hangs)]
    public async Task While_an_interleaving_call_awaits_exclusive_ones_still_run_one_at_a_time()
    {
        var watching = new Halt();
        var waiting = new Halt();
        Script("watch", async (_, _) => await watching.PassAsync());
        Script("wait", async (grain, _) =>
        {
            var before = grain.Value;
            await waiting.PassAsync();
            return grain.Value = before + 1;
        });
        Script("count", grain => ++grain.Value);
        Script("nothing", _ => 0);
        var watch = Scripted("t/1").PeekAsync("watch");
        await watching.Reached;
        var first = Scripted("t/1").RunAsync("wait");
        await waiting.Reached;
        var second = Scripted("t/1").RunAsync("count");

        // Whatever the engine does with the second, it has done it when this is answered.
        for (var i = 0; i < 10; i++) await Scripted("t/1").PeekAsync("nothing");
        Assert.False(second.IsCompleted);
        waiting.Open();
        Assert.Equal(1, await first);
        Assert.Equal(2, await second);
        watching.Open();
        await watch;
    }

    [Fact(Timeout = Hangs)]
    public async Task Turns_never_run_in_parallel_whatever_thread_completes_what_they_await()
    {
        Start();
        Script("hop", async (grain, _) =>
        {
            for (var i = 0; i < 20; i++)
            {
                grain.InTurn(() => grain.Value++);
                // Completes on a thread of the pool, after this turn has ended.
                await Task.Run(static () => Thread.SpinWait(20), CancellationToken.None);
                grain.InTurn(() => grain.Value++);
                await Task.Yield();
            }

            return grain.Value;
        });
        Script("read", grain => grain.Value);
        var calls = Enumerable.Range(0, 40).Select(i =>
            Task.Run(() => i % 4 == 0 ? Scripted("t/1").RunAsync("hop") : Scripted("t/1").PeekAsync("hop")));
        await Task.WhenAll(calls);
        Assert.Equal(40 * 40, await Scripted("t/1").RunAsync("read"));
    }

    [Fact(Timeout = Hangs)]
    public async Task Work_that_a_call_left_behind_still_runs_in_turns()
    {
        Start();
        var gate = NewGate();
        Task? later = null;
        Script("leave", grain =>
        {
            later = LaterAsync(grain);
            return grain.Value;
        });
        Script("hop", async (grain, _) =>
        {
            grain.InTurn(() => grain.Value++);
            await Task.Yield();
            return grain.Value;
        });
        Assert.Equal(0, await Scripted("t/1").RunAsync("leave"));
        var calls = Enumerable.Range(0, 200).Select(_ => Task.Run(() => Scripted("t/1").RunAsync("hop"))).ToList();
        gate.SetResult(0);
        await Task.WhenAll(calls);
        await later!;
        Assert.Equal(301, await Scripted("t/1").RunAsync("hop"));

        async Task LaterAsync(ScriptedGrain grain)
        {
            await gate.Task;
            for (var i = 0; i < 100; i++)
            {
                grain.InTurn(() => grain.Value++);
                await Task.Yield();
            }
        }
    }

    [Fact(Timeout = Hangs)]
    public async Task A_call_that_yields_again_and_again_lets_others_go_on()
    {
        var gate = new Halt();
        Script("wait", async (grain, _) =>
        {
            await gate.PassAsync();
            return ++grain.Value;
        });
        Script("yield", async (grain, _) =>
        {
            while (grain.Value == 0)
                await Task.Yield();
            return grain.Value;
        });
        var waiting = Scripted("t/1").PeekAsync("wait");
        await gate.Reached;
        var yielding = Scripted("t/1").PeekAsync("yield");
        gate.Open();
        Assert.Equal(1, await yielding);
        Assert.Equal(1, await waiting);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_grain_resumes_in_its_own_turns_after_a_call_to_another()
    {
        Start();
        Script("answer", async (grain, _) =>
        {
            await Task.Yield();
            return ++grain.Value;
        });
        Script("ask", async (grain, token) =>
        {
            grain.InTurn(() => grain.Value++);
            await grain.Context.Grains.Get<ICallee>("t/c").AnswerAsync("answer", token);
            grain.InTurn(() => grain.Value++);
            return grain.Value;
        });
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => Scripted("t/1").PeekAsync("ask"))));
        Script("read", grain => grain.Value);
        Assert.Equal(400, await Scripted("t/1").RunAsync("read"));
        Assert.Equal(201, await Engine.Grains.Get<ICallee>("t/c").AnswerAsync("answer"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_caller_outside_never_resumes_inside_a_turn()
    {
        Start();
        var gate = NewGate();
        Script("wait", async (_, _) => await gate.Task);
        var caller = Task.Run(async () =>
        {
            await Scripted("t/1").Run(new() { Value = "wait" }, CancellationToken.None);
            return SynchronizationContext.Current;
        });
        gate.SetResult(1);
        Assert.Null(await caller);
    }

}
