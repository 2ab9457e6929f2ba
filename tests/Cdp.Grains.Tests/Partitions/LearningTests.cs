using Cdp.Grains.Decisions;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;

namespace Cdp.Grains.Tests.Partitions;

/// <summary>What outcomes teach models that do not answer: kept with the position, and told first by whoever comes next.</summary>
public sealed class LearningTests : IDisposable
{
    private const int Number = 3;
    private const int MostUnlearned = 4_096;

    private readonly MemoryStateStore _states = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<Exception> _errors = new();
    private readonly GrainMetrics _metrics;

    public LearningTests() => _metrics = new GrainMetrics((_, error) => _errors.Enqueue(error));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task What_no_model_confirmed_is_kept_with_the_position_and_told_first_by_the_successor()
    {
        var silent = new Models { IsSilent = true };
        var first = await StartAsync(silent);
        await DeliverAsync(first, 0, Of(1), Of(2), Of(1));
        await CommittedAsync(first, 3);
        Assert.Equal([(0L, 1u), (1L, 2u), (2L, 1u)], (await UnlearnedAsync()).Select(u => (u.Effect.Position, u.Effect.Placement)).Order());

        // The first one is gone, and nothing is delivered to the next but what follows.
        var models = new Models { IsSilent = true };
        var second = await StartAsync(models);
        await DeliverAsync(second, 3, Of(1));
        await CommittedAsync(second, 4);
        Assert.Equal([0, 1, 2, 3], (await UnlearnedAsync()).Select(u => u.Effect.Position).Order());
        models.Answer();
        await LearnedAsync(second, 4);

        Assert.Equal(["to 3: 0,2", "to 4: 3"], models.Heard("t/1"));
        Assert.Equal(["to 3: 1"], models.Heard("t/2"));
        await DeliverAsync(second, 4, Of(2));
        await LearnedAsync(second, 5);
        await CommittedAsync(second, 5);
        await DeliverAsync(second, 5, Of(3));
        await LearnedAsync(second, 6);
        await CommittedAsync(second, 6);
        Assert.DoesNotContain(await UnlearnedAsync(), u => u.Effect.Position < 5);
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task A_model_that_does_not_answer_holds_up_neither_the_position_nor_other_models()
    {
        var models = new Models { Deaf = "t/2" };
        var partition = await StartAsync(models);
        await DeliverAsync(partition, 0, Of(1), Of(2), Of(1));
        await DeliverAsync(partition, 3, Of(1), Of(2));
        await CommittedAsync(partition, 5);
        await models.HeardOfAsync("t/1", 3);

        Assert.Empty(models.Heard("t/2").Skip(1));
        models.Answer();
        await LearnedAsync(partition, 5);
        Assert.Equal([1L, 4L], models.Positions("t/2"));
        Assert.Equal([0L, 2L, 3L], models.Positions("t/1"));
    }

    [Fact]
    public async Task An_effect_is_told_only_when_everything_before_it_is_applied()
    {
        var models = new Models();
        var held = models.Hold("slow");
        var partition = await StartAsync(models);
        await DeliverAsync(partition, 0, Of(1), Of(1, "slow"), Of(1));
        await DeliverAsync(partition, 3, Of(1));
        Assert.Equal(0, (await partition.Call(grain => grain.GetStatus(new GetPartitionStatusRequest(), Cancel))).Applied);
        Assert.Empty(models.Heard("t/1"));

        held.SetResult();
        await LearnedAsync(partition, 4);

        Assert.Equal([0L, 1L, 2L, 3L], models.Positions("t/1"));
    }

    [Fact]
    public async Task No_more_is_taken_while_4096_effects_wait()
    {
        var models = new Models { IsSilent = true };
        var partition = await StartAsync(models);
        await DeliverAsync(partition, 0, [.. Enumerable.Range(0, MostUnlearned).Select(_ => Of(1))]);
        await CommittedAsync(partition, MostUnlearned);
        Assert.Equal(MostUnlearned, (await UnlearnedAsync()).Count);

        var next = DeliverAsync(partition, MostUnlearned, Of(1));
        await partition.Call(grain => grain.GetStatus(new GetPartitionStatusRequest(), Cancel));
        Assert.False(next.IsCompleted);
        models.Answer();
        await next;
        await LearnedAsync(partition, MostUnlearned + 1);
        Assert.Equal(Enumerable.Range(0, MostUnlearned + 1).Select(p => (long)p), models.Positions("t/1"));
    }

    private Task<TestActivation<PartitionGrain>> StartAsync(Models models) => TestActivation<PartitionGrain>.StartAsync(
        $"{Number}", models, context => new PartitionGrain(context, PartitionHarness.Ports(_states, _metrics)));

    private static (uint Placement, string Customer) Of(uint placement, string customer = "c1") => (placement, customer);

    private static Task<DeliverReply> DeliverAsync(TestActivation<PartitionGrain> partition, long first, params (uint Placement, string Customer)[] outcomes)
    {
        var request = new DeliverRequest { FirstPosition = first };
        foreach (var (placement, customer) in outcomes)
        {
            var outcome = new Outcome { Id = "o", DecisionId = $"{customer}.1.1.0000000000000001", ActionId = $"{placement}" };
            request.Entries.Add(new LogEntry { Partition = Number, Position = first + request.Entries.Count, Tenant = PartitionHarness.Tenant, Event = new LoggedEvent { Outcome = outcome } });
        }

        return partition.Call(grain => grain.Deliver(request, Cancel));
    }

    private static Task<WaitAppliedReply> LearnedAsync(TestActivation<PartitionGrain> partition, long position) =>
        partition.Call(grain => grain.WaitApplied(new WaitAppliedRequest { Position = position, Mirrored = true }, Cancel));

    private static async Task CommittedAsync(TestActivation<PartitionGrain> partition, long position)
    {
        while ((await partition.Call(grain => grain.GetStatus(new GetPartitionStatusRequest(), Cancel))).Committed < position) await Task.Yield();
    }

    private async Task<IReadOnlyList<UnlearnedEffect>> UnlearnedAsync()
    {
        var row = await _states.ReadAsync(PartitionGrain.StateKind, $"{Number}", Cancel);
        var unlearned = PartitionState.Parser.ParseFrom(row.Value.Span).Unlearned;
        Assert.All(unlearned, u => Assert.Equal(PartitionHarness.Tenant, u.Tenant));
        return unlearned;
    }

    /// <summary>Customers whose every outcome teaches one showing to the placement of its action's name, and models that note what they hear.</summary>
    private sealed class Models : IGrains
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, List<ModelSlice>> _heard = new(StringComparer.Ordinal);
        private readonly Dictionary<string, TaskCompletionSource> _held = new(StringComparer.Ordinal);
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether no model answers before <see cref="Answer"/>.</summary>
        public bool IsSilent { get; init; }

        /// <summary>The one model that does not.</summary>
        public string Deaf { get; init; } = string.Empty;

        public void Answer() => _answer.SetResult();

        /// <summary>Keeps a customer from answering.</summary>
        public TaskCompletionSource Hold(string customer) => _held[customer] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Heard(string model)
        {
            lock (_gate) return [.. _heard.GetValueOrDefault(model, []).Select(slice => $"to {slice.To}: {string.Join(',', slice.Deltas.Select(d => d.Position))}")];
        }

        public List<long> Positions(string model)
        {
            lock (_gate) return [.. _heard.GetValueOrDefault(model, []).SelectMany(slice => slice.Deltas).Select(d => d.Position)];
        }

        public async Task HeardOfAsync(string model, int effects)
        {
            while (Positions(model).Count < effects) await Task.Yield();
        }

        public TGrain Get<TGrain>(string key) where TGrain : class =>
            (typeof(TGrain) == typeof(IModel) ? new Model(this, key) as TGrain : new Customer(this, key.Split('/')[1]) as TGrain)
            ?? throw new InvalidOperationException($"Not asked for here: {typeof(TGrain).Name}.");

        private async ValueTask<LearnReply> LearnAsync(string model, ModelSlice slice)
        {
            lock (_gate)
            {
                if (!_heard.TryGetValue(model, out var heard)) _heard[model] = heard = [];
                heard.Add(slice);
            }

            if (IsSilent || model == Deaf) await _answer.Task;
            return new LearnReply();
        }

        private async ValueTask<ApplyReply> ApplyAsync(string customer, ApplyRequest request)
        {
            if (_held.TryGetValue(customer, out var held)) await held.Task;
            var reply = new ApplyReply { Standing = CustomerStanding.Here };
            foreach (var entry in request.Entries)
            {
                var placement = uint.Parse(entry.Event.Outcome.ActionId, System.Globalization.CultureInfo.InvariantCulture);
                reply.Effects.Add(new EvidenceDelta { Placement = placement, Action = 1, Position = entry.Position, Trials = 1 });
            }

            return reply;
        }

        private sealed class Model(Models models, string key) : IModel
        {
            public ValueTask<LearnReply> Learn(LearnRequest request, CancellationToken cancellationToken) => models.LearnAsync(key, request.Slice);

            public ValueTask<ReadModelReply> Read(ReadModelRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
        }

        private sealed class Customer(Models models, string name) : ApplyingCustomer
        {
            public override ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken) => models.ApplyAsync(name, request);
        }
    }
}
