using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Tests.Customers;

/// <summary>Invariant 11: decisions are entries of the customer's history; what it remembers of them is the fold of these.</summary>
public sealed class DecisionEntryTests : IDisposable
{
    private const string Loser = "shop/c0";

    private readonly CustomerHarness _customer = new();

    public DecisionEntryTests()
    {
        _customer.Change(new ChangeTenantRequest { PutPlacement = new Placement { Id = "home", Channel = "web" } });
        _customer.Change(new ChangeTenantRequest
        {
            PutAction = new Cdp.V1.Action { Id = "offer", Payloads = { new Payload { Channel = "web", Key = "k" } }, Cap = new ActionCap { MaxShown = 2 } },
        });
        _customer.Change(new ChangeTenantRequest { PutAction = new Cdp.V1.Action { Id = "other", Payloads = { new Payload { Channel = "web", Key = "k" } } } });
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _customer.Dispose();

    [Fact]
    public async Task A_decision_that_the_history_did_not_take_is_not_answered_where_it_is_sync_and_lost_where_it_is_not()
    {
        var customer = await MintedAsync(CustomerHarness.Key);
        _customer.History.AppendsLeft = 0;
        await Assert.ThrowsAsync<IOException>(() => DecideAsync(customer, DecisionConsistency.Sync));
        Assert.False(customer.Abandoned);

        _customer.Change(new ChangeTenantRequest { DeleteAction = new DeleteActionRequest { Id = "offer" } });
        var lost = await DecideAsync(customer, DecisionConsistency.Async);
        Assert.True(customer.Abandoned);

        _customer.History.AppendsLeft = int.MaxValue;
        var successor = await _customer.StartAsync();
        Assert.Null((await ReadAsync(successor, lost)).Entry);
        var kept = await DecideAsync(successor, DecisionConsistency.Async);
        Assert.Equal(kept.DecisionId, (await ReadAsync(successor, kept)).Entry.Id);
        Assert.Null((await ReadAsync(successor, lost)).Entry);
        Assert.Empty((await ApplyAsync(successor, Outcome(lost, "1", 7))).Effects);
        Assert.Single((await ApplyAsync(successor, Outcome(kept, "1", 8))).Effects);
    }

    [Fact]
    public async Task Several_are_decided_in_one_turn_one_after_the_other_and_the_profile_is_read_with_them()
    {
        var customer = await MintedAsync(CustomerHarness.Key);
        var request = new DecideCustomerRequest
        {
            Call = new DecideRequest { Placement = "home", Consistency = DecisionConsistency.Async },
            Further = { new DecideRequest { Placement = "nowhere" }, new DecideRequest { Placement = "home", Consistency = DecisionConsistency.Sync } },
            Purpose = "service",
            Read = new ReadProfileRequest { Purpose = "service" },
        };

        var reply = await customer.Call(grain => grain.Decide(request, Cancel));

        Assert.Equal(await customer.Call(grain => grain.ReadProfile(request.Read, Cancel)), reply.Read);
        Assert.Equal([false, true, false], [reply.Response.IsEmpty, .. reply.Further.Select(further => further.IsEmpty)]);
        List<DecideResponse> decided = [DecideResponse.Parser.ParseFrom(reply.Response), DecideResponse.Parser.ParseFrom(reply.Further[1])];
        foreach (var decision in decided) Assert.Equal(decision.DecisionId, (await ReadAsync(customer, decision)).Entry.Id);
        Assert.Equal(decided.Select(decision => decision.DecisionId), (await _customer.EntriesAsync()).Where(entry => entry.Decision is not null).Select(entry => entry.Decision.Id));
    }

    [Fact]
    public async Task An_outcome_delivered_again_teaches_what_it_taught_also_without_a_snapshot()
    {
        var customer = await MintedAsync(CustomerHarness.Key);
        var decision = await DecideAsync(customer, DecisionConsistency.Async);
        var first = Outcome(decision, "1", 5);
        var effect = Assert.Single((await ApplyAsync(customer, first, Outcome(decision, "1", 6))).Effects);
        Assert.Equal(5, effect.Position);
        var entries = (await _customer.EntriesAsync()).Count;

        Assert.Equal(effect, Assert.Single((await ApplyAsync(customer, first)).Effects));
        await _customer.LeaveSnapshotAsync(null);
        var successor = await _customer.StartAsync();
        Assert.Equal(effect, Assert.Single((await ApplyAsync(successor, first, Outcome(decision, "1", 6))).Effects));
        Assert.Equal(entries, (await _customer.EntriesAsync()).Count);
        Assert.Equal(
            [OutcomeCredit.Credited, OutcomeCredit.Duplicate, OutcomeCredit.NothingNew],
            await ReadCreditsAsync(successor, first, Outcome(decision, "1", 6), Outcome(decision, "2", 7)));
    }

    [Fact]
    public async Task What_is_remembered_is_the_fold_of_the_history_over_merges_too()
    {
        var (winner, loser) = (await MintedAsync(CustomerHarness.Key), await MintedAsync(Loser));
        var (theirs, own) = (await DecideAsync(loser, DecisionConsistency.Async), await DecideAsync(winner, DecisionConsistency.Async));
        await ApplyAsync(loser, Outcome(theirs, "1", 1));
        var ended = await loser.Call(grain => grain.Seal(new SealRequest { Winner = "c1", IdentitySequence = 9 }, Cancel));

        // Before the winner took the loser in, nobody can tell what an outcome of the loser's decision is worth.
        await Assert.ThrowsAsync<GrainUnavailableException>(() => ApplyAsync(winner, Outcome(theirs, "2", 2, OutcomeKind.Accepted)));
        await Assert.ThrowsAsync<GrainUnavailableException>(() => ReadCreditsAsync(winner, Outcome(theirs, "1", 1)));
        await winner.Call(grain => grain.Absorb(new AbsorbRequest { Loser = "c0", Entries = ended.Entries, Snapshot = ended.Snapshot, IdentitySequence = 9 }, Cancel));
        Assert.Equal([OutcomeCredit.Credited], await ReadCreditsAsync(winner, Outcome(theirs, "1", 1)));
        Assert.Single((await ApplyAsync(winner, Outcome(theirs, "2", 2, OutcomeKind.Accepted))).Effects);
        await ApplyAsync(winner, Outcome(own, "1", 3));
        await winner.StopAsync();
        var live = CustomerSnapshot.Parser.ParseFrom(await _customer.SnapshotAsync()).Decisions;
        Assert.Equal([1, 2], live.Open.Select(open => open.Outcomes.Count).Order());

        await _customer.LeaveSnapshotAsync(null);
        var successor = await _customer.StartAsync();
        await DecideAsync(successor, DecisionConsistency.Async, DecisionMode.DryRun);
        await successor.StopAsync();
        var folded = CustomerSnapshot.Parser.ParseFrom(await _customer.SnapshotAsync()).Decisions;
        Assert.Equal(live.Caps, folded.Caps);
        Assert.Equal(live.Open, folded.Open.Take(live.Open.Count));

        // The receipt still stands where it was made.
        Assert.Equal(theirs.DecisionId, (await ReadAsync(loser, theirs)).Entry.Id);
    }

    [Fact]
    public async Task A_customer_that_is_never_at_rest_is_kept_in_its_time()
    {
        var customer = await UncappedAsync();
        _customer.History.Silent = true;
        for (var i = 0; i < 1_000; i++) await DecideAsync(customer, DecisionConsistency.Async);

        // No snapshot gets ahead of the history, and what happens meanwhile does not put it off.
        Assert.Null(await _customer.SnapshotAsync());
        Assert.Equal(1, customer.TimerStarts);
        await _customer.History.TellAllAsync();
        Assert.True(await customer.FireTimersAsync());
        Assert.NotNull(await _customer.SnapshotAsync());
    }

    [Fact]
    public async Task Who_reads_a_decision_waits_until_it_is_written_and_for_no_later_one()
    {
        var customer = await UncappedAsync();
        _customer.History.Silent = true;
        var decision = await DecideAsync(customer, DecisionConsistency.Async);
        var reading = ReadAsync(customer, decision);
        await DecideAsync(customer, DecisionConsistency.Async);
        Assert.False(reading.IsCompleted);
        await _customer.History.TellNextAsync();
        Assert.Equal(decision.DecisionId, (await reading).Entry.Id);
    }

    [Fact]
    public async Task A_decision_that_another_writer_got_ahead_of_ends_the_activation()
    {
        var customer = await UncappedAsync();
        _customer.History.Silent = true;
        await _customer.Rows.AppendAsync(CustomerHarness.Key, (await _customer.EntriesAsync()).Count, 1, new HistorySlice { Entries = { new HistoryEntry() } }.ToByteArray(), Cancel);
        await DecideAsync(customer, DecisionConsistency.Async);
        Assert.False(customer.Abandoned);
        await _customer.History.TellAllAsync();
        Assert.True(customer.Abandoned);
        await customer.StopAsync();
        Assert.Null(await _customer.SnapshotAsync());
    }

    [Fact]
    public async Task Nothing_follows_a_decision_that_another_writer_got_ahead_of_though_the_length_fits()
    {
        var customer = await UncappedAsync();
        _customer.History.Silent = true;
        await _customer.Rows.AppendAsync(CustomerHarness.Key, (await _customer.EntriesAsync()).Count, 1, new HistorySlice { Entries = { new HistoryEntry() } }.ToByteArray(), Cancel);
        var before = await _customer.EntriesAsync();
        await DecideAsync(customer, DecisionConsistency.Async);
        await DecideAsync(customer, DecisionConsistency.Async);
        var applying = ApplyAsync(customer, await _customer.LogAsync(new Event { Id = "e1" }, minute: 1));
        Assert.False(applying.IsCompleted);

        await _customer.History.TellAllAsync();

        await Assert.ThrowsAsync<OwnershipLostException>(() => applying);
        Assert.True(customer.Abandoned);
        Assert.Equal(before, await _customer.EntriesAsync());
    }

    [Fact]
    public async Task Decisions_that_come_while_one_is_written_are_written_together_behind_it()
    {
        var customer = await UncappedAsync();
        _customer.History.Silent = true;
        var before = (await _customer.EntriesAsync()).Count;
        var decisions = new List<DecideResponse>();
        for (var i = 0; i < 4; i++) decisions.Add(await DecideAsync(customer, DecisionConsistency.Async));
        Assert.Equal(before + 1, (await _customer.EntriesAsync()).Count);

        await _customer.History.TellNextAsync();
        Assert.Equal(decisions.Select(d => d.DecisionId), (await _customer.EntriesAsync()).Skip(before).Select(entry => entry.Decision.Id));
        await _customer.History.TellNextAsync();
        await customer.StopAsync();
        Assert.NotNull(await _customer.SnapshotAsync());
    }

    /// <summary>A customer for whom nothing is offered that has a cap: such a decision is written before it is told.</summary>
    private Task<TestActivation<CustomerGrain>> UncappedAsync()
    {
        _customer.Change(new ChangeTenantRequest { DeleteAction = new DeleteActionRequest { Id = "offer" } });
        return MintedAsync(CustomerHarness.Key);
    }

    private async Task<TestActivation<CustomerGrain>> MintedAsync(string key)
    {
        var customer = await _customer.StartAsync(key);
        var made = await _customer.LogAsync(new Event { Id = key }, 1);
        await CustomerHarness.ApplyAsync(customer, made);
        return customer;
    }

    private static async Task<DecideResponse> DecideAsync(TestActivation<CustomerGrain> customer, DecisionConsistency consistency, DecisionMode mode = DecisionMode.Live)
    {
        var request = new DecideCustomerRequest { Call = new DecideRequest { Placement = "home", Consistency = consistency, Mode = mode }, Purpose = "service" };
        return DecideResponse.Parser.ParseFrom((await customer.Call(grain => grain.Decide(request, Cancel))).Response);
    }

    private static Task<ReadDecisionReply> ReadAsync(TestActivation<CustomerGrain> customer, DecideResponse decision) =>
        customer.Call(grain => grain.ReadDecision(new ReadDecisionRequest { DecisionId = decision.DecisionId }, Cancel));

    private static Task<ApplyReply> ApplyAsync(TestActivation<CustomerGrain> customer, params LogEntry[] outcomes) =>
        customer.Call(grain => grain.Apply(new ApplyRequest { Entries = { outcomes } }, Cancel));

    private static async Task<IEnumerable<OutcomeCredit>> ReadCreditsAsync(TestActivation<CustomerGrain> customer, params LogEntry[] outcomes) =>
        (await customer.Call(grain => grain.ReadCredits(new ReadCreditsRequest { Outcomes = { outcomes } }, Cancel))).Credits;

    private static LogEntry Outcome(DecideResponse decision, string id, long position, OutcomeKind kind = OutcomeKind.Shown) => new()
    {
        Tenant = "shop",
        Position = position,
        Event = new LoggedEvent
        {
            ReceivedAt = decision.DecidedAt.UnixMicros + 1_000,
            Outcome = new Outcome { Id = id, DecisionId = decision.DecisionId, ActionId = decision.Ranked[0].ActionId, Kind = kind },
        },
    };
}
