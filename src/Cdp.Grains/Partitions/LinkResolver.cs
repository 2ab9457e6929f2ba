using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Grains.Partitions;

/// <summary>A link that has to point to a customer.</summary>
internal sealed record LinkTarget(LinkKey Link, string Customer, long Version);

/// <summary>An identifier of a tenant: which link.</summary>
internal readonly record struct LinkKey(string Tenant, string Key)
{
    /// <summary>Key of the link's grain.</summary>
    public string GrainKey => string.Concat(Tenant, "/", Key);
}

/// <summary>Where one event goes; no customer where it was refused or erased.</summary>
internal readonly record struct EventTarget(LogEntry Entry, string Customer, MintedEntry? Mint);

/// <summary>The merges that one event's identifiers need, in order, and the links to point when all are done.</summary>
internal sealed record MergeRun(string Tenant, IReadOnlyList<MergeOrder> Orders, IReadOnlyList<LinkTarget> Links);

/// <summary>What a batch of events needs.</summary>
internal sealed record Resolution(
    IReadOnlyList<EventTarget> Targets,
    IReadOnlyList<LinkTarget> Links,
    IReadOnlyList<MergeRun> Merges);

/// <summary>
/// Finds the customer of each event: from the cache, from the links, and, for the events whose identifiers do not all
/// belong to one customer, from the tenant's identity grain in one call per batch.
/// </summary>
internal sealed class LinkResolver(IGrains grains, IDefinitions definitions, HandOvers calls)
{
    private const int CachedLinks = 65_536;
    private const int CachedRefusals = 16_384;

    private readonly LinkCache<LinkKey> _links = new(CachedLinks);
    private readonly LinkCache<(LinkKey Anchor, string Other)> _refusals = new(CachedRefusals);

    /// <summary>Resolves a batch.</summary>
    public async ValueTask<Resolution> ResolveAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        var found = await ReadLinksAsync(entries, cancellationToken);
        var targets = new EventTarget[entries.Count];
        Dictionary<string, List<int>>? open = null;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Event is null || entry.Event.Refused is not null || entry.Event.Keys.Count == 0)
            {
                targets[i] = new EventTarget(entry, string.Empty, null);
                continue;
            }

            var rules = (await DefinitionsAsync(entry.Tenant, cancellationToken)).Namespaces;
            if (Settled(entry, found, rules) is { } customer) targets[i] = new EventTarget(entry, customer, null);
            else Of(open ??= new(StringComparer.Ordinal), entry.Tenant).Add(i);
        }

        var links = new List<LinkTarget>();
        var merges = new List<MergeRun>();
        foreach (var (tenant, indexes) in open ?? [])
            await AskAsync(tenant, indexes, entries, found, targets, links, merges, cancellationToken);
        return new Resolution(targets, links, merges);
    }

    /// <summary>Points a link, now and in the cache.</summary>
    public async ValueTask PointAsync(LinkTarget link, CancellationToken cancellationToken)
    {
        var request = new PointLinkRequest { Customer = link.Customer, Version = link.Version };
        await calls.CallAsync(() => grains.Get<IIdentityLink>(link.Link.GrainKey).Point(request, cancellationToken), cancellationToken);
        _links.Set(link.Link, link.Customer);
    }

    /// <summary>The customer that an event was sent to is another now.</summary>
    public void Moved(LogEntry entry, string customer)
    {
        _links.Set(LinkOf(entry, 0), customer);
    }

    private async ValueTask<Dictionary<LinkKey, string>> ReadLinksAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        var found = new Dictionary<LinkKey, string>();
        List<LinkKey>? missing = null;
        foreach (var entry in entries)
        {
            if (entry.Event is null || entry.Event.Refused is not null) continue;
            for (var i = 0; i < entry.Event.Keys.Count; i++)
            {
                var key = LinkOf(entry, i);
                if (found.ContainsKey(key)) continue;
                var customer = _links.Find(key);
                found[key] = customer ?? string.Empty;
                if (customer is null) (missing ??= []).Add(key);
            }
        }

        if (missing is null) return found;
        var request = new ResolveLinkRequest();
        await Task.WhenAll(missing.Select(ReadAsync));
        return found;

        async Task ReadAsync(LinkKey key)
        {
            var reply = await calls.CallAsync(() => grains.Get<IIdentityLink>(key.GrainKey).Resolve(request, cancellationToken), cancellationToken);
            if (reply.Customer.Length == 0) return;
            found[key] = reply.Customer;
            _links.Set(key, reply.Customer);
        }
    }

    /// <summary>The customer of an event about whose identifiers nothing is left to decide; else null.</summary>
    private string? Settled(LogEntry entry, Dictionary<LinkKey, string> found, NamespaceRules rules)
    {
        var keys = entry.Event.Keys;
        var anchor = LinkOf(entry, 0);
        var customer = found[anchor];
        if (customer.Length == 0) return null;
        for (var i = 1; i < keys.Count; i++)
        {
            var key = LinkOf(entry, i);
            var other = found[key];
            if (other == customer) continue;
            if (other.Length > 0 && rules.OfKey(keys[i].Key).IsReference) continue;
            if (_refusals.Find((anchor, key.Key)) is null) return null;
        }

        return customer;
    }

    private async ValueTask AskAsync(
        string tenant, List<int> indexes, IReadOnlyList<LogEntry> entries, Dictionary<LinkKey, string> found, EventTarget[] targets,
        List<LinkTarget> links, List<MergeRun> merges, CancellationToken cancellationToken)
    {
        var tenantDefinitions = await DefinitionsAsync(tenant, cancellationToken);
        var request = new DecideIdentityRequest();
        foreach (var index in indexes) request.Questions.Add(Question(entries[index], tenantDefinitions));
        var reply = await calls.CallAsync(() => grains.Get<IIdentity>(tenant).Decide(request, cancellationToken), cancellationToken);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var q = 0; q < indexes.Count; q++)
        {
            var entry = entries[indexes[q]];
            var answer = reply.Answers[q];
            var mint = new MintedEntry { IdentitySequence = answer.Minted, At = answer.MintedAt };
            targets[indexes[q]] = new EventTarget(entry, answer.Customer, mint);
            var pointed = new List<LinkTarget>();
            for (var i = 0; i < answer.Customers.Count; i++)
            {
                var key = LinkOf(entry, i);
                var customer = answer.Customers[i];
                if (customer.Length > 0 && customer != found[key])
                {
                    pointed.Add(new LinkTarget(key, customer, answer.Sequence));
                    found[key] = customer;
                }

                if (i > 0 && customer != answer.Customer && !tenantDefinitions.Namespaces.OfKey(entry.Event.Keys[i].Key).IsReference)
                    _refusals.Set((LinkOf(entry, 0), key.Key), "refused");
            }

            var orders = answer.Merges.Where(m => seen.Add(m.Loser)).ToList();
            if (orders.Count > 0) merges.Add(new MergeRun(tenant, orders, pointed));
            else links.AddRange(pointed);
        }
    }

    private static IdentityQuestion Question(LogEntry entry, Definitions definitions)
    {
        var logged = entry.Event;
        var question = new IdentityQuestion
        {
            At = logged.ReceivedAt,
            Evidence = new Evidence
            {
                EventId = logged.Event.Id,
                Source = logged.Source,
                Type = logged.Event.Type,
                Channel = logged.Event.Channel,
                Partition = entry.Partition,
                Position = entry.Position,
            },
        };
        foreach (var key in logged.Keys)
        {
            var identifier = logged.Event.Identifiers[key.Index];
            question.Identifiers.Add(new IdentifierValue { Key = key.Key, Value = Normalized(identifier, definitions.Namespaces) });
        }

        return question;
    }

    private static string Normalized(Identifier identifier, NamespaceRules rules)
    {
        var resolution = IdentifierNormalizer.Normalize(rules.Of(identifier.Namespace), identifier.Value, rules.Country);
        return resolution.Outcome == IdentifierOutcome.Usable ? resolution.Value : identifier.Value;
    }

    private async ValueTask<Definitions> DefinitionsAsync(string tenant, CancellationToken cancellationToken) =>
        await definitions.GetAsync(tenant, cancellationToken)
        ?? throw new InvalidOperationException($"The log holds events of tenant '{tenant}', which is not known.");

    private static LinkKey LinkOf(LogEntry entry, int index) => new(entry.Tenant, entry.Event.Keys[index].Key);

    private static List<int> Of(Dictionary<string, List<int>> lists, string tenant)
    {
        if (!lists.TryGetValue(tenant, out var list)) lists[tenant] = list = [];
        return list;
    }
}
