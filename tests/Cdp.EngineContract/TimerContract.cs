using Cdp.Grains.Ports;

namespace Cdp.EngineContract;

/// <summary>Timers: when they fire, beside what, and how they are stopped and started again.</summary>
public abstract class TimerContract : EngineSuite
{
    [Fact(Timeout = Hangs)]
    public async Task A_timer_fires_once_when_due_and_not_before()
    {
        var fired = NewGate();
        Script("arm", grain =>
        {
            grain.Context.CreateTimer(_ =>
            {
                grain.Value++;
                fired.SetResult(grain.Value);
                return ValueTask.CompletedTask;
            }).Start(TimeSpan.FromSeconds(30));
            return grain.Value;
        });
        Script("read", grain => grain.Value);
        await Scripted("t/1").RunAsync("arm");
        Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, await Scripted("t/1").RunAsync("read"));
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await fired.Task);
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await Scripted("t/1").RunAsync("read"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_far_ahead_fires_in_its_turn()
    {
        var fired = NewGate();
        Start(collectable: false);
        Script("arm", grain =>
        {
            grain.Context.CreateTimer(_ =>
            {
                fired.SetResult(1);
                return ValueTask.CompletedTask;
            }).Start(TimeSpan.FromHours(2));
            return 0;
        });
        await Scripted("t/1").RunAsync("arm");
        Time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(2));
        Assert.False(fired.Task.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(1, await fired.Task);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_that_was_stopped_does_not_fire()
    {
        IGrainTimer? timer = null;
        Script("arm", grain =>
        {
            timer = grain.Context.CreateTimer(_ =>
            {
                grain.Value++;
                return ValueTask.CompletedTask;
            });
            timer.Start(TimeSpan.FromSeconds(5));
            Assert.True(timer.IsStarted);
            return 0;
        });
        Script("disarm", grain =>
        {
            timer!.Stop();
            Assert.False(timer.IsStarted);
            return grain.Value;
        });
        Script("read", grain => grain.Value);
        await Scripted("t/1").RunAsync("arm");
        await Scripted("t/1").RunAsync("disarm");
        Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(0, await Scripted("t/1").RunAsync("read"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_that_is_started_again_fires_at_the_new_time_only()
    {
        var fired = NewGate();
        IGrainTimer? timer = null;
        Script("arm", grain =>
        {
            timer ??= grain.Context.CreateTimer(_ =>
            {
                grain.Value++;
                fired.SetResult(grain.Value);
                return ValueTask.CompletedTask;
            });
            timer.Start(TimeSpan.FromSeconds(5));
            return grain.Value;
        });
        Script("read", grain => grain.Value);
        await Scripted("t/1").RunAsync("arm");
        Time.Advance(TimeSpan.FromSeconds(3));
        await Scripted("t/1").RunAsync("arm");
        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, await Scripted("t/1").RunAsync("read"));
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await fired.Task);
        Assert.False(timer!.IsStarted);

        fired = NewGate();
        await Scripted("t/1").RunAsync("arm");
        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(2, await fired.Task);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_can_start_itself_again()
    {
        var fired = NewGate();
        Script("arm", grain =>
        {
            IGrainTimer? timer = null;
            timer = grain.Context.CreateTimer(_ =>
            {
                if (++grain.Value < 3)
                    timer!.Start(TimeSpan.Zero);
                else
                    fired.SetResult(grain.Value);
                return ValueTask.CompletedTask;
            });
            timer.Start(TimeSpan.Zero);
            return grain.Value;
        });
        Script("read", grain => grain.Value);
        await Scripted("t/1").RunAsync("arm");
        for (long ran = 0; ran < 3; ran = await Scripted("t/1").RunAsync("read"))
            Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, await fired.Task);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_that_is_due_behind_a_call_can_still_be_stopped_or_put_off()
    {
        var due = new Halt();
        var fired = NewGate();
        Script("arm", async (grain, _) =>
        {
            IGrainTimer[] timers = [.. Enumerable.Range(0, 2).Select(_ => grain.Context.CreateTimer(_ =>
            {
                grain.Value++;
                fired.SetResult(grain.Value);
                return ValueTask.CompletedTask;
            }))];
            foreach (var timer in timers)
                timer.Start(TimeSpan.FromSeconds(1));
            await due.PassAsync();
            timers[0].Stop();
            timers[1].Start(TimeSpan.FromSeconds(5));
            return grain.Value;
        });
        Script("read", grain => grain.Value);
        var arming = Scripted("t/1").RunAsync("arm");
        await due.Reached;
        Time.Advance(TimeSpan.FromSeconds(2));
        due.Open();
        Assert.Equal(0, await arming);
        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, await Scripted("t/1").RunAsync("read"));
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await fired.Task);
        Assert.Equal(1, await Scripted("t/1").RunAsync("read"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_waits_for_the_call_under_way_and_a_call_for_the_timer()
    {
        var call = new Halt();
        var timer = NewGate();
        var firing = NewGate();
        Script("arm", async (grain, _) =>
        {
            grain.Context.CreateTimer(async _ =>
            {
                firing.SetResult(grain.Value);
                await timer.Task;
                grain.Value = 10;
            }).Start(TimeSpan.FromSeconds(1));
            await call.PassAsync();
            return ++grain.Value;
        });
        Script("count", grain => ++grain.Value);
        var arming = Scripted("t/1").RunAsync("arm");
        await call.Reached;
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(firing.Task.IsCompleted);
        call.Open();
        Assert.Equal(1, await arming);
        Assert.Equal(1, await firing.Task);
        var counting = Scripted("t/1").RunAsync("count");
        Assert.False(counting.IsCompleted);
        timer.SetResult(0);
        Assert.Equal(11, await counting);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_timer_that_throws_drops_the_activation()
    {
        var firing = NewGate();
        Script("arm", grain =>
        {
            grain.Context.CreateTimer(_ =>
            {
                firing.SetResult(0);
                throw new InvalidDataException("broken timer");
            }).Start(TimeSpan.FromSeconds(1));
            return ++grain.Value;
        });
        Script("count", grain => ++grain.Value);
        await Scripted("t/1").RunAsync("arm");
        Time.Advance(TimeSpan.FromSeconds(2));
        await firing.Task;
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
        Assert.Equal(2, World.Activations);
    }
}
