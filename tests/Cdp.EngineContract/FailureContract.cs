using Cdp.Grains.Ports;

namespace Cdp.EngineContract;

/// <summary>What a failing grain does to its callers, its queue and the others.</summary>
public abstract class FailureContract : EngineSuite
{
    [Fact(Timeout = Hangs)]
    public async Task A_grain_that_throws_is_dropped_without_saving_and_others_go_on()
    {
        Script("count", grain => ++grain.Value);
        Script("fail", grain => throw new InvalidDataException($"broken at {grain.Value}"));
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
        Assert.Equal(1, await Scripted("t/2").RunAsync("count"));
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => Scripted("t/1").RunAsync("fail"));
        Assert.Equal("broken at 1", failure.Message);
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
        Assert.Equal(2, await Scripted("t/2").RunAsync("count"));
        Assert.Empty(World.Deactivations);
        Assert.Equal(3, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task Calls_that_wait_behind_a_failure_go_to_a_new_activation_in_order()
    {
        var gate = new Halt();
        Script("fail", async (grain, _) =>
        {
            grain.Value = 100;
            await gate.PassAsync();
            throw new InvalidDataException("broken");
        });
        Script("count", grain => ++grain.Value);
        var failing = Scripted("t/1").RunAsync("fail");
        await gate.Reached;
        var waiting = Enumerable.Range(0, 10).Select(_ => Scripted("t/1").RunAsync("count")).ToList();
        gate.Open();
        await Assert.ThrowsAsync<InvalidDataException>(() => failing);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), await Task.WhenAll(waiting));
        Assert.Equal(2, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_failing_interleaving_call_drops_nothing()
    {
        Script("count", grain => ++grain.Value);
        Script("fail", _ => throw new InvalidDataException("cannot read"));
        await Scripted("t/1").RunAsync("count");
        await Assert.ThrowsAsync<InvalidDataException>(() => Scripted("t/1").PeekAsync("fail"));
        Assert.Equal(2, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_failed_activation_fails_the_calls_that_wait_and_the_next_call_tries_again()
    {
        var gate = NewGate();
        World.OnActivate = async (_, _) =>
        {
            await gate.Task;
            throw new IOException("store is away");
        };
        Script("count", grain => ++grain.Value);
        var calls = Enumerable.Range(0, 5).Select(i => i % 2 == 0 ? Scripted("t/1").RunAsync("count") : Scripted("t/1").PeekAsync("count")).ToList();
        gate.SetResult(0);
        foreach (var call in calls)
            Assert.Equal("store is away", (await Assert.ThrowsAsync<IOException>(() => call)).Message);
        World.OnActivate = null;
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_factory_that_throws_fails_the_call()
    {
        GrainType[] types = [new("broken", typeof(IScripted), _ => throw new InvalidDataException("no parts"), [])];
        await using var engine = CreateEngine(types, Time, maxActivations: null);
        await Assert.ThrowsAsync<InvalidDataException>(() => engine.Grains.Get<IScripted>("t/1").RunAsync("any"));
    }

    [Fact(Timeout = Hangs)]
    public async Task An_abandoned_activation_answers_its_call_and_is_not_saved()
    {
        Script("count", grain => ++grain.Value);
        Script("abandon", grain =>
        {
            grain.Value = 50;
            grain.Context.Abandon();
            return grain.Value;
        });
        await Scripted("t/1").RunAsync("count");
        Assert.Equal(50, await Scripted("t/1").RunAsync("abandon"));
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
        Assert.Empty(World.Deactivations);
    }

    [Fact(Timeout = Hangs)]
    public async Task Calls_that_wait_behind_an_abandoned_activation_go_to_a_new_one()
    {
        var gate = new Halt();
        Script("abandon", async (grain, _) =>
        {
            await gate.PassAsync();
            grain.Context.Abandon();
            return 0;
        });
        Script("count", grain => ++grain.Value);
        var abandoning = Scripted("t/1").RunAsync("abandon");
        await gate.Reached;
        var waiting = Enumerable.Range(0, 5).Select(_ => Scripted("t/1").RunAsync("count")).ToList();
        gate.Open();
        Assert.Equal(0, await abandoning);
        Assert.Equal((long[])[1, 2, 3, 4, 5], await Task.WhenAll(waiting));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_grain_that_abandons_itself_while_loading_refuses_the_call()
    {
        World.OnActivate = (grain, _) =>
        {
            grain.Context.Abandon();
            return ValueTask.CompletedTask;
        };
        Script("count", grain => ++grain.Value);
        await Assert.ThrowsAsync<GrainUnavailableException>(() => Scripted("t/1").RunAsync("count"));
        World.OnActivate = null;
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_callee_s_failure_reaches_the_calling_grain_as_an_exception()
    {
        Script("fail", _ => throw new InvalidDataException("callee broke"));
        Script("ask", async (grain, token) =>
        {
            try
            {
                return await grain.Context.Grains.Get<ICallee>("t/c").AnswerAsync("fail", token);
            }
            catch (InvalidDataException)
            {
                return -1;
            }
        });
        Assert.Equal(-1, await Scripted("t/1").RunAsync("ask"));
        Assert.Equal(-1, await Scripted("t/1").RunAsync("ask"));
        Assert.Equal(3, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_call_with_a_cancelled_token_never_starts()
    {
        Script("count", grain => ++grain.Value);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Scripted("t/1").RunAsync("count", new CancellationToken(canceled: true)));
        Assert.Equal(1, await Scripted("t/1").RunAsync("count"));
    }

    [Fact(Timeout = Hangs)]
    public async Task Cancelling_a_call_that_waits_takes_it_out_of_the_queue()
    {
        var gate = new Halt();
        Script("wait", async (_, _) => await gate.PassAsync());
        Script("count", grain => ++grain.Value);
        using var source = new CancellationTokenSource();
        var first = Scripted("t/1").RunAsync("wait", Cancelled);
        await gate.Reached;
        var cancelled = Scripted("t/1").RunAsync("count", source.Token);
        var kept = Scripted("t/1").RunAsync("count", Cancelled);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        gate.Open(3);
        Assert.Equal(3, await first);
        Assert.Equal(1, await kept);
        Assert.Equal(1, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_running_call_that_ends_by_its_cancellation_drops_the_activation()
    {
        var started = NewGate();
        Script("hold", async (grain, token) =>
        {
            grain.Value = 100;
            started.SetResult(0);
            await Task.Delay(Timeout.InfiniteTimeSpan, grain.Context.Time, token);
            return 0;
        });
        Script("count", grain => ++grain.Value);
        using var source = new CancellationTokenSource();
        var held = Scripted("t/1").RunAsync("hold", source.Token);
        await started.Task;
        var waiting = Scripted("t/1").RunAsync("count");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        Assert.Equal(1, await waiting);
        Assert.Equal(2, World.Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_cancelled_interleaving_call_drops_nothing()
    {
        Script("hold", async (grain, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, grain.Context.Time, token);
            return 0;
        });
        Script("count", grain => ++grain.Value);
        using var source = new CancellationTokenSource();
        await Scripted("t/1").RunAsync("count");
        var held = Scripted("t/1").PeekAsync("hold", source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        Assert.Equal(2, await Scripted("t/1").RunAsync("count"));
    }

    [Fact]
    public async Task A_grain_may_call_only_the_kinds_that_its_type_names()
    {
        Script("stray", grain =>
        {
            grain.Context.Grains.Get<IScripted>("t/2");
            return 0;
        });
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Scripted("t/1").RunAsync("stray"));
        Assert.Contains("IScripted", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("one way", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Engine.Grains.Get<ICallee>("t/c").AnswerAsync("stray"));
    }
}
