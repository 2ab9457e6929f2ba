using Cdp.Node.Demo;
using Google.Protobuf;

namespace Cdp.Node.Tests.Demo;

public sealed class CrowdTests
{
    private static readonly DemoScale Small = new(200, 2_000);
    private static readonly DateTimeOffset Today = new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_seed_gives_the_same_bytes_in_the_same_order_and_another_seed_others()
    {
        Assert.Equal(BytesOf(7), BytesOf(7));
        Assert.NotEqual(BytesOf(7), BytesOf(8));
    }

    [Fact]
    public void Everything_is_sent_once_a_tenth_of_it_twice_and_the_malformed_between()
    {
        var (crowd, shipment) = Ship(1);
        var sent = new List<string>();
        var refused = 0;
        for (var i = 0; i < shipment.Batches; i++)
        {
            var (request, refusals) = shipment.Batch(i);
            refused += refusals.Count;
            sent.AddRange(request.Events.Where((_, index) => !refusals.ContainsKey(index)).Select(e => e.Id));
        }

        Assert.Equal(Small.Malformed, refused);
        Assert.Equal(2_200, sent.Count);
        Assert.Equal(2_000, sent.Distinct().Count());
        Assert.Equal(2_000, crowd.Events.Count);
        Assert.Equal(200, crowd.Events.Select(e => e.Person).Distinct().Count());
    }

    [Fact]
    public void The_ledger_counts_a_couple_as_one_and_keeps_families_and_the_kiosk_apart()
    {
        var crowd = Crowd.Make(3, DemoScale.Full);
        var ledger = new Ledger(crowd);

        Assert.Equal(20_000 - crowd.Couples, ledger.Customers);
        Assert.Equal(300, Enumerable.Range(0, 300).Select(person => ledger.AccountOf(person, Ids.UserId)).Distinct().Count());
        Assert.Equal(200_000, ledger.Accounts.Sum(account => account.Events));
        for (var person = 0; person < crowd.People.Count; person++)
            Assert.Single(ledger.AsksFor(person).Select(id => ledger.AccountOf(person, id)).Distinct());
    }

    [Fact]
    public void The_ledger_is_the_same_in_any_order_of_events()
    {
        var crowd = Crowd.Make(5, Small);
        var forwards = new IdentityLedger(crowd.People);
        var backwards = new IdentityLedger(crowd.People);
        foreach (var e in crowd.Events) forwards.Learn(e.Person, e.Carries);
        foreach (var e in crowd.Events.Reverse()) backwards.Learn(e.Person, e.Carries);

        Assert.Equal(forwards.Customers, backwards.Customers);
        var ledger = new Ledger(crowd);
        var pairs = Enumerable.Range(0, crowd.People.Count)
            .SelectMany(person => ledger.AsksFor(person).Select(id => (forwards.CustomerOf(person, id), backwards.CustomerOf(person, id)))).Distinct().ToList();
        Assert.Equal(pairs.Count, pairs.Select(p => p.Item1).Distinct().Count());
        Assert.Equal(pairs.Count, pairs.Select(p => p.Item2).Distinct().Count());
    }

    [Fact]
    public void A_customer_never_gets_two_accounts_nor_21_devices()
    {
        Person[] people = [.. Enumerable.Range(0, 30).Select(_ => new Person(Habit.Family, Ids.UserId | Ids.App | Ids.Shared, 0, Currency.Eur))];
        var accounts = new IdentityLedger(people);
        for (var person = 0; person < people.Length; person++) accounts.Learn(person, Ids.UserId | Ids.Shared);
        Assert.Equal(30, accounts.Customers);

        var devices = new IdentityLedger(people);
        for (var person = 0; person < people.Length; person++) devices.Learn(person, Ids.App | Ids.Shared);
        Assert.Equal(12, devices.Customers);
    }

    private static byte[] BytesOf(long seed)
    {
        var (_, shipment) = Ship(seed);
        using var bytes = new MemoryStream();
        for (var i = 0; i < shipment.Batches; i++)
        {
            foreach (var e in shipment.Batch(i).Request.Events) e.WriteTo(bytes);
        }

        return bytes.ToArray();
    }

    private static (Crowd Crowd, Shipment Shipment) Ship(long seed)
    {
        var crowd = Crowd.Make(seed, Small);
        return (crowd, new Shipment(seed, Small, crowd, new EventFactory(crowd.People, Today)));
    }
}
