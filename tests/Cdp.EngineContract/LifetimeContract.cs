using Cdp.Grains.Ports;

namespace Cdp.EngineContract;

/// <summary>How activations end and come back, and the stop.</summary>
public abstract class LifetimeContract : EngineSuite
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);

    [Fact(Timeout = Hangs)]
    public async Task An_idle_grain_saves_and_comes_back_with_its_state()
    {
        Start(Idle);
        Script("count", grain => ++grain.Value);
        await Scripted("t/1").RunAsync("count");
        await IdleAsync();
        Assert.Equal([("t/1", DeactivationReason.Idle)], World.Deactivations);
        Assert.Equal(2, await Scripted("t/1").RunAsync("count"));
        Assert.Equal(2, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_reference_held_over_a_deactivation_reaches_the_new_activation()
    {
        Start(Idle);
        Script("count", grain => ++grain.Value);
        var reference = Scripted("t/1");
        await reference.RunAsync("count");
        await IdleAsync();
        Assert.Equal(2, await reference.RunAsync("count"));
        Assert.Equal(3, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_grain_in_use_stays()
    {
        Start(Idle);
        Script("count", grain => ++grain.Value);
        for (var i = 0; i < 10; i++)
        {
            await Scripted("t/1").RunAsync("count");
            Time.Advance(Idle / 2);
        }

        await Engine.CollectAsync(Cancelled);
        Assert.Equal(1, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_grain_with_a_call_under_way_stays()
    {
        Start(Idle);
        var gate = new Halt();
        Script("wait", async (_, _) => await gate.PassAsync());
        var call = Scripted("t/1").PeekAsync("wait");
        await gate.Reached;
        await IdleAsync();
        Assert.Empty(World.Deactivations);
        gate.Open(9);
        Assert.Equal(9, await call);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_kind_that_is_not_collectable_stays()
    {
        Start(Idle, collectable: false);
        Script("count", grain => ++grain.Value);
        await Scripted("t/1").RunAsync("count");
        await IdleAsync();
        await IdleAsync();
        Assert.Equal(2, await Scripted("t/1").RunAsync("count"));
        Assert.Equal(1, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task Calls_during_a_deactivation_wait_for_it_and_meet_a_new_activation()
    {
        Start(Idle);
        var saving = NewGate();
        var saved = NewGate();
        World.OnDeactivate = async (_, _) =>
        {
            saving.SetResult(0);
            await saved.Task;
        };
        Script("count", grain => ++grain.Value);
        await Scripted("t/1").RunAsync("count");
        Time.Advance(Idle * 3);
        await saving.Task;
        World.OnDeactivate = null;
        var call = Scripted("t/1").RunAsync("count");
        var read = Scripted("t/1").PeekAsync("count");
        Assert.False(call.IsCompleted);
        Assert.False(read.IsCompleted);
        saved.SetResult(0);
        Assert.Equal(2, await call);
        Assert.Equal(3, await read);
        Assert.Equal(2, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_grain_that_fails_to_save_is_dropped_and_loads_what_was_stored()
    {
        Start(Idle);
        World.OnDeactivate = (_, _) => throw new IOException("disk full");
        Script("count", grain => ++grain.Value);
        await Scripted("t/1").RunAsync("count");
        await IdleAsync();
        World.OnDeactivate = null;
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task Beyond_the_ceiling_the_least_recently_used_go_first()
    {
        Start(maxActivations: 3);
        Script("count", grain => ++grain.Value);
        foreach (var key in (string[])["t/a", "t/b", "t/c"])
        {
            await Scripted(key).RunAsync("count");
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        await Scripted("t/a").RunAsync("count");
        Time.Advance(TimeSpan.FromSeconds(1));
        var saved = NewGate();
        World.OnDeactivate = (_, _) =>
        {
            saved.TrySetResult(0);
            return ValueTask.CompletedTask;
        };
        await Scripted("t/d").RunAsync("count");
        await saved.Task;
        await Engine.CollectAsync(Cancelled);
        Assert.Equal(1, World.Activations - 3);
        Assert.Equal(2, await Scripted("t/b").RunAsync("count"));
        Assert.Equal(("t/b", DeactivationReason.Memory), World.Deactivations.First());
    }

    [Fact(Timeout = Hangs)]
    public async Task Timers_end_with_their_activation()
    {
        Start(Idle);
        Script("arm", grain =>
        {
            grain.Context.CreateTimer(_ =>
            {
                World.Store["fired"] = 1;
                return ValueTask.CompletedTask;
            }).Start(Idle * 10);
            return 0;
        });
        await Scripted("t/1").RunAsync("arm");
        await IdleAsync();
        Assert.Single(World.Deactivations);
        Time.Advance(Idle * 20);
        await Engine.CollectAsync(Cancelled);
        Assert.False(World.Store.ContainsKey("fired"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_stop_finishes_what_was_sent_saves_all_and_refuses_new_calls()
    {
        var gate = new Halt();
        Script("wait", async (grain, _) =>
        {
            await gate.PassAsync();
            return ++grain.Value;
        });
        Script("count", grain => ++grain.Value);
        var running = Scripted("t/1").RunAsync("wait");
        await gate.Reached;
        var queued = Scripted("t/1").RunAsync("count");
        await Scripted("t/2").RunAsync("count");
        var stopping = Engine.StopAsync();
        await Assert.ThrowsAsync<GrainUnavailableException>(() => Scripted("t/1").RunAsync("count"));
        await Assert.ThrowsAsync<GrainUnavailableException>(() => Scripted("t/3").RunAsync("count"));
        Assert.False(stopping.IsCompleted);
        gate.Open();
        Assert.Equal(1, await running);
        Assert.Equal(2, await queued);
        await stopping;
        Assert.Equal(2, World.Store["t/1"]);
        Assert.Equal(1, World.Store["t/2"]);
        Assert.All(World.Deactivations, ended => Assert.Equal(DeactivationReason.Shutdown, ended.Reason));
    }

    [Fact(Timeout = Hangs)]
    public async Task During_a_stop_a_grain_still_reaches_what_it_calls_and_saves_before_it()
    {
        var gate = new Halt();
        var order = new List<string>();
        World.OnDeactivate = (grain, _) =>
        {
            lock (order)
                order.Add(grain.Context.Key);
            return ValueTask.CompletedTask;
        };
        Script("answer", grain => ++grain.Value);
        Script("ask", async (grain, token) =>
        {
            await gate.PassAsync();
            return await grain.Context.Grains.Get<ICallee>("t/callee").AnswerAsync("answer", token);
        });
        var asking = Scripted("t/caller").RunAsync("ask");
        await gate.Reached;
        var stopping = Engine.StopAsync();
        gate.Open();
        Assert.Equal(1, await asking);
        await stopping;
        Assert.Equal(["t/caller", "t/callee"], order);
        Assert.Equal(1, World.Store["t/callee"]);
    }

    private async Task IdleAsync()
    {
        Time.Advance(Idle * 3);
        await Engine.CollectAsync(Cancelled);
    }
}
