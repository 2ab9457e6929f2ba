using FsCheck;
using FsCheck.Fluent;

namespace Cdp.EngineContract;

/// <summary>Random histories of one grain against a model of two numbers: what it holds and what it stored.</summary>
public abstract class ModelContract : EngineSuite
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    /// <summary>What happens to a grain.</summary>
    private enum Step
    {
        Count,
        CountLater,
        Peek,
        Fail,
        FailPeek,
        Abandon,
        Save,
        Collect,
        CancelQueued,
    }

    [Fact(Timeout = 5 * Hangs)]
    public void Any_history_ends_where_the_model_does()
    {
        var steps = Gen.Elements(System.Enum.GetValues<Step>()).Zip(Gen.Choose(0, 2)).ListOf().Resize(60);
        Prop.ForAll(steps.ToArbitrary(), history => PlayAsync([.. history]).GetAwaiter().GetResult())
            .QuickCheckThrowOnFailure();
    }

    private async Task<bool> PlayAsync(IReadOnlyList<(Step Step, int Key)> history)
    {
        var world = new ScriptedWorld();
        AddScripts(world);
        await using var engine = CreateEngine(world.Types(Idle), Time, maxActivations: null);
        var model = new Model[3];
        foreach (var (step, key) in history)
        {
            var grain = engine.Grains.Get<IScripted>($"t/{key}");
            await PlayAsync(step, grain, engine, model, key);
            Assert.Equal(model[key].Held, await grain.PeekAsync("read"));
            model[key].Live = true;
        }

        await engine.StopAsync();
        for (var key = 0; key < model.Length; key++)
        {
            if (model[key].Live)
                Assert.Equal(model[key].Held, world.Store.GetValueOrDefault($"t/{key}"));
        }

        return true;
    }

    private async Task PlayAsync(Step step, IScripted grain, IEngineUnderTest engine, Model[] model, int key)
    {
        ref var expected = ref model[key];
        switch (step)
        {
            case Step.Count or Step.CountLater:
                expected.Held++;
                var value = expected.Held;
                Assert.Equal(value, await grain.RunAsync(step == Step.Count ? "count" : "later"));
                break;
            case Step.Peek:
                Assert.Equal(model[key].Held, await grain.PeekAsync("read"));
                break;
            case Step.Fail:
                expected.Held = expected.Stored;
                await Assert.ThrowsAsync<InvalidDataException>(() => grain.RunAsync("fail"));
                break;
            case Step.FailPeek:
                await Assert.ThrowsAsync<InvalidDataException>(() => grain.PeekAsync("failPeek"));
                break;
            case Step.Abandon:
                expected.Held = expected.Stored;
                await grain.RunAsync("abandon");
                break;
            case Step.Save:
                expected.Stored = expected.Held;
                await grain.RunAsync("save");
                break;
            case Step.Collect:
                for (var i = 0; i < model.Length; i++)
                    model[i].Stored = model[i].Held;
                Time.Advance(Idle * 3);
                await engine.CollectAsync(CancellationToken.None);
                break;
            case Step.CancelQueued:
                expected.Held++;
                await CancelQueuedAsync(grain);
                break;
        }
    }

    private static async Task CancelQueuedAsync(IScripted grain)
    {
        using var source = new CancellationTokenSource();
        var first = grain.RunAsync("held", CancellationToken.None);
        while (await grain.PeekAsync("isHeld") == 0) await Task.Yield();
        var queued = grain.RunAsync("count", source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        await grain.PeekAsync("release");
        await first;
    }

    private static void AddScripts(ScriptedWorld world)
    {
        Add("count", grain => ++grain.Value);
        Add("read", grain => grain.Value);
        Add("failPeek", _ => throw new InvalidDataException("cannot read"));
        Add("fail", grain =>
        {
            grain.Value += 1000;
            throw new InvalidDataException("broken");
        });
        Add("abandon", grain =>
        {
            grain.Value += 1000;
            grain.Context.Abandon();
            return grain.Value;
        });
        Add("save", grain => grain.World.Store[grain.Context.Key] = grain.Value);
        Add("isHeld", grain => grain.Held is { Task.IsCompleted: false } ? 1 : 0);
        Add("release", grain =>
        {
            grain.Held!.SetResult();
            return 0;
        });
        world.Scripts["later"] = async (grain, _) =>
        {
            await Task.Yield();
            return ++grain.Value;
        };
        world.Scripts["held"] = async (grain, _) =>
        {
            grain.Held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await grain.Held.Task;
            return ++grain.Value;
        };

        void Add(string name, Func<ScriptedGrain, long> script) =>
            world.Scripts[name] = (grain, _) => ValueTask.FromResult(script(grain));
    }

    private struct Model
    {
        internal long Held;
        internal long Stored;
        internal bool Live;
    }
}
