using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>Asks the server for everybody and compares each answer with the ledger.</summary>
internal sealed class LedgerCheck(Crowd crowd, Ledger ledger, EventFactory factory)
{
    private const int PageSize = 100;
    private const int InFlight = 4;

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(120) };

    private readonly Dictionary<Account, string> _customerOf = [];
    private readonly Dictionary<string, Account> _accountOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _channels = new(StringComparer.Ordinal);
    private readonly Dictionary<Ids, int> _askedBy = [];
    private readonly Sums[] _totals = [new(), new()];
    private readonly Proof _customers = new("customers");
    private readonly Proof _events = new("events");
    private readonly Proof _orders = new("orders");
    private readonly Proof _kiosk = new("kiosk");
    private long _counted;
    private long _lost;
    private long _twice;

    /// <summary>Waits until everything acknowledged is visible, by the tokens of the acknowledgements.</summary>
    public static async Task WaitUntilVisibleAsync(CdpClient client, IReadOnlyList<string> tokens, CustomerRef anybody, CancellationToken cancel) =>
        await Parallel.ForEachAsync(tokens, new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancel }, async (token, stop) =>
        {
            var request = new GetProfileRequest { Customer = anybody, Purpose = "analytics", Fields = { "activity" }, AfterToken = token };
            await client.Profiles.GetProfileAsync(request, Patience, stop);
        });

    /// <summary>Compares everybody and reports.</summary>
    public async Task RunAsync(CdpClient client, DemoReport report, DemoScale scale, CancellationToken cancel)
    {
        foreach (var pages in Enumerable.Range(0, crowd.People.Count).Chunk(PageSize).Chunk(InFlight))
        {
            var answers = await Task.WhenAll(pages.Select(page => AskAsync(client, page, cancel)));
            for (var i = 0; i < pages.Length; i++)
            {
                for (var j = 0; j < pages[i].Length; j++) Compare(pages[i][j], answers[i].Asked[j], answers[i].Response.Results[j]);
            }
        }

        Report(report, scale);
    }

    /// <summary>What a person is asked for by: each of their identifiers in turn, from person to person.</summary>
    public Identifier AskFor(int person, out Ids id)
    {
        var own = ledger.AsksFor(person);
        id = own[person % own.Length];
        return factory.Identify(person, id);
    }

    private async Task<(Ids[] Asked, BatchGetProfilesResponse Response)> AskAsync(CdpClient client, int[] page, CancellationToken cancel)
    {
        var request = new BatchGetProfilesRequest { Purpose = "service", Fields = { "activity", "monetary" } };
        var asked = new Ids[page.Length];
        for (var i = 0; i < page.Length; i++) request.Customers.Add(new CustomerRef { Identifier = AskFor(page[i], out asked[i]) });
        return (asked, await client.Profiles.BatchGetProfilesAsync(request, Patience, cancel));
    }

    private void Compare(int person, Ids asked, ProfileResult result)
    {
        _askedBy[asked] = _askedBy.GetValueOrDefault(asked) + 1;
        var account = ledger.AccountOf(person, asked);
        if (result.Profile is not { } profile)
        {
            Wrong(person, $"expected person {person} by {asked} to be a customer, got {result.ErrorReason}");
            return;
        }

        var id = profile.CustomerId;
        var isNew = _accountOf.TryAdd(id, account);
        if (!isNew && !ReferenceEquals(_accountOf[id], account)) Wrong(person, $"expected person {person} to be a customer apart, got {id}, who is another as well");
        if (!_customerOf.TryAdd(account, id) && _customerOf[account] != id) Wrong(person, $"expected person {person} by {asked} to be customer {_customerOf[account]}, got {id}");
        if (!isNew) return;
        Count(person, profile.Activity, account);
        foreach (var currency in Enum.GetValues<Currency>()) CompareOrders(person, currency, profile, account);
    }

    private void Wrong(int person, string mismatch)
    {
        _customers.Fail(mismatch);
        if (crowd.People[person].Habit == Habit.Kiosk) _kiosk.Fail(mismatch);
    }

    private void Count(int person, Activity activity, Account account)
    {
        _counted += activity.EventCount;
        _lost += Math.Max(0, account.Events - activity.EventCount);
        _twice += Math.Max(0, activity.EventCount - account.Events);
        _events.Equal($"events of person {person}", account.Events, activity.EventCount);
        foreach (var channel in activity.Channels) _channels[channel.Channel] = _channels.GetValueOrDefault(channel.Channel) + channel.Count;
    }

    private void CompareOrders(int person, Currency currency, Profile profile, Account account)
    {
        var code = EventFactory.CodeOf(currency);
        var found = profile.Monetary.FirstOrDefault(m => m.CurrencyCode == code);
        var got = new Sums
        {
            Orders = found?.Orders ?? 0,
            Refunds = found?.Refunds ?? 0,
            GrossCents = Cents(found?.GrossRevenue),
            RefundedCents = Cents(found?.Refunded),
        };
        _orders.Equal($"{code} of person {person}", account.In(currency), got);
        var total = _totals[(int)currency];
        total.Orders += got.Orders;
        total.Refunds += got.Refunds;
        total.GrossCents += got.GrossCents;
        total.RefundedCents += got.RefundedCents;
    }

    private void Report(DemoReport report, DemoScale scale)
    {
        _customers.Equal("number of customers", ledger.Customers, _accountOf.Count);
        report.Prove(_customers, $"{scale.People:N0} people, asked for by {_askedBy.Count} kinds of identifiers, are {_accountOf.Count:N0} customers: all as in the ledger ({crowd.Couples:N0} couples without accounts count as one, {crowd.Families:N0} families on one tablet stay apart)");
        if (_counted != scale.Events || _lost + _twice > 0)
            _events.FailFirst(string.Create(CultureInfo.InvariantCulture, $"expected {scale.Events:N0} events, 0 lost, 0 twice, got {_counted:N0}, {_lost:N0} lost, {_twice:N0} twice"));
        report.Prove(_events, $"{_counted:N0} counted, {_lost} lost, {_twice} twice, though {scale.SentTwice:N0} were sent twice and all were shuffled");
        report.Prove(_orders, $"{Describe(Currency.Eur)}; {Describe(Currency.Chf)}: exact to the cent for every customer");
        var kiosk = Enumerable.Range(0, scale.KioskLogins).Select(person => _customerOf.GetValueOrDefault(ledger.AccountOf(person, Ids.UserId))).Distinct(StringComparer.Ordinal).Count();
        _kiosk.Equal("people at the kiosk", scale.KioskLogins, kiosk);
        report.Prove(_kiosk, $"{scale.KioskLogins} logins on one device are {kiosk} people");
        var channels = new Proof("channels");
        foreach (var channel in Enum.GetValues<Channel>())
            channels.Equal($"events in {EventFactory.NameOf(channel)}", ledger.EventsIn(channel), _channels.GetValueOrDefault(EventFactory.NameOf(channel)));
        report.Prove(channels, $"{string.Join(", ", _channels.OrderByDescending(c => c.Value).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Key} {c.Value:N0}")))}; nobody ever configured smart-mirror");
    }

    private FormattableString Describe(Currency currency)
    {
        var total = _totals[(int)currency];
        return $"{total.Orders:N0} orders and {total.Refunds:N0} refunds, net {(total.GrossCents - total.RefundedCents) / 100m:N2} {EventFactory.CodeOf(currency)}";
    }

    // A part of a cent would be a mistake of the server's; it must not be rounded away.
    private static long Cents(Money? money)
    {
        if (money is null) return 0;
        var cents = decimal.Parse(money.Amount, CultureInfo.InvariantCulture) * 100;
        return decimal.IsInteger(cents) ? (long)cents : long.MinValue;
    }
}
