using Cdp.V1;

namespace Cdp.Grains.Tests.Customers;

/// <summary>Invariant 2: an event is applied once its entry stands in the customer's history; whoever lost the history lost the customer.</summary>
public sealed class AppliedMeansAppendedTests : IDisposable
{
    private readonly CustomerHarness _customer = new();

    public void Dispose() => _customer.Dispose();

    [Fact]
    public async Task Of_two_activations_the_one_that_was_overtaken_applies_nothing_and_its_successor_has_all()
    {
        var (first, second, third) = (await LogAsync("1", 1), await LogAsync("2", 2), await LogAsync("3", 3));
        var overtaken = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(overtaken, first);
        var other = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(other, second);

        await Assert.ThrowsAsync<OwnershipLostException>(() => CustomerHarness.ApplyAsync(overtaken, third));

        Assert.True(overtaken.Abandoned);
        Assert.False(other.Abandoned);
        Assert.Equal(1, (await CustomerHarness.ReadAsync(overtaken)).Activity.EventCount);
        var successor = await _customer.StartAsync();
        Assert.Equal(2, (await CustomerHarness.ReadAsync(successor)).Activity.EventCount);
        Assert.Equal(1, (await CustomerHarness.ApplyAsync(successor, third)).Applied);
        Assert.Equal(3, (await CustomerHarness.ReadAsync(successor)).Activity.EventCount);
        Assert.Equal([1, 2, 3], (await _customer.EntriesAsync()).Where(e => e.Event is not null).Select(e => e.Event.Position + 1));
    }

    [Fact]
    public async Task A_stale_snapshot_does_not_replace_that_of_the_activation_that_overtook()
    {
        var (first, second) = (await LogAsync("1", 1), await LogAsync("2", 2));
        var overtaken = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(overtaken, first);
        var other = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(other, second);
        await other.StopAsync();

        await Assert.ThrowsAsync<OwnershipLostException>(overtaken.StopAsync);

        var successor = await _customer.StartAsync();
        Assert.Equal(2, (await CustomerHarness.ReadAsync(successor)).Activity.EventCount);
    }

    [Fact]
    public async Task What_could_not_be_appended_is_not_applied_and_counts_once_when_it_is_handed_over_again()
    {
        var (first, second) = (await LogAsync("1", 1), await LogAsync("2", 2));
        var customer = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(customer, first);
        _customer.History.AppendsLeft = 0;

        await Assert.ThrowsAsync<IOException>(() => CustomerHarness.ApplyAsync(customer, second));
        Assert.Equal(1, (await CustomerHarness.ReadAsync(customer)).Activity.EventCount);

        _customer.History.AppendsLeft = int.MaxValue;
        Assert.Equal(1, (await CustomerHarness.ApplyAsync(customer, second)).Applied);
        Assert.Equal(0, (await CustomerHarness.ApplyAsync(customer, second)).Applied);
        Assert.Equal(2, (await CustomerHarness.ReadAsync(customer)).Activity.EventCount);
    }

    [Fact]
    public async Task A_snapshot_of_any_age_and_none_at_all_give_the_same_state()
    {
        var customer = await _customer.StartAsync();
        for (var i = 0; i < 100; i++) await CustomerHarness.ApplyAsync(customer, await LogAsync($"{i}", i % 2 == 0 ? i : -i));
        var expected = await CustomerHarness.DigestAsync(customer, asItStands: true);
        var entries = (await _customer.EntriesAsync()).Count;

        // The activation was killed: its last snapshot is some events old.
        Assert.Equal(expected, await CustomerHarness.DigestAsync(await _customer.StartAsync(), asItStands: true));
        _customer.States.DropKind(Cdp.Grains.Customers.CustomerGrain.SnapshotKind);
        Assert.Equal(expected, await CustomerHarness.DigestAsync(await _customer.StartAsync(), asItStands: true));
        Assert.Equal(entries, (await _customer.EntriesAsync()).Count);
    }

    [Fact]
    public async Task The_first_who_reads_after_a_kill_sees_all_whatever_the_snapshot_lacks()
    {
        var snapshots = new List<byte[]?>();
        var last = new Profile();
        for (var step = 0; step < 12; step++)
        {
            var customer = await _customer.StartAsync();
            for (var i = 0; i < 3; i++) await CustomerHarness.ApplyAsync(customer, await LogAsync($"{step}.{i}", i % 2 == 0 ? step : -step));
            if (step % 4 == 1) await CustomerHarness.ApplyAsync(customer, await Add($"{step}.add", 100 - step), await Set($"{step}.set", step));
            if (step % 4 == 2)
            {
                var loser = await _customer.StartAsync($"shop/loser-{step}");
                await CustomerHarness.ApplyAsync(loser, await LogAsync($"{step}.theirs", step), await LogAsync($"{step}.0", step));
                await CustomerHarness.MergeAsync(customer, loser, $"loser-{step}", step);
            }

            last = await CustomerHarness.ReadAsync(customer);
            await customer.StopAsync();
            snapshots.Add(await _customer.SnapshotAsync());
        }

        Assert.Equal(ValueStatus.Ok, last.Status);
        Assert.Equal((12 * 3) + (3 * 2) + 3, last.Activity.EventCount);
        foreach (var snapshot in snapshots.Prepend(null))
        {
            await _customer.LeaveSnapshotAsync(snapshot);
            var seen = await CustomerHarness.ReadAsync(await _customer.StartAsync());
            Assert.Equal(last, seen);
        }
    }

    private Task<State.V1.LogEntry> Add(string id, int minute) =>
        _customer.LogAsync(new Event { Id = id, Traits = new TraitChanges { Add = { ["points"] = new Value { IntValue = 1 } } } }, minute);

    private Task<State.V1.LogEntry> Set(string id, int minute) =>
        _customer.LogAsync(new Event { Id = id, Traits = new TraitChanges { Set = { ["points"] = new Value { IntValue = 5 } } } }, minute);

    private Task<State.V1.LogEntry> LogAsync(string id, int minute) => _customer.LogAsync(new Event { Id = id }, minute);
}
