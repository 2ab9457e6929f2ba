using Cdp.Grains.Merges;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.Tests.Identities;
using Cdp.Grains.V1;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Merges;

/// <summary>Invariant 8: a merge is a resumable saga after its decision.</summary>
public sealed class MergeIsAResumableSagaTests
{
    private readonly Fuse _fuse = new();
    private readonly RecordedSteps _steps = new();
    private MemoryStateStore _states = new();
    private FakeCustomers _customers;

    public MergeIsAResumableSagaTests()
    {
        _customers = new FakeCustomers(_fuse);
    }

    [Fact]
    public async Task A_merge_seals_the_loser_and_hands_it_to_the_winner()
    {
        _customers.Mint("loser");
        _customers.Mint("winner");
        Assert.Equal("winner", await RunAsync(Order("loser", "winner", 5)));

        Assert.Equal("winner", _customers.All["loser"].SealedInto);
        Assert.Equal(["loser"], _customers.All["winner"].Absorbed);
        Assert.Equal([RecoverySteps.MergeBegun, RecoverySteps.MergeSealed, RecoverySteps.MergeAbsorbed], _steps.Names);
    }

    [Fact]
    public async Task A_finished_merge_returns_at_once()
    {
        await RunAsync(Order("loser", "winner", 5));
        _fuse.Restart(1);
        Assert.Equal("winner", await RunAsync(Order("loser", "winner", 5)));
        Assert.Equal(0, _fuse.Writes);
    }

    [Fact]
    public async Task Customers_whose_mint_never_arrived_come_into_being()
    {
        await RunAsync(Order("loser", "winner", 5));
        Assert.Equal((101, 100), (_customers.All["loser"].MintedAt, _customers.All["winner"].MintedAt));
    }

    [Fact]
    public async Task A_winner_that_was_merged_meanwhile_forwards_to_who_stands()
    {
        await RunAsync(Order("b", "a", 5));
        await RunAsync(Order("a", "top", 6));
        Assert.Equal("top", await RunAsync(Order("c", "b", 4)));
        Assert.Equal(["a", "c"], _customers.All["top"].Absorbed);
    }

    [Fact]
    public async Task A_winner_is_followed_to_a_customer_whose_mint_never_arrived()
    {
        // The winner's own merge died between sealing it and handing it over.
        _fuse.Restart(3);
        await Assert.ThrowsAsync<ProcessDiedException>(() => RunAsync(Order("winner", "older", 6)));
        _fuse.Restart();
        Assert.Equal("older", _customers.All["winner"].SealedInto);
        Assert.DoesNotContain("older", _customers.All.Keys);

        Assert.Equal("older", await RunAsync(Order("loser", "winner", 5)));
        Assert.Equal(100, _customers.All["older"].MintedAt);
        Assert.Equal("older", await RunAsync(Order("winner", "older", 6)));
        Assert.Equal(["loser", "winner"], _customers.All["older"].Absorbed);
    }

    [Fact]
    public async Task A_winner_that_was_erased_takes_nothing_in_and_the_merge_ends()
    {
        _customers.Erased.Add("winner");
        Assert.Equal("winner", await RunAsync(Order("loser", "winner", 5)));
        Assert.DoesNotContain("winner", _customers.All.Keys);
    }

    [Fact]
    public async Task A_customer_is_merged_by_one_decision_only()
    {
        await RunAsync(Order("loser", "winner", 5));
        var died = new MemoryStateStore();
        (_states, _customers) = (died, new FakeCustomers(_fuse));
        _fuse.Restart(2);
        await Assert.ThrowsAsync<ProcessDiedException>(() => RunAsync(Order("loser", "winner", 5)));
        _fuse.Restart();
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(Order("loser", "another", 8)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_crash_at_any_write_is_made_good_by_running_again(bool reachesStore)
    {
        MergeOrder[] orders = [Order("c", "b", 4), Order("b", "a", 5), Order("d", "c", 3)];
        await RunAllAsync(orders);
        var writes = _fuse.Writes;
        Assert.InRange(writes, 12, 40);

        for (var last = 1; last <= writes; last++)
        {
            (_states, _customers) = (new MemoryStateStore(), new FakeCustomers(_fuse));
            _fuse.Restart(last, reachesStore);
            await Assert.ThrowsAsync<ProcessDiedException>(() => RunAllAsync(orders));
            _fuse.Restart();
            await RunAllAsync(orders);

            Assert.Equal("a", _customers.All["b"].SealedInto);
            var held = _customers.All["a"].Absorbed.Concat(_customers.All["b"].Absorbed).Order(StringComparer.Ordinal);
            Assert.Equal(["b", "c", "d"], held);
        }
    }

    [Theory]
    [InlineData(RecoverySteps.MergeBegun)]
    [InlineData(RecoverySteps.MergeSealed)]
    [InlineData(RecoverySteps.MergeAbsorbed)]
    public async Task A_kill_at_a_step_is_made_good_by_running_again(string step)
    {
        _steps.OnStep = reached =>
        {
            if (reached == step) throw new ProcessDiedException();
        };
        await Assert.ThrowsAsync<ProcessDiedException>(() => RunAsync(Order("loser", "winner", 5)));
        _steps.OnStep = null;
        Assert.Equal("winner", await RunAsync(Order("loser", "winner", 5)));
        Assert.Equal(["loser"], _customers.All["winner"].Absorbed);
    }

    private async Task RunAllAsync(IEnumerable<MergeOrder> orders)
    {
        foreach (var order in orders) await RunAsync(order);
    }

    /// <summary>Each run on an activation of its own: nothing but the stores lasts.</summary>
    private async Task<string> RunAsync(MergeOrder order)
    {
        var activation = await TestActivation<MergeGrain>.StartAsync(
            $"shop/{order.Loser}", _customers, context => new MergeGrain(context, new FusedStateStore(_states, _fuse), _steps));
        var reply = await activation.Call(g => g.Run(new RunMergeRequest { Order = order }, CancellationToken.None));
        return reply.Winner;
    }

    private static MergeOrder Order(string loser, string winner, long sequence) => new()
    {
        Loser = loser, Winner = winner, IdentitySequence = sequence, LoserMinted = 101, WinnerMinted = 100,
    };
}
