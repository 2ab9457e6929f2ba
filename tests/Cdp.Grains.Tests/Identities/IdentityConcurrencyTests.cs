using Cdp.Domain.Tests.Identity;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Merges;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.Tests.Merges;
using Cdp.Grains.V1;
using Cdp.SingleNode.Engine;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Identities;

/// <summary>Invariants 7 and 8 with sixteen callers at once.</summary>
public sealed class IdentityConcurrencyTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly List<IdentityQuestion> _questions = RingQuestions.Make();
    private readonly IdentityHarness _tenant = new(IdentityWorld.Unlimited())
    {
        States = new YieldingStateStore(new MemoryStateStore()),
        Options = new IdentityOptions { Nodes = 20, Groups = 20, Refusals = 20, FlushAt = 16, WaitAt = 64 },
    };

    [Fact]
    public async Task Sixteen_callers_merging_overlapping_rings_end_in_the_connected_components()
    {
        var activation = await _tenant.GetAsync();
        await WriteAllAsync(async question =>
        {
            await activation.Call(g => g.Decide(new DecideIdentityRequest { Questions = { question } }, CancellationToken.None));
        });

        var expected = RingQuestions.Components(_questions);
        var decided = (await _tenant.RecordAsync()).Count;
        Assert.Equal(expected, await RingQuestions.GroupsAsync(_questions, q => _tenant.AskAsync(q)));

        await activation.StopAsync();
        _tenant.Drop();
        Assert.Equal(expected, await RingQuestions.GroupsAsync(_questions, q => _tenant.AskAsync(q)));
        Assert.Equal(decided, (await _tenant.RecordAsync()).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task On_the_engine_every_merge_decided_by_sixteen_callers_is_carried_out_once(bool checkMessages)
    {
        var customers = new FakeCustomers(new Fuse());
        var merges = new YieldingStateStore(new MemoryStateStore());
        var options = new GrainEngineOptions { CheckMessages = checkMessages };
        await using var engine = new GrainEngine(options, Types(customers, merges), TimeProvider.System);
        var identity = engine.Grains.Get<IIdentity>(IdentityHarness.Tenant);

        await WriteAllAsync(async question =>
        {
            var reply = await identity.Decide(new DecideIdentityRequest { Questions = { question } }, CancellationToken.None);
            foreach (var order in reply.Answers[0].Merges)
            {
                var merge = engine.Grains.Get<IMerge>($"{IdentityHarness.Tenant}/{order.Loser}");
                await merge.Run(new RunMergeRequest { Order = order }, CancellationToken.None);
            }
        });

        Assert.Equal(RingQuestions.Components(_questions), await RingQuestions.GroupsAsync(_questions, AskAsync));
        var merged = (await _tenant.RecordAsync()).Where(d => d.Merged is not null).Select(d => d.Merged).ToList();
        Assert.NotEmpty(merged);
        Assert.All(merged, m => Assert.Equal(m.Winner, customers.All[m.Loser].SealedInto));
        var losers = merged.Select(m => m.Loser).Order(StringComparer.Ordinal);
        Assert.Equal(losers, customers.All.Values.SelectMany(c => c.Absorbed).Order(StringComparer.Ordinal));

        async Task<IdentityAnswer> AskAsync(IdentityQuestion question)
        {
            var reply = await identity.Decide(new DecideIdentityRequest { Questions = { question } }, CancellationToken.None);
            return reply.Answers[0];
        }
    }

    private Task WriteAllAsync(Func<IdentityQuestion, Task> ask)
    {
        var callers = Enumerable.Range(0, RingQuestions.Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = writer; i < _questions.Count; i += RingQuestions.Writers) await ask(_questions[i]);
        }));
        return Task.WhenAll(callers).WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    private GrainType[] Types(FakeCustomers customers, IStateStore merges) =>
    [
        new("identity", typeof(IIdentity), _tenant.Create, []),
        new("merge", typeof(IMerge), context => new MergeGrain(context, merges, _tenant.Steps), [typeof(ICustomer)]),
        new("customer", typeof(ICustomer), context => customers.Get<ICustomer>(context.Key), []),
    ];
}
