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

    private Task<State.V1.LogEntry> LogAsync(string id, int minute) => _customer.LogAsync(new Event { Id = id }, minute);
}
