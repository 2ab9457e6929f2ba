using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cdp.EngineContract;
using Cdp.Grains.Ports;
using Cdp.SingleNode.Engine;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.SingleNode.Tests.Engine;

/// <summary>What this engine promises beyond the contract.</summary>
public sealed class GrainEngineTests
{
    private const int Hangs = 60_000;
    private readonly ScriptedWorld _world = new();
    private readonly ManualTime _time = new();

    /// <summary>Not a grain interface: no token.</summary>
    public interface INoToken
    {
        ValueTask<Int64Value> Ask(Int64Value request);
    }

    /// <summary>Not a grain interface: no message.</summary>
    public interface INoMessage
    {
        ValueTask<Int64Value> Ask(string request, CancellationToken cancellationToken);
    }

    /// <summary>Not a grain interface: a property.</summary>
    public interface IHasProperty
    {
        int Number { get; }
    }

    /// <summary>Inherits its methods, as an interface for another engine may.</summary>
    public interface IInherits : IScripted;

    [Theory]
    [InlineData(typeof(INoToken), "Ask")]
    [InlineData(typeof(INoMessage), "Ask")]
    [InlineData(typeof(IHasProperty), "property")]
    [InlineData(typeof(string), "interface")]
    public void An_interface_of_another_shape_is_refused_by_name(System.Type type, string said)
    {
        var refusal = Assert.Throws<ArgumentException>(() => Create(new GrainType("odd", type, _ => new object(), [])));
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_that_form_a_cycle_are_refused()
    {
        GrainType[] types =
        [
            new("a", typeof(IScripted), context => new ScriptedGrain(context, _world), [typeof(ICallee)]),
            new("b", typeof(ICallee), context => new ScriptedGrain(context, _world), [typeof(IScripted)]),
        ];
        Assert.Contains("one way", Assert.Throws<ArgumentException>(() => Create(types)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interface_registered_twice_or_called_without_a_kind_is_refused()
    {
        var scripted = new GrainType("a", typeof(IScripted), context => new ScriptedGrain(context, _world), []);
        Assert.Throws<ArgumentException>(() => Create(scripted, scripted with { Kind = "b" }));
        Assert.Throws<ArgumentException>(() => Create(scripted with { Calls = [typeof(ICallee)] }));
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        GrainEngineOptions[] wrong =
        [
            new() { MaxActivations = 0 }, new() { MaxMemoryBytes = 0 }, new() { IdleAfter = TimeSpan.Zero }, new() { DrainLimit = TimeSpan.Zero },
        ];
        foreach (var options in wrong)
            Assert.Throws<ArgumentException>(() => new GrainEngine(options, [], _time));
    }

    [Fact]
    public async Task Beyond_the_ceiling_those_go_first_that_were_idle_longest_for_their_kind()
    {
        GrainType[] types =
        [
            new("stays", typeof(IScripted), context => new ScriptedGrain(context, _world), []) { IdleAfter = TimeSpan.FromMinutes(10) },
            new("passes", typeof(ICallee), context => new ScriptedGrain(context, _world), []) { IdleAfter = TimeSpan.FromMinutes(1) },
        ];
        await using var engine = new GrainEngine(new GrainEngineOptions { MaxMemoryBytes = long.MaxValue, MaxActivations = 2 }, types, _time);
        _world.Scripts["count"] = (grain, _) => ValueTask.FromResult(++grain.Value);
        await engine.Grains.Get<IScripted>("t/older").RunAsync("count");
        _time.Advance(TimeSpan.FromSeconds(20));
        await engine.Grains.Get<ICallee>("t/younger").AnswerAsync("count");
        _time.Advance(TimeSpan.FromSeconds(20));
        await engine.Grains.Get<IScripted>("t/newest").RunAsync("count");
        await engine.CollectAsync(TestContext.Current.CancellationToken);
        Assert.Equal([("t/younger", DeactivationReason.Memory)], _world.Deactivations);
    }

    [Fact]
    public async Task A_kind_that_is_not_registered_is_refused_by_name()
    {
        await using var engine = Create();
        Assert.Contains("ICallee", Assert.Throws<InvalidOperationException>(() => engine.Grains.Get<ICallee>("t/1")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inherited_method_is_served()
    {
        await using var engine = Create(new GrainType("heir", typeof(IInherits), _ => new Heir(), []));
        Assert.Equal(7, (await engine.Grains.Get<IInherits>("t/1").Run(new StringValue(), CancellationToken.None)).Value);
    }

    [Fact]
    public async Task A_call_to_an_idle_grain_runs_on_the_caller_s_thread()
    {
        await using var engine = Create([.. _world.Types()]);
        _world.Scripts["thread"] = (_, _) => ValueTask.FromResult((long)Environment.CurrentManagedThreadId);
        var here = 0;
        for (var i = 0; i < 1000; i++)
        {
            // Loading may use up the first call's slice, and then the next finds the grain still leaving its turn.
            var thread = Environment.CurrentManagedThreadId;
            var call = engine.Grains.Get<IScripted>("t/1").Run(new StringValue { Value = "thread" }, CancellationToken.None);
            Assert.False(SynchronizationContext.Current is IGrainContext);
            var atOnce = call.IsCompletedSuccessfully;
            var ran = (await call).Value;
            if (!atOnce)
                continue;
            Assert.Equal(thread, ran);
            here++;
        }

        Assert.True(here > 500, $"Only {here} of 1000 calls ran at once.");
    }

    [Fact(Timeout = Hangs)]
    public async Task A_caller_runs_eight_calls_of_others_at_most_each_in_its_own_ambient_context()
    {
        await using var engine = Create([.. _world.Types()]);
        var grain = await IdleAsync(engine);
        var ambient = new AsyncLocal<long>();
        var others = new List<Task<Int64Value>>();
        var caller = Environment.CurrentManagedThreadId;
        var here = 0;
        _world.Scripts["note"] = (_, _) =>
        {
            here += Environment.CurrentManagedThreadId == caller ? 1 : 0;
            return ValueTask.FromResult(ambient.Value);
        };
        _world.Scripts["crowd"] = (_, _) =>
        {
            for (ambient.Value = 1; ambient.Value <= 20; ambient.Value++)
                others.Add(grain.Run(new StringValue { Value = "note" }, CancellationToken.None).AsTask());
            return ValueTask.FromResult(0L);
        };
        var call = grain.Run(new StringValue { Value = "crowd" }, CancellationToken.None);
        var ranHere = here;
        Assert.True(call.IsCompletedSuccessfully);
        // Fewer if the slice ended in between.
        Assert.InRange(ranHere, 1, 8);
        var replies = await Task.WhenAll(others);
        Assert.Equal(Enumerable.Range(1, 20), replies.Select(reply => (int)reply.Value));
    }

    [Fact(Timeout = Hangs)]
    public async Task A_call_that_yields_gives_its_caller_the_thread_back()
    {
        await using var engine = Create([.. _world.Types()]);
        var grain = await IdleAsync(engine);
        var caller = Environment.CurrentManagedThreadId;
        var here = 0;
        var rest = false;
        _world.Scripts["work"] = async (_, _) =>
        {
            while (!Volatile.Read(ref rest))
            {
                here += Environment.CurrentManagedThreadId == caller ? 1 : 0;
                await Task.Yield();
            }

            return 0;
        };
        var call = grain.Run(new StringValue { Value = "work" }, CancellationToken.None);
        var ranHere = here;
        Volatile.Write(ref rest, true);
        await call;
        Assert.Equal(1, ranHere);
    }

    [Fact(Timeout = Hangs)]
    public async Task When_memory_presses_the_least_recently_used_are_deactivated()
    {
        var bytes = 0L;
        var options = new GrainEngineOptions { MaxMemoryBytes = 1000, ReadMemoryBytes = () => Volatile.Read(ref bytes) };
        await using var engine = new GrainEngine(options, _world.Types(), _time);
        _world.Scripts["count"] = (grain, _) => ValueTask.FromResult(++grain.Value);
        for (var i = 0; i < 16; i++)
        {
            await engine.Grains.Get<IScripted>($"t/{i:D2}").RunAsync("count");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(_world.Deactivations);
        Volatile.Write(ref bytes, 1001);
        await engine.CollectAsync(TestContext.Current.CancellationToken);
        Volatile.Write(ref bytes, 0);
        Assert.Equal([("t/00", DeactivationReason.Memory), ("t/01", DeactivationReason.Memory)], _world.Deactivations.Order());
        Assert.Equal(14, engine.Statistics().Single(kind => kind.Kind == "scripted").Activations);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_stop_gives_up_after_its_limit_and_refuses_what_waits()
    {
        var options = new GrainEngineOptions { DrainLimit = TimeSpan.FromSeconds(5), MaxMemoryBytes = long.MaxValue };
        var engine = new GrainEngine(options, _world.Types(), _time);
        var never = new TaskCompletionSource();
        _world.Scripts["never"] = async (_, _) =>
        {
            await never.Task;
            return 0;
        };
        _world.Scripts["count"] = (grain, _) => ValueTask.FromResult(++grain.Value);
        await engine.Grains.Get<IScripted>("t/idle").RunAsync("count");
        var stuck = engine.Grains.Get<IScripted>("t/stuck").RunAsync("never");
        var waiting = engine.Grains.Get<IScripted>("t/stuck").RunAsync("count");
        var watching = engine.Grains.Get<IScripted>("t/watched").PeekAsync("never");
        var stopping = engine.StopAsync();
        while (!stopping.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await stopping;
        await Assert.ThrowsAsync<GrainUnavailableException>(() => waiting);
        // A grain that is only watched saves; the one in the middle of a call is dropped.
        Assert.Equal(["t/idle", "t/watched"], _world.Deactivations.Select(ended => ended.Key).Order());
        never.SetResult();
        Assert.Equal(0, await stuck);
        Assert.Equal(0, await watching);
        await engine.DisposeAsync();
    }

    [Fact(Timeout = Hangs)]
    public async Task Faults_that_no_caller_awaits_are_reported()
    {
        var faults = new ConcurrentQueue<GrainFault>();
        var options = new GrainEngineOptions { OnFault = faults.Enqueue, MaxMemoryBytes = long.MaxValue };
        await using var engine = new GrainEngine(options, _world.Types(TimeSpan.FromSeconds(5)), _time);
        _world.OnDeactivate = (_, _) => throw new IOException("disk full");
        _world.Scripts["count"] = (grain, _) => ValueTask.FromResult(++grain.Value);
        await engine.Grains.Get<IScripted>("t/1").RunAsync("count");
        _time.Advance(TimeSpan.FromSeconds(20));
        await engine.CollectAsync(TestContext.Current.CancellationToken);
        var fault = Assert.Single(faults);
        Assert.Equal("scripted", fault.Kind);
        Assert.IsType<IOException>(fault.Exception);
        Assert.Equal(1, engine.Statistics()[0].Dropped);
    }

    [Fact(Timeout = Hangs)]
    public async Task Counts_and_instruments_tell_what_happened()
    {
        var measured = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        // Engines of tests that run at the same time have instruments of the same names: a kind of its own tells them apart.
        var types = _world.Types(TimeSpan.FromSeconds(5)).Select(type => type.Kind == "scripted" ? type with { Kind = "metered" } : type);
        await using var engine = new GrainEngine(new GrainEngineOptions { MaxMemoryBytes = long.MaxValue }, types, _time);
        using var listener = Listen(measured);
        _world.Scripts["count"] = (grain, _) => ValueTask.FromResult(++grain.Value);
        _world.Scripts["fail"] = (_, _) => throw new InvalidDataException("broken");
        for (var i = 0; i < 1000; i++)
            await engine.Grains.Get<IScripted>($"t/{i % 10}").RunAsync("count");
        await Assert.ThrowsAsync<InvalidDataException>(() => engine.Grains.Get<IScripted>("t/0").RunAsync("fail"));
        _time.Advance(TimeSpan.FromSeconds(20));
        await engine.CollectAsync(TestContext.Current.CancellationToken);
        await engine.Grains.Get<IScripted>("t/1").RunAsync("count");
        listener.RecordObservableInstruments();
        Assert.Equal(new GrainKindStatistics("metered", 1, 0, 1002, 11, Idle: 9, 0, 0, Dropped: 1), engine.Statistics()[0]);
        Assert.Equal(1002, measured["cdp.engine.calls"]);
        Assert.Equal(1, measured["cdp.engine.activations"]);
        Assert.Equal(9, measured["cdp.engine.activations.deactivated"]);
        Assert.Equal(1, measured["cdp.engine.activations.dropped"]);
        Assert.True(measured["cdp.engine.call.duration"] >= 0);
    }

    private static MeterListener Listen(ConcurrentDictionary<string, double> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Cdp.SingleNode")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
        listener.Start();
        return listener;

        void Note(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Equals(tags[0].Value, "metered") && (tags.Length < 2 || Equals(tags[1].Value, "idle")))
                measured[name] = value;
        }
    }

    /// <summary>A grain that is live and in no turn.</summary>
    private async Task<IScripted> IdleAsync(GrainEngine engine)
    {
        _world.Scripts["load"] = (_, _) => ValueTask.FromResult(0L);
        for (var key = 0; ; key++)
        {
            var grain = engine.Grains.Get<IScripted>($"t/{key}");
            var loaded = grain.Run(new StringValue { Value = "load" }, CancellationToken.None);
            // Loading may use up the first call's slice; then it ends on another thread, which may still be in the turn.
            var atOnce = loaded.IsCompleted;
            await loaded;
            if (atOnce)
                return grain;
        }
    }

    private GrainEngine Create(params GrainType[] types) =>
        new(new GrainEngineOptions { MaxMemoryBytes = long.MaxValue }, types, _time);

    private sealed class Heir : IInherits
    {
        public ValueTask<Int64Value> Run(StringValue script, CancellationToken cancellationToken) => ValueTask.FromResult(new Int64Value { Value = 7 });

        public ValueTask<Int64Value> Peek(StringValue script, CancellationToken cancellationToken) => ValueTask.FromResult(new Int64Value { Value = 8 });
    }
}
