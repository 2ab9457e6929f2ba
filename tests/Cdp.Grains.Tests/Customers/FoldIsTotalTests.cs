using Cdp.State.V1;
using Cdp.V1;
using DeadLetter = Cdp.State.V1.DeadLetter;

namespace Cdp.Grains.Tests.Customers;

/// <summary>Invariant 13: an event on which the fold throws is skipped, marked and named; an error of a store never counts as one.</summary>
public sealed class FoldIsTotalTests : IDisposable
{
    /// <summary>A field of wire type 7, which does not exist.</summary>
    private static readonly byte[] Unreadable = [0x0F, 0xFF, 0xFF];

    private readonly CustomerHarness _customer = new();

    public void Dispose() => _customer.Dispose();

    [Fact]
    public async Task An_event_on_which_the_fold_throws_is_named_and_those_around_it_count()
    {
        var (before, bad, after) = await ThreeAsync();
        var customer = await _customer.StartAsync();

        var reply = await CustomerHarness.ApplyAsync(customer, before, bad, after);

        Assert.Equal(bad.Position, Assert.Single(reply.Skipped).Position);
        await AssertHoldsTwoAsync();
        _customer.States.DropKind(Cdp.Grains.Customers.CustomerGrain.SnapshotKind);
        await AssertHoldsTwoAsync();
    }

    [Fact]
    public async Task It_is_named_again_to_whoever_may_not_have_heard_of_it()
    {
        var (before, bad, after) = await ThreeAsync();
        await CustomerHarness.ApplyAsync(await _customer.StartAsync(), before, bad, after);

        // The partition died before it kept the dead letter, and is delivered all of it again.
        var again = await CustomerHarness.ApplyAsync(await _customer.StartAsync(), before, bad, after);

        Assert.Equal((0, 0), (again.Applied, again.Duplicates));
        Assert.Equal(bad.Position, Assert.Single(again.Skipped).Position);
        await AssertHoldsTwoAsync();
    }

    [Fact]
    public async Task A_kill_between_the_event_and_its_mark_changes_nothing()
    {
        var (before, bad, after) = await ThreeAsync();
        var customer = await _customer.StartAsync();
        _customer.History.AppendsLeft = 1;
        await Assert.ThrowsAsync<IOException>(() => CustomerHarness.ApplyAsync(customer, before, bad, after));
        Assert.DoesNotContain(await _customer.EntriesAsync(), e => e.Skipped is not null);
        _customer.History.AppendsLeft = int.MaxValue;

        var again = await CustomerHarness.ApplyAsync(await _customer.StartAsync(), before, bad, after);

        Assert.Equal(bad.Position, Assert.Single(again.Skipped).Position);
        await AssertHoldsTwoAsync();
    }

    [Fact]
    public async Task An_error_of_the_log_is_nobody_s_fault_and_the_next_delivery_makes_it_good()
    {
        var (add, set) = await TwoThatNeedTheLogAsync();
        var customer = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(customer, add);
        _customer.Log.Broken = true;
        await Assert.ThrowsAsync<IOException>(() => CustomerHarness.ApplyAsync(customer, set));
        Assert.Equal(ValueStatus.Stale, (await CustomerHarness.ReadAsync(customer)).Status);
        _customer.Log.Broken = false;

        var reply = await CustomerHarness.ApplyAsync(customer, set);

        Assert.Empty(reply.Skipped);
        Assert.DoesNotContain(await _customer.EntriesAsync(), e => e.Skipped is not null);
        var profile = await CustomerHarness.ReadAsync(customer);
        Assert.Equal((ValueStatus.Ok, 2), (profile.Status, profile.Activity.EventCount));
        Assert.Equal(6, Assert.Single(profile.Traits).Value.IntValue);
    }

    [Fact]
    public async Task What_a_lost_log_kept_from_being_folded_is_folded_soon_after_a_read()
    {
        var (add, set) = await TwoThatNeedTheLogAsync();
        var customer = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(customer, add);
        _customer.Log.Broken = true;
        await Assert.ThrowsAsync<IOException>(() => CustomerHarness.ApplyAsync(customer, set));

        Assert.Equal(ValueStatus.Stale, (await CustomerHarness.ReadAsync(customer)).Status);
        await Assert.ThrowsAsync<IOException>(customer.FireTimersAsync);
        _customer.Log.Broken = false;
        Assert.Equal(ValueStatus.Stale, (await CustomerHarness.ReadAsync(customer)).Status);
        await customer.FireTimersAsync();

        var profile = await CustomerHarness.ReadAsync(customer);
        Assert.Equal((ValueStatus.Ok, 2), (profile.Status, profile.Activity.EventCount));
    }

    private async Task<(LogEntry Before, LogEntry Bad, LogEntry After)> ThreeAsync() => (
        await _customer.LogAsync(new Event { Id = "before" }, 1),
        await _customer.LogAsync("bad", Unreadable, 2),
        await _customer.LogAsync(new Event { Id = "after" }, 3));

    /// <summary>A sum, and a value set earlier that arrives later: the fold has to begin anew.</summary>
    private async Task<(LogEntry Add, LogEntry Set)> TwoThatNeedTheLogAsync() => (
        await _customer.LogAsync(new Event { Id = "add", Traits = new TraitChanges { Add = { ["points"] = new Value { IntValue = 1 } } } }, 2),
        await _customer.LogAsync(new Event { Id = "set", Traits = new TraitChanges { Set = { ["points"] = new Value { IntValue = 5 } } } }, 1));

    private async Task AssertHoldsTwoAsync()
    {
        // Whoever folded, on whatever occasion, kept the letter.
        var letter = await _customer.States.ReadAsync(Cdp.Grains.Partitions.PartitionGrain.DeadLetterKind, $"shop/0000/{1:D19}", CancellationToken.None);
        Assert.Equal("FOLD_FAILED", DeadLetter.Parser.ParseFrom(letter.Value.Span).Reason);
        var customer = await _customer.StartAsync();
        Assert.Equal(2, (await CustomerHarness.ReadAsync(customer)).Activity.EventCount);
        Assert.Equal(await CustomerHarness.DigestAsync(customer, asItStands: true), await CustomerHarness.DigestAsync(customer, asItStands: false));
        var marked = Assert.Single(await _customer.EntriesAsync(), e => e.Skipped is not null).Skipped;
        Assert.Equal(("", "InvalidProtocolBufferException"), (marked.Loser, marked.Error));
        Assert.Equal(1, (await _customer.EntriesAsync())[(int)marked.Sequence].Event.Position);
    }
}
