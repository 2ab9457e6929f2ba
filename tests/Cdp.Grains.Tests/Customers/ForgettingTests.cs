using System.Text;
using Cdp.Domain.Consent;
using Cdp.Domain.Tenants;
using Cdp.EngineContract;
using Cdp.Grains.Customers;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Grains.Tests.Customers;

/// <summary>A customer lets go of events that were kept long enough, and is then the fold of the others.</summary>
public sealed class ForgettingTests : IDisposable
{
    private const int Day = 24 * 60;
    private static readonly string[] Types = ["Product Viewed", "Order Completed", "Cart Viewed"];

    // The harness counts minutes from the fifth on; its eighth hour.
    private readonly ManualTime _time = new();
    private readonly CustomerHarness _customer = new();

    public ForgettingTests() => _time.Advance(TimeSpan.FromDays(4) + TimeSpan.FromHours(8));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _customer.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_kept_long_enough_is_gone_from_the_profile_and_from_where_it_stood(bool forgets)
    {
        _customer.Log.Forgets = forgets;
        Keep(days: 30);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(
            customer,
            await ViewAsync("old", day: 0), await _customer.LogAsync(Identify("said"), 0), await _customer.LogAsync(Consent("allowed", granted: true), 1),
            await ViewAsync("young", day: 2));
        Assert.Equal(0, (await VisitAsync(customer, day: 29)).Forgotten);
        Assert.Equal(4, (await CustomerHarness.ReadAsync(customer)).Activity.EventCount);

        var visited = await VisitAsync(customer, day: 31);

        Assert.Equal((1, 3), (visited.Forgotten, visited.Events));
        Assert.Equal(1, (await _customer.EntriesAsync())[^1].Forgotten.Events);
        Assert.Equal(["allowed", "said", "young"], (await EventsAsync(customer)).Order(StringComparer.Ordinal));
        Assert.Equal("Anna", Assert.Single((await CustomerHarness.ReadAsync(customer)).Traits).Value.StringValue);
        var consents = await customer.Call(grain => grain.ReadConsents(new ReadConsentsRequest(), Cancel));
        Assert.StartsWith(TenantDefaults.MarketingPurpose, Assert.Single(consents.State.Consents).Name, StringComparison.Ordinal);
        await AssertSaysNothingAsync("<old>", forgets);

        // Nor does one that is made from the history alone, or from the snapshot, know of it.
        Assert.Equal(visited.Digest, await CustomerHarness.DigestAsync(await StartAsync(), asItStands: true));
        await _customer.LeaveSnapshotAsync(null);
        Assert.Equal(visited.Digest, await CustomerHarness.DigestAsync(await StartAsync(), asItStands: true));
    }

    [Fact]
    public async Task A_type_has_days_of_its_own_or_is_kept_for_good()
    {
        Keep(days: 10);
        Keep("Order Completed", EventRetention.ForGood);
        Keep("Cart Viewed", 2);
        Keep("signup", 5);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(
            customer,
            await _customer.LogAsync(new Event { Id = "order", Type = "Order Completed" }, 0), await _customer.LogAsync(new Event { Id = "cart", Type = "Cart Viewed" }, 0),
            await ViewAsync("view", day: 0), await _customer.LogAsync(Identify("said"), 0));

        Assert.Equal(1, (await VisitAsync(customer, day: 3)).Forgotten);
        Assert.Equal(["order", "said", "view"], (await EventsAsync(customer)).Order(StringComparer.Ordinal));
        Assert.Equal(1, (await VisitAsync(customer, day: 7)).Forgotten);
        Assert.Equal(["order", "view"], (await EventsAsync(customer)).Order(StringComparer.Ordinal));
        Assert.Equal(1, (await VisitAsync(customer, day: 11)).Forgotten);
        Assert.Equal(["order"], await EventsAsync(customer));
        Assert.Equal(0, (await VisitAsync(customer, day: 3_000)).Forgotten);
    }

    [Fact]
    public async Task Another_rule_is_followed_at_the_next_visit()
    {
        Keep(days: 100);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("view", day: 0));
        Assert.Equal(0, (await VisitAsync(customer, day: 20)).Forgotten);
        Keep(days: 10);
        Assert.Equal(1, (await VisitAsync(customer, day: 20)).Forgotten);
        Keep(days: 0);
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("other", day: 20));
        Assert.Equal(0, (await VisitAsync(customer, day: 2_000)).Forgotten);
        Assert.Equal(["other"], await EventsAsync(customer));
    }

    [Fact]
    public async Task Who_was_dropped_after_the_erasure_and_before_the_snapshot_is_folded_anew()
    {
        Keep(days: 10);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("old", day: 0), await ViewAsync("young", day: 5));
        await customer.StopAsync();
        var before = await _customer.SnapshotAsync();
        var digest = (await VisitAsync(await StartAsync(), day: 11)).Digest;

        await _customer.LeaveSnapshotAsync(before);
        var again = await VisitAsync(await StartAsync(), day: 11);

        Assert.Equal((0, 1, digest), (again.Forgotten, again.Events, again.Digest));
    }

    [Fact]
    public async Task All_copies_go_with_the_first_and_what_is_sent_again_counts_for_nothing()
    {
        Keep(days: 10);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("old", day: 0));
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("old", day: 8));
        Assert.Equal((1, 0), Counts(await VisitAsync(customer, day: 11)));
        await AssertSaysNothingAsync("<old>");

        var sent = await CustomerHarness.ApplyAsync(customer, await ViewAsync("old", day: 12));

        Assert.Equal((0, 1), (sent.Applied, sent.Duplicates));
        await AssertSaysNothingAsync("<old>");
        Assert.Equal((0, 0), Counts(await VisitAsync(customer, day: 30)));
    }

    [Fact]
    public async Task Nothing_goes_while_the_use_is_restricted()
    {
        Keep(days: 10);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("old", day: 0), await _customer.LogAsync(Restriction("stop", restricted: true), 1));
        Assert.Equal(0, (await VisitAsync(customer, day: 50)).Forgotten);
        await CustomerHarness.ApplyAsync(customer, await _customer.LogAsync(Restriction("go on", restricted: false), 50 * Day));
        Assert.Equal(1, (await VisitAsync(customer, day: 51)).Forgotten);
    }

    [Fact]
    public async Task Of_a_merged_customer_the_events_go_by_who_took_it_in_and_its_own_profile_at_once()
    {
        Keep(days: 10);
        var winner = await StartAsync();
        var loser = await StartAsync("shop/c2");
        await CustomerHarness.ApplyAsync(winner, await ViewAsync("own", day: 5));
        Assert.Equal(0, (await VisitAsync(winner, day: 6)).Forgotten);
        await CustomerHarness.ApplyAsync(loser, await ViewAsync("theirs", day: 0));
        await CustomerHarness.MergeAsync(winner, loser, "c2", decision: 2);

        Assert.Equal((1, 1), Counts(await VisitAsync(winner, day: 11)));

        Assert.Equal(["own"], await EventsAsync(winner));
        await AssertSaysNothingAsync("<theirs>");
        Assert.Equal(CustomerStanding.Forwarded, (await VisitAsync(loser, day: 11)).Standing);
        var sealedOne = CustomerSnapshot.Parser.ParseFrom((await _customer.States.ReadAsync(CustomerGrain.SnapshotKind, "shop/c2", Cancel)).Value.Span);
        Assert.Equal((0, true), (sealedOne.Profile.CalculateSize(), sealedOne.Bookkeeping.FoldAgain));
    }

    [Fact]
    public async Task What_is_not_due_is_not_read_again()
    {
        Keep(days: 10);
        var customer = await StartAsync();
        await CustomerHarness.ApplyAsync(customer, await ViewAsync("view", day: 5));
        await VisitAsync(customer, day: 6);
        _customer.Log.Broken = true;
        for (var day = 7; day < 15; day++) Assert.Equal(0, (await VisitAsync(customer, day)).Forgotten);
        await Assert.ThrowsAsync<IOException>(() => VisitAsync(customer, day: 15));
    }

    [Fact]
    public void A_customer_is_the_fold_of_what_its_tenant_keeps()
    {
        var events = Gen.ArrayOf(from day in Gen.Choose(0, 20) from type in Gen.Choose(0, Types.Length - 1) from id in Gen.Choose(0, 9) select (Day: day, Type: type, Id: id));
        var days = Gen.Elements(0, 1, 3, 10, 30);
        var cases = from log in events from all in days from own in Gen.Elements(EventRetention.ForGood, 0, 2, 15) from at in Gen.Choose(1, 40) select (log, all, own, at);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(150),
            Prop.ForAll(cases.ToArbitrary(), given => AgreesAsync([.. given.log.OrderBy(e => e.Day)], given.all, given.own, given.at).GetAwaiter().GetResult()));
    }

    private static async Task<bool> AgreesAsync((int Day, int Type, int Id)[] events, int all, int own, int at)
    {
        // Of each id the first counts, and goes when it is due; the rule of the second type is its own.
        var taken = events.Where(e => e.Day <= at).ToList();
        if (taken.Count == 0) return true;
        var kept = taken.Index().DistinctBy(e => e.Item.Id)
            .Where(e => (e.Item.Type == 1 && own != 0 ? own : all) is var days && (days <= 0 || e.Item.Day + days > at)).Select(e => e.Index).ToHashSet();
        using var tested = new ForgettingTests();
        using var oracle = new ForgettingTests();
        tested.Keep(all);
        if (own != 0) tested.Keep(Types[1], own);
        var customer = await tested.StartAsync();
        var other = await oracle.StartAsync();
        await CustomerHarness.ApplyAsync(other);
        for (var i = 0; i < taken.Count; i++)
        {
            await CustomerHarness.ApplyAsync(customer, await tested.LogAsync(taken[i]));
            var entry = await oracle.LogAsync(taken[i]);
            if (kept.Contains(i)) await CustomerHarness.ApplyAsync(other, entry);
        }

        var visited = await tested.VisitAsync(customer, at);
        var expected = await CustomerHarness.DigestAsync(other, asItStands: false);
        await tested._customer.LeaveSnapshotAsync(null);
        return visited.Digest == expected && await CustomerHarness.DigestAsync(await tested.StartAsync(), asItStands: true) == expected;
    }

    private static (long, long) Counts(RefoldReply reply) => (reply.Forgotten, reply.Events);

    private static Event Identify(string id) => new() { Id = id, Kind = EventKind.Identify, Type = "signup", Traits = new TraitChanges { Set = { ["first_name"] = new Value { StringValue = "Anna" } } } };

    private static Event Consent(string id, bool granted)
    {
        var made = new Event { Id = id, Type = ConsentEvents.Type };
        ConsentEvents.Write(new ConsentAct { Purpose = TenantDefaults.MarketingPurpose, Granted = granted }, made.Properties);
        return made;
    }

    private static Event Restriction(string id, bool restricted) =>
        new() { Id = id, Type = ConsentEvents.RestrictionType, Properties = { [ConsentEvents.RestrictedName] = new Value { BoolValue = restricted } } };

    private void Keep(int days) => _customer.Change(new ChangeTenantRequest { PutTenant = new Tenant { EventDays = days } });

    private void Keep(string type, int days) => _customer.Change(new ChangeTenantRequest { PutEventType = new EventType { Name = type, EventDays = days } });

    private Task<TestActivation<CustomerGrain>> StartAsync(string key = CustomerHarness.Key) => _customer.StartAsync(key, _time);

    private Task<LogEntry> ViewAsync(string id, int day) => _customer.LogAsync(new Event { Id = id, Properties = { ["page"] = new Value { StringValue = $"<{id}>" } } }, day * Day);

    private Task<LogEntry> LogAsync((int Day, int Type, int Id) e) => _customer.LogAsync(new Event { Id = $"e{e.Id}", Type = Types[e.Type] }, e.Day * Day);

    private async Task<RefoldReply> VisitAsync(TestActivation<CustomerGrain> customer, int day)
    {
        var now = new DateTimeOffset(2026, 1, 5, 8, 0, 0, TimeSpan.Zero).AddDays(day);
        if (now > _time.GetUtcNow()) _time.Advance(now - _time.GetUtcNow());
        return await customer.Call(grain => grain.Refold(new RefoldRequest { AsItStands = true }, Cancel));
    }

    private static async Task<List<string>> EventsAsync(TestActivation<CustomerGrain> customer)
    {
        var page = await customer.Call(grain => grain.ReadEvents(new ReadEventsRequest { PageSize = 100 }, Cancel));
        return [.. page.Events.Select(e => e.Event.Id)];
    }

    private async Task AssertSaysNothingAsync(string text, bool forgets = false)
    {
        var bytes = new List<ReadOnlyMemory<byte>> { await _customer.SnapshotAsync() ?? [] };
        foreach (var key in new[] { CustomerHarness.Key, "shop/c2" }) bytes.AddRange((await _customer.Rows.ReadAsync(key, 0, int.MaxValue, Cancel)).Select(row => row.Bytes));
        if (!forgets) bytes.AddRange((await _customer.Log.ReadAsync(0, 0, int.MaxValue, Cancel)).Select(placed => placed.Record.Payload));
        Assert.DoesNotContain(bytes, found => found.Span.IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);
    }
}
