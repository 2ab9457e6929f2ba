using System.Collections.Concurrent;
using Cdp.EngineContract;
using Cdp.Grains.Identities;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Google.Protobuf;

namespace Cdp.Grains.Tests.Partitions;

/// <summary>A partition between its feed and customers that answer at once.</summary>
public sealed class PartitionGrainTests
{
    private const string Tenant = PartitionHarness.Tenant;

    [Fact]
    public async Task Events_that_merged_customers_forward_at_once_reach_where_they_were_merged_into()
    {
        var grains = new ForwardingGrains();
        using var metrics = new GrainMetrics((_, error) => grains.Errors.Enqueue(error));
        var states = new MemoryStateStore();
        var ports = PartitionHarness.Ports(states, metrics);
        var partition = await TestActivation<PartitionGrain>.StartAsync("3", grains, context => new PartitionGrain(context, ports));
        var batch = new DeliverRequest { FirstPosition = 0 };
        for (var i = 0; i < 20; i++)
        {
            var customer = i % 4 == 0 ? "winner" : $"loser-{i}";
            if (i is 0 || customer != "winner") await PointAsync(states, customer);
            batch.Entries.Add(Entry(i, customer));
        }

        await partition.Call(grain => grain.Deliver(batch, CancellationToken.None));
        var applied = await partition.Call(grain => grain.WaitApplied(new WaitAppliedRequest { Position = 20 }, TestContext.Current.CancellationToken));

        Assert.Equal(20, applied.Applied);
        Assert.Empty(grains.Errors);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (long)i), grains.Winner.Order());
    }

    [Fact]
    public async Task Processes_that_overtake_each_other_suspect_no_event_of_having_killed_one()
    {
        var states = new MemoryStateStore();
        using var metrics = new GrainMetrics((_, _) => { });
        await PointAsync(states, "winner");
        PartitionPorts[] processes = [PartitionHarness.Ports(states, metrics), PartitionHarness.Ports(states, metrics)];
        var batch = new DeliverRequest { Entries = { Entry(0, "winner") } };
        var tries = new List<(TestActivation<PartitionGrain> Partition, HeldGrains Grains)>();
        foreach (var ports in (PartitionPorts[])[processes[0], processes[1], processes[0]])
        {
            var grains = new HeldGrains();
            var partition = await TestActivation<PartitionGrain>.StartAsync("3", grains, context => new PartitionGrain(context, ports));
            await partition.Call(grain => grain.Deliver(batch, CancellationToken.None));

            // The one before gets its answer when it is too late.
            if (tries.Count > 0) await EndAsync(tries[^1]);
            tries.Add((partition, grains));
        }

        var row = await states.ReadAsync(PartitionGrain.StateKind, "3", TestContext.Current.CancellationToken);
        var state = PartitionState.Parser.ParseFrom(row.Value.Span);
        Assert.True(tries[0].Partition.Abandoned);
        Assert.Equal((1L, 0L, 0L), (state.Committed, state.IsolateUntil, state.DeadLetters));
        await EndAsync(tries[^1]);

        static async Task EndAsync((TestActivation<PartitionGrain> Partition, HeldGrains Grains) one)
        {
            one.Grains.Answer.SetResult(new ApplyReply { Standing = CustomerStanding.Here, Applied = 1 });
            await one.Partition.StopAsync();
        }
    }

    [Fact]
    public async Task Who_is_known_does_not_wait_for_what_is_decided_about_newcomers()
    {
        var states = new MemoryStateStore();
        using var metrics = new GrainMetrics((_, _) => { });
        var grains = new DecidingGrains();
        await PointAsync(states, "known");
        var ports = PartitionHarness.Ports(states, metrics);
        var partition = await TestActivation<PartitionGrain>.StartAsync("3", grains, context => new PartitionGrain(context, ports));
        await partition.Call(grain => grain.Deliver(new DeliverRequest { Entries = { Entry(0, "newcomer"), Entry(1, "known") } }, CancellationToken.None));

        // Neither in the same batch nor behind it.
        var next = await partition.Call(grain => grain.Deliver(new DeliverRequest { FirstPosition = 2, Entries = { Entry(2, "known") } }, CancellationToken.None));
        Assert.Equal(3, next.NextPosition);
        Assert.Equal([("known", 1L), ("known", 2L)], grains.Applied);
        var status = await partition.Call(grain => grain.GetStatus(new GetPartitionStatusRequest(), CancellationToken.None));
        Assert.Equal(0, status.Applied);

        grains.Answer.SetResult(new DecideIdentityReply { Answers = { new IdentityAnswer { Customer = "made", Customers = { "made" }, Minted = 7, Sequence = 7 } } });
        var applied = await partition.Call(grain => grain.WaitApplied(new WaitAppliedRequest { Position = 3 }, TestContext.Current.CancellationToken));
        Assert.Equal(3, applied.Applied);
        Assert.Equal(("made", 0L), grains.Applied.Last());
        await partition.StopAsync();
    }

    /// <summary>After starts that did not end, events are handed over alone, one of all partitions: an outcome may wait there for the merge of a later event or of another partition.</summary>
    [Theory]
    [InlineData("3")]
    [InlineData("4")]
    public async Task An_event_that_waits_for_what_another_has_to_end_lets_that_one_be_handed_over_too(string partitionOfOther)
    {
        var time = new ManualTime();
        var states = new MemoryStateStore();
        using var metrics = new GrainMetrics((_, _) => { });
        var ports = PartitionHarness.Ports(states, metrics);
        var grains = new WaitingGrains();
        foreach (var customer in (string[])[WaitingGrains.Waits, "first"]) await PointAsync(states, customer);
        var (delivered, applied) = (new List<Task<DeliverReply>>(), new List<Task<WaitAppliedReply>>());
        var partitions = new List<(string Key, TestActivation<PartitionGrain> Grain)>();
        foreach (var own in new[] { (Key: "3", Customer: WaitingGrains.Waits), (Key: partitionOfOther, Customer: "first") }.GroupBy(one => one.Key, one => one.Customer))
        {
            var key = own.Key;
            LogEntry[] entries = [.. own.Select((customer, position) => Entry(position, customer))];
            await states.WriteAsync(PartitionGrain.StateKind, key, new PartitionState { Attempts = 5, Isolated = -1 }.ToByteArray(), null, TestContext.Current.CancellationToken);
            var partition = await TestActivation<PartitionGrain>.StartAsync(key, grains, context => new PartitionGrain(context, ports), time);
            delivered.Add(partition.Call(grain => grain.Deliver(new DeliverRequest { Entries = { entries } }, CancellationToken.None)));
            applied.Add(partition.Call(grain => grain.WaitApplied(new WaitAppliedRequest { Position = entries.Length }, CancellationToken.None)));
            partitions.Add((key, partition));
        }

        var all = Task.WhenAll(applied);
        for (var second = 0; second < 600 && !all.IsCompleted; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));

            // Only so that what this woke can ask for its next timer.
            await Task.WhenAny(all, Task.Delay(5, TestContext.Current.CancellationToken));
        }

        Assert.True(all.IsCompleted, "They wait for each other.");
        var ends = (await all).Select(reply => reply.Applied).ToList();
        Assert.Equal(2, ends.Sum());
        Assert.Equal(ends, (await Task.WhenAll(delivered)).Select(reply => reply.NextPosition));
        Assert.Equal(["first", WaitingGrains.Waits], grains.Applied);
        foreach (var ((key, grain), end) in partitions.Zip(ends))
        {
            await grain.StopAsync();
            var state = PartitionState.Parser.ParseFrom((await states.ReadAsync(PartitionGrain.StateKind, key, TestContext.Current.CancellationToken)).Value.Span);
            Assert.Equal((end, 0L), (state.Committed, state.DeadLetters));
        }
    }

    /// <summary>Every identifier belongs to the customer of its name.</summary>
    private static async Task PointAsync(MemoryStateStore states, string customer) => Assert.NotNull(await states.WriteAsync(
        IdentityLinkGrain.StateKind, $"{Tenant}/{customer}", new LinkState { Customer = customer, Version = 1 }.ToByteArray(), null, TestContext.Current.CancellationToken));

    private static LogEntry Entry(long position, string customer) => new()
    {
        Partition = 3,
        Position = position,
        Tenant = Tenant,
        Event = new LoggedEvent { Keys = { new IdentifierKey { Key = customer } }, Event = new Cdp.V1.Event { Id = $"e{position}", Identifiers = { new Cdp.V1.Identifier { Namespace = "user_id", Value = customer } } }.ToByteString() },
    };

    /// <summary>Every customer but the winner was merged into it.</summary>
    private sealed class ForwardingGrains : IGrains
    {
        public ConcurrentQueue<long> Winner { get; } = new();

        public ConcurrentQueue<Exception> Errors { get; } = new();

        public TGrain Get<TGrain>(string key) where TGrain : class => new Grain(this, key.Split('/')[1]) as TGrain
            ?? throw new InvalidOperationException($"Not asked for here: {typeof(TGrain).Name}.");
    }

    private sealed class Grain(ForwardingGrains grains, string name) : ApplyingCustomer
    {
        public override ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken)
        {
            if (name != "winner") return new(new ApplyReply { Standing = CustomerStanding.Forwarded, ForwardedTo = "winner" });
            foreach (var entry in request.Entries) grains.Winner.Enqueue(entry.Position);
            return new(new ApplyReply { Standing = CustomerStanding.Here, Applied = request.Entries.Count });
        }
    }

    /// <summary>Customers that apply at once, and an identity record that decides when it is told to.</summary>
    private sealed class DecidingGrains : IGrains, IIdentity, IIdentityLink
    {
        public TaskCompletionSource<DecideIdentityReply> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<(string Customer, long Position)> Applied { get; } = new();

        public TGrain Get<TGrain>(string key) where TGrain : class => this as TGrain ?? new Customer(this, key.Split('/')[1]) as TGrain
            ?? throw new InvalidOperationException($"Not asked for here: {typeof(TGrain).Name}.");

        public ValueTask<DecideIdentityReply> Decide(DecideIdentityRequest request, CancellationToken cancellationToken) => new(Answer.Task);

        public ValueTask<PointLinkReply> Point(PointLinkRequest request, CancellationToken cancellationToken) => new(new PointLinkReply());

        public ValueTask<ConfirmCustomerReply> Confirm(ConfirmCustomerRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<EraseIdentityReply> Erase(EraseIdentityRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<DescribeGroupReply> Describe(DescribeGroupRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ResolveLinkReply> Resolve(ResolveLinkRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        private sealed class Customer(DecidingGrains grains, string name) : ApplyingCustomer
        {
            public override ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken)
            {
                foreach (var entry in request.Entries) grains.Applied.Enqueue((name, entry.Position));
                return new(new ApplyReply { Standing = CustomerStanding.Here, Applied = request.Entries.Count });
            }
        }
    }

    /// <summary>One customer answers when another has.</summary>
    private sealed class WaitingGrains : IGrains
    {
        public const string Waits = "waits";

        public ConcurrentQueue<string> Applied { get; } = new();

        public TGrain Get<TGrain>(string key) where TGrain : class => new WaitingCustomer(this, key.Split('/')[1]) as TGrain
            ?? throw new InvalidOperationException($"Not asked for here: {typeof(TGrain).Name}.");
    }

    private sealed class WaitingCustomer(WaitingGrains grains, string name) : ApplyingCustomer
    {
        public override ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken)
        {
            if (name == WaitingGrains.Waits && grains.Applied.IsEmpty) throw new GrainUnavailableException("Send the call again.");
            grains.Applied.Enqueue(name);
            return new(new ApplyReply { Standing = CustomerStanding.Here, Applied = 1 });
        }
    }

    /// <summary>Customers that answer when they are told to.</summary>
    private sealed class HeldGrains : IGrains
    {
        public TaskCompletionSource<ApplyReply> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TGrain Get<TGrain>(string key) where TGrain : class => new HeldCustomer(Answer.Task) as TGrain
            ?? throw new InvalidOperationException($"Not asked for here: {typeof(TGrain).Name}.");
    }

    private sealed class HeldCustomer(Task<ApplyReply> answer) : ApplyingCustomer
    {
        public override ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken) => new(answer);
    }
}
