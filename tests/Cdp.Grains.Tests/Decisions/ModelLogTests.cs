using Cdp.Domain.Decisions;
using Cdp.Domain.Learning;
using Cdp.Grains.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Decisions;

/// <summary>Models of long training logs: of any version, from kept folds or without them.</summary>
public sealed class ModelLogTests
{
    private const uint Placement = 7;
    private const int SlicesPerState = 1_024;

    private readonly MemoryStateStore _states = new();
    private readonly CountingHistory _history = new(new MemoryHistory());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_version_of_a_log_of_many_pages_is_the_fold_of_as_many_slices()
    {
        const int length = 2_600;
        var log = Log();
        var expected = new List<ModelState> { new() { Placement = Placement } };
        var random = new Random(3);
        var bytes = 0;
        for (var i = 0; i < length; i++)
        {
            var slice = new ModelSlice { Partition = i % 3, To = i + 1 };
            for (var d = i % 10 == 0 ? 400 : 1; d > 0; d--) slice.Deltas.Add(Delta((uint)random.Next(1, 5), i, random.Next(1, 9)));
            bytes += slice.CalculateSize();
            Assert.True(await log.AppendAsync(i, slice));
            var next = expected[^1].Clone();
            Assert.True(ModelFold.Apply(next, slice));
            expected.Add(next);
        }

        Assert.InRange(bytes, 2 << 20, 100 << 20);
        foreach (var keep in (long[])[length, 2 * SlicesPerState, SlicesPerState, 1])
        {
            // What was kept by the reads before, in part and not at all.
            await AssertAllAsync();
            _states.DropKind(ModelLog.StateKind);
            Assert.Equal(expected[(int)keep], await log.ReadAsync(keep, Cancel));
        }

        async Task AssertAllAsync()
        {
            Assert.Equal(expected[^1], await log.ReadAsync(Cancel));
            foreach (var version in (long[])[0, 1, 2, 700, SlicesPerState - 1, SlicesPerState, SlicesPerState + 1, 2_047, 2_048, 2_049, length - 1, length, random.Next(length)])
                Assert.Equal(expected[(int)version], await log.ReadAsync(version, Cancel));
            Assert.Null(await log.ReadAsync(length + 1, Cancel));
            Assert.Null(await log.ReadAsync(-1, Cancel));
        }
    }

    [Fact]
    public async Task A_model_that_learned_1500_times_goes_on_from_what_was_kept()
    {
        var model = await StartAsync();
        for (var i = 0; i < 1_500; i++) await LearnAsync(model, i);
        Assert.True((await _states.ReadAsync(ModelLog.StateKind, $"t/{Placement}/1", Cancel)).Exists);

        _history.From.Clear();
        model = await StartAsync();
        Assert.Equal(SlicesPerState, _history.From.Min());
        await AssertAsync(1_500);
        await AssertAsync(1_024);
        await AssertAsync(1_023);
        await LearnAsync(model, 1_499);
        await AssertAsync(1_500);
        await LearnAsync(model, 1_500);
        await AssertAsync(1_501);

        async Task AssertAsync(long version)
        {
            var state = (await model.Call(grain => grain.Read(new ReadModelRequest { Version = version }, Cancel))).State;
            Assert.Equal((version, version), (state.Version, Assert.Single(state.Arms).Trials));
        }
    }

    [Fact]
    public async Task A_fold_that_a_crash_kept_from_being_kept_is_kept_by_whoever_passes_it()
    {
        var model = await StartAsync();
        for (var i = 0; i < SlicesPerState - 1; i++) await LearnAsync(model, i);
        _states.Broken = true;
        await Assert.ThrowsAsync<IOException>(() => LearnAsync(model, SlicesPerState - 1));
        _states.Broken = false;
        model = await StartAsync();
        for (var i = SlicesPerState; i < SlicesPerState + 10; i++) await LearnAsync(model, i);

        _history.From.Clear();
        model = await StartAsync();

        Assert.Equal(SlicesPerState, _history.From.Min());
        var state = (await model.Call(grain => grain.Read(new ReadModelRequest { Version = SlicesPerState + 10 }, Cancel))).State;
        Assert.Equal(SlicesPerState + 10, Assert.Single(state.Arms).Trials);
    }

    [Fact]
    public async Task Of_two_activations_the_one_that_was_overtaken_gives_itself_up()
    {
        var (first, second) = (await StartAsync(), await StartAsync());
        await LearnAsync(second, 0);
        await Assert.ThrowsAsync<OwnershipLostException>(() => LearnAsync(first, 0));
        Assert.True(first.Abandoned);
        Assert.Equal(1, (await Log().ReadAsync(Cancel)).Version);
    }

    private ModelLog Log() => new(_states, _history, "t", Placement);

    private Task<TestActivation<ModelGrain>> StartAsync() => TestActivation<ModelGrain>.StartAsync(
        $"t/{Placement}", new NoGrains(), context => new ModelGrain(context, _states, _history, new NobodyListens(), NoStepObserver.Instance));

    /// <summary>One showing at a position.</summary>
    private static Task<LearnReply> LearnAsync(TestActivation<ModelGrain> model, long position)
    {
        var slice = new ModelSlice { Partition = 1, To = position + 1, Deltas = { Delta(1, position, 0) } };
        return model.Call(grain => grain.Learn(new LearnRequest { Slice = slice }, Cancel));
    }

    private static EvidenceDelta Delta(uint action, long position, long value)
    {
        var delta = ModelFold.Delta(Placement, action, new Evidence(1, 0, value, value * value));
        delta.Position = position;
        return delta;
    }

    private sealed class NobodyListens : IModelsListener
    {
        public void Learned(string tenant, ModelState state)
        {
        }
    }

    /// <summary>A history that notes from where it is read.</summary>
    private sealed class CountingHistory(IHistory inner) : IHistory
    {
        public List<long> From { get; } = [];

        public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
            inner.AppendAsync(key, expected, count, slice, cancellationToken);

        public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
        {
            From.Add(from);
            return inner.ReadAsync(key, from, maxBytes, cancellationToken);
        }

        public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) => inner.LengthAsync(key, cancellationToken);

        public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
            inner.RewriteAsync(key, first, count, slice, cancellationToken);

        public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);
    }
}
