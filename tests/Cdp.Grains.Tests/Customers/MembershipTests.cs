using Cdp.Domain.Segments;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Grains.Tests.Customers;

/// <summary>When a customer states the segments it is in.</summary>
public sealed class MembershipTests : IDisposable
{
    private readonly CustomerHarness _customer = new();

    public MembershipTests() => Put("buyers", "orders.count >= 2");

    public void Dispose() => _customer.Dispose();

    [Fact]
    public async Task A_change_is_stated_with_the_event_that_made_it_and_nothing_without_one()
    {
        var live = await _customer.StartAsync();

        Assert.Null((await CustomerHarness.ApplyAsync(live, await OrderAsync(1))).Membership);
        var statement = (await CustomerHarness.ApplyAsync(live, await OrderAsync(2))).Membership;
        Assert.Equal([1u], statement.Segments);
        Assert.Null((await CustomerHarness.ApplyAsync(live, await OrderAsync(3))).Membership);
    }

    [Fact]
    public async Task What_is_delivered_again_is_stated_again_since_nobody_may_have_heard_it()
    {
        LogEntry[] orders = [await OrderAsync(1), await OrderAsync(2)];
        var dying = await _customer.StartAsync();
        var first = (await CustomerHarness.ApplyAsync(dying, orders)).Membership;

        var next = await _customer.StartAsync();
        var again = (await CustomerHarness.ApplyAsync(next, orders)).Membership;

        Assert.Equal([1u], again.Segments);
        Assert.Equal(MembershipVersion.Of(first), MembershipVersion.Of(again));
    }

    [Fact]
    public async Task A_new_definition_counts_more_than_any_number_of_events()
    {
        var live = await _customer.StartAsync();
        var before = (await CustomerHarness.ApplyAsync(live, await OrderAsync(1), await OrderAsync(2))).Membership;
        Put("buyers", "orders.count >= 9");

        var reply = await live.Call(grain => grain.Refold(new RefoldRequest { AsItStands = true }, TestContext.Current.CancellationToken));

        Assert.Empty(reply.Membership.Segments);
        Assert.True(MembershipVersion.Of(reply.Membership) > MembershipVersion.Of(before));
    }

    [Fact]
    public async Task Who_was_merged_is_in_no_segment_and_says_so_with_a_higher_version()
    {
        var loser = await _customer.StartAsync("shop/c2");
        var before = (await CustomerHarness.ApplyAsync(loser, await OrderAsync(1), await OrderAsync(2))).Membership;
        var winner = await _customer.StartAsync();
        Assert.Null((await CustomerHarness.ApplyAsync(winner, await OrderAsync(3))).Membership);
        await CustomerHarness.MergeAsync(winner, loser, "c2", decision: 5);

        var left = await StateAsync(loser);
        Assert.Equal((CustomerStanding.Forwarded, 0), (left.Standing, left.Statement.Segments.Count));
        Assert.True(MembershipVersion.Of(left.Statement) > MembershipVersion.Of(before));
        Assert.Equal([1u], (await StateAsync(winner)).Statement.Segments);
    }

    [Fact]
    public async Task Who_was_merged_says_so_whatever_definitions_come_and_whatever_those_knew_who_merged_it()
    {
        var loser = await _customer.StartAsync("shop/c2");
        await CustomerHarness.ApplyAsync(loser, await OrderAsync(1), await OrderAsync(2));
        await loser.Call(grain => grain.Seal(new SealRequest { Winner = "c1", IdentitySequence = 5, At = 1 }, TestContext.Current.CancellationToken));
        var left = (await StateAsync(loser)).Statement;
        Put("buyers", "orders.count >= 1");

        var swept = (await loser.Call(grain => grain.Refold(new RefoldRequest { AsItStands = true }, TestContext.Current.CancellationToken))).Membership;

        Assert.Empty(swept.Segments);
        Assert.Equal(MembershipVersion.Of(left), MembershipVersion.Of(swept));
        Assert.True(MembershipVersion.Of(left) > new MembershipVersion(MembershipVersion.DefinitionsOf(foldVersion: 1_000, configVersion: 1L << 39), 1_000));
    }

    [Fact]
    public async Task Who_was_merged_while_a_fold_was_due_says_so_all_the_same()
    {
        var live = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(live, await OrderAsync(1), await OrderAsync(2));
        await live.StopAsync();
        _customer.Change(new ChangeTenantRequest { PutEventType = new EventType { Name = "Sold", Role = EventRole.Order } });

        // Another configuration since its snapshot: the fold is put off, and the merge comes first.
        var loser = await _customer.StartAsync();
        await loser.Call(grain => grain.Seal(new SealRequest { Winner = "c2", IdentitySequence = 5, At = 1 }, TestContext.Current.CancellationToken));
        await loser.FireTimersAsync();

        var left = (await StateAsync(loser)).Statement;
        Assert.Empty(left.Segments);
        Assert.Equal(MembershipVersion.LastDefinitions, left.Definitions);
    }

    [Fact]
    public async Task An_activation_that_another_one_overtook_states_nothing()
    {
        var overtaken = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(overtaken, await OrderAsync(1));
        var other = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(other, await OrderAsync(2));

        await Assert.ThrowsAsync<OwnershipLostException>(() => StateAsync(overtaken));

        Assert.True(overtaken.Abandoned);
        Assert.Equal([1u], (await StateAsync(await _customer.StartAsync())).Statement.Segments);
    }

    [Fact]
    public async Task Nor_does_one_that_knows_of_no_customer_yet()
    {
        var early = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(await _customer.StartAsync(), await OrderAsync(1));

        await Assert.ThrowsAsync<OwnershipLostException>(() => StateAsync(early));
    }

    [Fact]
    public async Task Who_was_sealed_and_died_before_its_snapshot_is_in_no_segment_either()
    {
        var loser = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(loser, await OrderAsync(1), await OrderAsync(2));
        await loser.StopAsync();
        var before = await _customer.SnapshotAsync();
        loser = await _customer.StartAsync();
        await loser.Call(grain => grain.Seal(new SealRequest { Winner = "c2", IdentitySequence = 3, At = 1 }, TestContext.Current.CancellationToken));
        await _customer.LeaveSnapshotAsync(before);

        var again = await _customer.StartAsync();
        var reply = await StateAsync(again);

        Assert.Equal(CustomerStanding.Forwarded, reply.Standing);
        Assert.Empty(reply.Statement.Segments);
    }

    [Fact]
    public async Task A_customer_that_does_not_exist_states_nothing()
    {
        var nobody = await _customer.StartAsync("shop/c9");

        var reply = await StateAsync(nobody);

        Assert.Equal(CustomerStanding.Gone, reply.Standing);
        Assert.Null(reply.Statement);
    }

    private static Task<StateMembershipReply> StateAsync(Harness.TestActivation<Grains.Customers.CustomerGrain> customer) =>
        customer.Call(grain => grain.StateMembership(new StateMembershipRequest(), TestContext.Current.CancellationToken));

    private void Put(string id, string expression) =>
        _customer.Change(new ChangeTenantRequest { PutSegment = new Segment { Id = id, Expression = expression } });

    private Task<LogEntry> OrderAsync(int number) => _customer.LogAsync(
        new Event { Id = $"o{number}", Type = "Order Completed", Properties = { ["order_id"] = new Value { IntValue = number } } }, minute: number);
}
