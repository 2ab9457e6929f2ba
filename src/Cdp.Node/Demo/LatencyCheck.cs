using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>Measures one caller's lookups, and how soon after its acknowledgement an event is seen.</summary>
internal sealed class LatencyCheck(Crowd crowd, Ledger ledger, LedgerCheck people, TimeProvider time)
{
    private const int FewestProbes = 20;

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(30) };

    private readonly Dictionary<Account, int> _added = [];

    /// <summary>Measures both, half of the time each, and proves that every answer was right.</summary>
    public async Task RunAsync(CdpClient client, DemoReport report, long seed, TimeSpan duration, CancellationToken cancel)
    {
        var random = new SplitMix(seed + 1);
        var lookups = new Percentiles();
        var right = new Proof("lookup");
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < duration / 2 || lookups.Count < FewestProbes)
        {
            var (customer, account) = Somebody(random);
            var sent = time.GetTimestamp();
            var profile = await ReadAsync(client, customer, "", cancel);
            lookups.Add(time.GetElapsedTime(sent));
            right.Equal("events", account.Events, profile.Activity.EventCount);
        }

        var elapsed = time.GetElapsedTime(started);
        report.Prove(right, $"{lookups.Count:N0} lookups one after the other, {lookups} each, {lookups.Count / elapsed.TotalSeconds:N0}/s");
        await ProbeAsync(client, report, random, duration / 2, cancel);
    }

    private async Task ProbeAsync(CdpClient client, DemoReport report, SplitMix random, TimeSpan duration, CancellationToken cancel)
    {
        var acknowledged = new Percentiles();
        var visible = new Percentiles();
        var seen = new Proof("read-your-writes");
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < duration || visible.Count < FewestProbes)
        {
            var (customer, account) = Somebody(random);
            var probe = new Event { Id = $"probe-{visible.Count}", Kind = EventKind.Track, Type = "Wishlist Opened", Source = EventFactory.Source, Channel = "app" };
            probe.Identifiers.Add(customer.Identifier);
            var sent = time.GetTimestamp();
            var response = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { probe } }, Patience, cancel);
            var answered = time.GetTimestamp();
            var profile = await ReadAsync(client, customer, response.Token, cancel);
            visible.Add(time.GetElapsedTime(answered));
            acknowledged.Add(time.GetElapsedTime(sent, answered));
            _added[account] = _added.GetValueOrDefault(account) + 1;
            seen.Equal("events", account.Events + _added[account], profile.Activity.EventCount);
        }

        report.Prove(seen, $"{visible.Count:N0} events, each in the first profile read after it; acknowledged → visible {visible}; sent → acknowledged, on disk, {acknowledged}");
    }

    private (CustomerRef Customer, Account Account) Somebody(SplitMix random)
    {
        var person = random.Below(crowd.People.Count);
        var identifier = people.AskFor(person, out var id);
        return (new CustomerRef { Identifier = identifier }, ledger.AccountOf(person, id));
    }

    private static async Task<Profile> ReadAsync(CdpClient client, CustomerRef customer, string token, CancellationToken cancel)
    {
        var request = new GetProfileRequest { Customer = customer, Purpose = "service", AfterToken = token };
        return (await client.Profiles.GetProfileAsync(request, Patience, cancel)).Profile;
    }
}
