using System.Globalization;
using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.CrashKit;

/// <summary>Compares what a server answers with the ledger, customer by customer.</summary>
/// <param name="client">The server.</param>
/// <param name="ledger">The truth.</param>
/// <param name="audiences">The segments.</param>
/// <param name="publishOne">Publishes one more event of a node and returns the token.</param>
internal sealed class Comparer(CdpClient client, Ledger ledger, Audiences audiences, Func<string, Task<string>> publishOne)
{
    private const string Purpose = "service";
    private const int MostDifferences = 20;
    private const int PageSize = 1_000;
    private const int MostStaleReads = 100;
    private static readonly CallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(60) };

    private const int MostAttempts = 10;

    private readonly List<string> _differences = [];
    private readonly Dictionary<string, string> _groupOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _members = Audiences.Ids.ToDictionary(id => id, _ => new SortedSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
    private int _lost;
    private int _twice;
    private int _wrongSums;
    private int _wrongGroups;
    private int _wrongMembers;
    private int _lostIds;

    public async Task<Comparison> RunAsync(bool everything, CancellationToken cancellationToken)
    {
        var touched = ledger.TakeTouched();
        await Audiences.BackfilledAsync(client, cancellationToken);
        var mirrored = new CountMembersRequest { Segment = Audiences.Ids.First() };
        foreach (var token in ledger.TakeTokens())
        {
            mirrored.AfterToken = token;
            await MirroredAsync(mirrored, cancellationToken);
        }

        var groups = Groups();
        int customers = 0, events = 0;
        foreach (var (name, group) in groups)
        {
            if (!everything && !group.Nodes.Any(touched.Contains)) continue;
            customers++;
            events += group.Events.Count;
            await CompareAsync(name, group, cancellationToken);
        }

        if (everything) await CompareMembersAsync(cancellationToken);
        var partitions = await client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), Patient, cancellationToken);
        return new Comparison
        {
            DeadLetters = partitions.Partitions.Sum(p => p.DeadLetters),
            Customers = customers,
            Events = events,
            Lost = _lost,
            Twice = _twice,
            WrongSums = _wrongSums,
            WrongGroups = _wrongGroups,
            WrongMembers = _wrongMembers,
            LostIds = _lostIds,
            Differences = _differences,
        };
    }

    /// <summary>Waits until what was published stands in the segments; whoever has the answer may be lost meanwhile.</summary>
    private async Task MirroredAsync(CountMembersRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await client.Segments.CountMembersAsync(request, Patient, cancellationToken);
                return;
            }
            catch (CallException e) when (e.StatusCode == Code.Unavailable && attempt < MostAttempts)
            {
                // The answer says to send the call again.
            }
        }
    }

    private Dictionary<string, Group> Groups()
    {
        var sets = new DisjointSets();
        var events = ledger.Events;
        foreach (var made in events) sets.Join(made.Nodes);
        var groups = sets.Nodes.GroupBy(sets.Root, StringComparer.Ordinal).ToDictionary(g => g.Key, g => new Group([.. g], []), StringComparer.Ordinal);
        foreach (var made in events) groups[sets.Root(made.Nodes[0])].Events.Add(made.Event);
        return groups;
    }

    private async Task CompareAsync(string name, Group group, CancellationToken cancellationToken)
    {
        var customer = await CustomerOfAsync(name, group, cancellationToken);
        if (customer is null) return;
        try
        {
            await CompareEventsAsync(customer, group, cancellationToken);
        }
        catch (CallException e) when (e.StatusCode == Code.NotFound)
        {
            Differ(ref _lost, group.Events.Count, $"{string.Join(' ', group.Nodes)} lead to {customer}, who does not exist");
            return;
        }

        var profile = await ReadAsync(customer, group, cancellationToken);
        CompareSums(customer, profile, group);
        await CompareMembershipsAsync(customer, group, cancellationToken);
        foreach (var seen in ledger.Seen(group.Nodes))
        {
            var reached = await ReadAsync(seen, group, cancellationToken);
            if (reached.CustomerId != customer) Differ(ref _lostIds, 1, $"{seen} led to {customer} once and leads to {reached.CustomerId}");
        }

        foreach (var node in group.Nodes) ledger.Saw(node, customer);
    }

    private async Task<string?> CustomerOfAsync(string name, Group group, CancellationToken cancellationToken)
    {
        var customers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in group.Nodes) customers.Add(await FindAsync(node, "", cancellationToken) ?? "nobody");
        if (customers.SetEquals(["nobody"]))
        {
            Differ(ref _lost, group.Events.Count, $"{string.Join(' ', group.Nodes)} are nobody");
            return null;
        }

        if (customers.Count != 1)
        {
            Differ(ref _wrongGroups, 1, $"{string.Join(' ', group.Nodes)} are one, and the server says: {string.Join(' ', customers)}");
            return null;
        }

        var customer = customers.First();
        if (_groupOf.TryAdd(customer, name)) return customer;
        Differ(ref _wrongGroups, 1, $"{customer} has both {name} and {_groupOf[customer]}");
        return null;
    }

    private async Task CompareEventsAsync(string customer, Group group, CancellationToken cancellationToken)
    {
        var listed = new Dictionary<string, int>(StringComparer.Ordinal);
        var request = new ListEventsRequest { Customer = new CustomerRef { CustomerId = customer }, Purpose = Purpose, PageSize = PageSize };
        do
        {
            var page = await client.Profiles.ListEventsAsync(request, Patient, cancellationToken);
            foreach (var listedEvent in page.Events) listed[listedEvent.Event.Id] = listed.GetValueOrDefault(listedEvent.Event.Id) + 1;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        foreach (var expected in group.Events)
        {
            if (!listed.Remove(expected.Id, out var times)) Differ(ref _lost, 1, $"{customer} lacks {expected.Id}");
            else if (times > 1) Differ(ref _twice, 1, $"{customer} lists {expected.Id} {times} times");
        }

        foreach (var other in listed.Keys) Differ(ref _twice, 1, $"{customer} has {other} of somebody else");
    }

    private async Task CompareMembershipsAsync(string customer, Group group, CancellationToken cancellationToken)
    {
        var request = new ListMembershipsRequest { Customer = new CustomerRef { CustomerId = customer }, Purpose = Purpose };
        var reply = await client.Segments.ListMembershipsAsync(request, Patient, cancellationToken);
        string[] expected = [.. audiences.Of(group.Events).Order(StringComparer.Ordinal)];
        foreach (var id in expected) _members[id].Add(customer);
        var answered = reply.Memberships.Select(m => m.Segment);
        if (!answered.SequenceEqual(expected)) Differ(ref _wrongMembers, 1, $"{customer} is in {string.Join(' ', expected)}, and says: {string.Join(' ', answered)}");
    }

    private async Task CompareMembersAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, expected) in _members)
        {
            var members = new SortedSet<string>(StringComparer.Ordinal);
            var request = new ListMembersRequest { Segment = id, PageSize = PageSize };
            do
            {
                var page = await client.Segments.ListMembersAsync(request, Patient, cancellationToken);
                members.UnionWith(page.CustomerIds);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);

            var count = (await client.Segments.CountMembersAsync(new CountMembersRequest { Segment = id }, Patient, cancellationToken)).Members;
            if (count != members.Count) Differ(ref _wrongMembers, 1, $"{id} counts {count} members and lists {members.Count}");
            foreach (var customer in expected.Except(members)) Differ(ref _wrongMembers, 1, $"{id} lacks {customer}");
            foreach (var customer in members.Except(expected)) Differ(ref _wrongMembers, 1, $"{id} has {customer}, who does not belong into it and is {await StandingAsync(customer, cancellationToken)}");
        }
    }

    /// <summary>Who a customer is now, for people who look for the reason.</summary>
    private async Task<string> StandingAsync(string customer, CancellationToken cancellationToken)
    {
        try
        {
            var request = new ListMembershipsRequest { Customer = new CustomerRef { CustomerId = customer }, Purpose = Purpose };
            var reply = await client.Segments.ListMembershipsAsync(request, Patient, cancellationToken);
            var events = await client.Profiles.ListEventsAsync(
                new ListEventsRequest { Customer = request.Customer, Purpose = Purpose, PageSize = 3 }, Patient, cancellationToken);
            return $"{reply.CustomerId} in {string.Join(' ', reply.Memberships.Select(m => m.Segment))} with {string.Join(' ', events.Events.Select(e => e.Event.Id))}{(_groupOf.ContainsKey(reply.CustomerId) ? "" : ", unknown to the ledger")}";
        }
        catch (CallException e) when (e.StatusCode == Code.NotFound)
        {
            return "nobody";
        }
    }

    private void CompareSums(string customer, Profile profile, Group group)
    {
        var counted = (int)profile.Activity.EventCount - group.Events.Count;
        if (counted > 0) Differ(ref _twice, counted, $"{customer} counts {counted} too many");
        if (counted < 0) Differ(ref _lost, -counted, $"{customer} counts {-counted} too few");
        var expected = new SortedDictionary<string, (int Orders, decimal Total)>(StringComparer.Ordinal);
        var points = 0m;
        foreach (var made in group.Events)
        {
            if (made.Traits is { } traits) points += Number(traits.Add["points"].DecimalValue);
            if (!made.Properties.TryGetValue("total", out var total)) continue;
            var currency = made.Properties["currency"].StringValue;
            var (orders, sum) = expected.GetValueOrDefault(currency);
            expected[currency] = (orders + 1, sum + Number(total.DecimalValue));
        }

        var answered = profile.Monetary.OrderBy(m => m.CurrencyCode, StringComparer.Ordinal)
            .Select(m => KeyValuePair.Create(m.CurrencyCode, ((int)m.Orders, Number(m.GrossRevenue.Amount))));
        if (!answered.SequenceEqual(expected)) Differ(ref _wrongSums, 1, $"{customer} ordered {string.Join(' ', expected)}, and the server says: {profile.Monetary}");
        var stated = profile.Traits.SingleOrDefault(t => t.Name == "points")?.Value;
        if ((stated is null ? 0 : Number(stated.DecimalValue)) != points) Differ(ref _wrongSums, 1, $"{customer} has {points} points, and the server says: {stated}");
    }

    /// <summary>Reads a profile. One that is behind its history is folded again by its next event, so it gets one more.</summary>
    private async Task<Profile> ReadAsync(string customer, Group group, CancellationToken cancellationToken)
    {
        var request = new GetProfileRequest { Customer = new CustomerRef { CustomerId = customer }, Purpose = Purpose };
        request.Fields.AddRange(["activity", "monetary", "traits.points"]);
        for (var read = 1; ; read++)
        {
            var profile = (await client.Profiles.GetProfileAsync(request, Patient, cancellationToken)).Profile;
            if (profile.Status == ValueStatus.Ok) return profile;
            if (read == MostStaleReads) throw new InvalidOperationException($"{customer} still is {profile.Status} after {read} events more.");
            request.AfterToken = await publishOne(group.Nodes[0]);
            group.Events.Add(ledger.Events[^1].Event);
        }
    }

    /// <summary>The customer of an identifier once a token's events are applied; null: there is none.</summary>
    private async Task<string?> FindAsync(string node, string token, CancellationToken cancellationToken)
    {
        var request = new ResolveIdentifierRequest { Identifier = Workload.Identifier(node), AfterToken = token };
        try
        {
            return (await client.Identities.ResolveIdentifierAsync(request, Patient, cancellationToken)).CustomerId;
        }
        catch (CallException e) when (e.StatusCode == Code.NotFound)
        {
            return null;
        }
    }

    private void Differ(ref int count, int by, string difference)
    {
        count += by;
        if (_differences.Count < MostDifferences) _differences.Add(difference);
    }

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Number, CultureInfo.InvariantCulture);

    private sealed record Group(List<string> Nodes, List<Event> Events);
}
