using Cdp.Grains.Segments;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Segments;

/// <summary>A shard holds what it was told, whatever happens to the process.</summary>
public sealed class SegmentGrainTests
{
    private const string Key = "shop/3";

    private readonly MemoryStateStore _states = new();
    private readonly MemoryHistory _history = new();
    private readonly Fuse _fuse = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_told_stands_after_a_crash_at_any_write_and_storing_loses_nothing()
    {
        var told = new Dictionary<long, MembershipStatement>();
        var random = new Random(7);
        var sequence = 0L;
        for (var life = 0; life < 60; life++)
        {
            _fuse.Restart(lastWrite: random.Next(1, 12), reachesStore: random.Next(2) == 0);
            try
            {
                var shard = await StartAsync();
                while (true)
                {
                    var request = new MirrorMembershipsRequest();
                    for (var i = 0; i < 700; i++) request.Statements.Add(Statement(random.Next(9_000), ++sequence, random));
                    await shard.Call(g => g.Mirror(request, Cancel));
                    foreach (var statement in request.Statements) told[statement.Customer] = statement;
                }
            }
            catch (ProcessDiedException)
            {
                // What was under way may have been taken in: whoever told it tells it again.
                _fuse.Restart();
                var shard = await StartAsync();
                var again = new MirrorMembershipsRequest { Statements = { told.Values } };
                foreach (var statement in again.Statements) statement.Sequence = ++sequence;
                await shard.Call(g => g.Mirror(again, Cancel));
            }
        }

        await AssertHoldsAsync(await StartAsync(), told.Values);
    }

    [Fact]
    public async Task An_activation_that_another_one_replaced_gives_itself_up_and_tells_nobody_that_it_heard()
    {
        var old = await StartAsync();
        var random = new Random(1);
        var current = await StartAsync();
        var told = new List<MembershipStatement>();
        for (var round = 0; round < 12; round++)
        {
            // Past the point at which a journal ends and another begins.
            var request = new MirrorMembershipsRequest();
            for (var i = 0; i < 500; i++) request.Statements.Add(Statement((round * 500) + i, 1, random));
            told.AddRange(request.Statements);
            await current.Call(g => g.Mirror(request, Cancel));
        }

        var late = new MirrorMembershipsRequest { Statements = { Statement(1, 99, random) } };
        await Assert.ThrowsAsync<OwnershipLostException>(() => old.Call(g => g.Mirror(late, Cancel)));
        Assert.True(old.Abandoned);
        await AssertHoldsAsync(await StartAsync(), told);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public async Task Nor_does_it_answer_who_knows_that_more_was_told(int rounds)
    {
        var old = await StartAsync();
        var random = new Random(1);
        await old.Call(g => g.Mirror(new MirrorMembershipsRequest { Statements = { Statement(0, 1, random) } }, Cancel));
        var current = await StartAsync();
        for (var round = 1; round <= rounds; round++)
        {
            var request = new MirrorMembershipsRequest();
            for (var i = 0; i < 500; i++) request.Statements.Add(Statement((round * 500) + i, 1, random));
            await current.Call(g => g.Mirror(request, Cancel));
        }

        var count = new CountShardRequest { Segment = 1, Newest = true };
        await current.Call(g => g.Count(count, Cancel));
        await Assert.ThrowsAsync<OwnershipLostException>(() => old.Call(g => g.Count(count, Cancel)));
        Assert.True(old.Abandoned);
        await Assert.ThrowsAsync<OwnershipLostException>(() => old.Call(g => g.List(new ListShardRequest { Segment = 1, After = -1, Size = 1, Newest = true }, Cancel)));
    }

    [Fact]
    public async Task Who_counts_beside_what_is_being_told_waits_until_it_is()
    {
        var gate = new GatedHistory(_history);
        var starting = TestActivation<SegmentGrain>.StartAsync(Key, new NoGrains(), context => new SegmentGrain(context, _states, gate));
        while (gate.Waiting == 0) await Task.Yield();
        gate.ReleaseNext();
        var shard = await starting;
        var statement = new MembershipStatement { Customer = 1, Definitions = 1, Sequence = 1, Segments = { 1 } };
        var telling = shard.Call(g => g.Mirror(new MirrorMembershipsRequest { Statements = { statement } }, Cancel));
        Assert.Equal(0, (await shard.Call(g => g.Count(new CountShardRequest { Segment = 1, Newest = true }, Cancel))).Members);

        gate.ReleaseNext();
        await telling;

        Assert.Equal(1, (await shard.Call(g => g.Count(new CountShardRequest { Segment = 1, Newest = true }, Cancel))).Members);
    }

    [Fact]
    public async Task No_statement_waits_until_an_old_journal_is_gone_from_every_file()
    {
        // An erasure waits for a merge of everything: seconds, in which nobody could count.
        var shard = await TestActivation<SegmentGrain>.StartAsync(Key, new NoGrains(), context => new SegmentGrain(context, _states, new NeverErasing(_history)));
        var random = new Random(1);
        for (var round = 0; round < 12; round++)
        {
            var request = new MirrorMembershipsRequest();
            for (var i = 0; i < 1000; i++) request.Statements.Add(Statement((round * 1000) + i, 1, random));
            await shard.Call(g => g.Mirror(request, Cancel)).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }

        Assert.Equal($"{SegmentGrain.JournalPrefix("shop")}3/2", Assert.Single(_history.Keys(SegmentGrain.JournalPrefix("shop"))));
    }

    private static async Task AssertHoldsAsync(TestActivation<SegmentGrain> shard, IReadOnlyCollection<MembershipStatement> told)
    {
        for (var segment = 1u; segment <= 3; segment++)
        {
            long[] members = [.. told.Where(s => s.Segments.Contains(segment)).Select(s => s.Customer).Order()];
            Assert.NotEmpty(members);
            Assert.Equal(members.Length, (await shard.Call(g => g.Count(new CountShardRequest { Segment = segment }, Cancel))).Members);
            Assert.Equal(members, (await shard.Call(g => g.List(new ListShardRequest { Segment = segment, After = -1, Size = int.MaxValue }, Cancel))).Customers);
        }
    }

    private static MembershipStatement Statement(long customer, long sequence, Random random)
    {
        var statement = new MembershipStatement { Customer = customer, Definitions = 1, Sequence = sequence };
        for (var segment = 1u; segment <= 3; segment++)
        {
            if (random.Next(2) == 0) statement.Segments.Add(segment);
        }

        return statement;
    }

    private Task<TestActivation<SegmentGrain>> StartAsync() => TestActivation<SegmentGrain>.StartAsync(
        Key, new NoGrains(), context => new SegmentGrain(context, new FusedStateStore(_states, _fuse), new FusedHistory(_history, _fuse)));
}
