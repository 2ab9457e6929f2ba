using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
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

    /// <summary>Hashes the key alone: it holds a keyed hash, which hardly two tenants share.</summary>
    public static IEqualityComparer<LinkKey> ByKey { get; } = EqualityComparer<LinkKey>.Create(
        static (a, b) => string.Equals(a.Key, b.Key, StringComparison.Ordinal) && string.Equals(a.Tenant, b.Tenant, StringComparison.Ordinal),
        static link => link.Key.GetHashCode(StringComparison.Ordinal));
}

/// <summary>Where one event goes; no customer where it was refused or lost.</summary>
internal readonly record struct EventTarget(LogEntry Entry, string Customer, MintedEntry? Mint)
{
    /// <summary>It was erased with its customer and sent again: to be erased once more.</summary>
    public bool IsErased { get; init; }
}

/// <summary>The merges that one event's identifiers need, in order, and the links to point when all are done.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Orders">The merges. Other events may need them as well: each runs them, since its own links wait for them.</param>
/// <param name="Fresh">Losers of those that no event before it in the batch needs.</param>
/// <param name="Links">The links.</param>
internal sealed record MergeRun(string Tenant, IReadOnlyList<MergeOrder> Orders, IReadOnlySet<string> Fresh, IReadOnlyList<LinkTarget> Links);

/// <summary>What a batch of events needs: where each goes, and where the outcomes go that some of them carry.</summary>
internal sealed record Resolution(
    IReadOnlyList<EventTarget> Targets,
    IReadOnlyList<LinkTarget> Links,
    IReadOnlyList<MergeRun> Merges);

/// <summary>
/// Finds the customer of each event: from the cache, from the links, and, for the events whose identifiers do not all
/// belong to one customer, from the tenant's identity grain in one call per batch.
/// </summary>
/// <param name="grains">Reaches grains.</param>
/// <param name="states">Where links are kept.</param>
/// <param name="definitions">The tenants' rules.</param>
/// <param name="calls">Makes calls until they succeed.</param>
/// <param name="cachedLinks">Links remembered at least, where that many are used; positive.</param>
internal sealed class LinkResolver(IGrains grains, IStateStore states, IDefinitions definitions, HandOvers calls, int cachedLinks)
{
    private const int CachedRefusals = 16_384;

    private readonly LinkCache _links = new(cachedLinks);
    private readonly GenerationCache<(LinkKey Anchor, string Other), bool> _refusals = new(CachedRefusals);

    /// <summary>Resolves a batch.</summary>
    public async ValueTask<Resolution> ResolveAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        var found = await ReadLinksAsync(entries, cancellationToken);
        var targets = new EventTarget[entries.Count + entries.Count(static entry => entry.Event?.Carried is not null)];
        Dictionary<string, List<OpenEvent>>? open = null;
        var links = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (!HasKeys(entry))
            {
                targets[i] = new EventTarget(entry, CustomerOfOutcome(entry), null);
                continue;
            }

            var keys = entry.Event.Keys.Count;
            var rules = (definitions.Find(entry.Tenant) ?? await DefinitionsAsync(entry.Tenant, cancellationToken)).Namespaces;
            if (Settled(entry, found.AsSpan(links, keys), rules) is { } customer) targets[i] = new EventTarget(entry, customer, null);
            else Of(open ??= new(StringComparer.Ordinal), entry.Tenant).Add(new OpenEvent(i, entry, found.AsMemory(links, keys)));
            links += keys;
        }

        if (targets.Length > entries.Count) AddCarried(entries, targets);
        if (open is null) return new Resolution(targets, [], []);
        var pointed = new List<LinkTarget>();
        var merges = new List<MergeRun>();
        foreach (var (tenant, events) in open) await AskAsync(tenant, events, targets, pointed, merges, cancellationToken);
        return new Resolution(targets, pointed, merges);
    }

    /// <summary>Resolves one event anew, whatever links say: who they lead to is erased.</summary>
    public async ValueTask<Resolution> ResolveAgainAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        var targets = new EventTarget[] { new(entry, string.Empty, null) };
        var pointed = new List<LinkTarget>();
        var merges = new List<MergeRun>();

        // Of an erased event nothing is left that could be anybody's.
        if (HasKeys(entry) && !entry.Event.Erased)
            await AskAsync(entry.Tenant, [new OpenEvent(0, entry, Enumerable.Repeat(LinkLead.Nowhere, entry.Event.Keys.Count).ToArray())], targets, pointed, merges, cancellationToken);
        return new Resolution(targets, pointed, merges);
    }

    /// <summary>Points a link, now and in the cache.</summary>
    public async ValueTask PointAsync(LinkTarget link, CancellationToken cancellationToken)
    {
        var request = new PointLinkRequest { Customer = link.Customer, Version = link.Version };
        await calls.CallAsync(() => grains.Get<IIdentityLink>(link.Link.GrainKey).Point(request, cancellationToken), cancellationToken);
        _links.Set(link.Link, link.Customer);
    }

    /// <summary>A customer gave itself up to another: events of whoever named it go there.</summary>
    public void Moved(string loser, string winner) => _links.Forward(loser, winner);

    /// <summary>The customer in whose history the decision of an outcome stands; empty for anything else.</summary>
    private static string CustomerOfOutcome(LogEntry entry) =>
        entry.Event?.Outcome is { } outcome && DecisionId.TryParse(outcome.DecisionId, out var id) ? id.Customer : string.Empty;

    /// <summary>
    /// Outcomes that events carry, behind the events and at their positions: each goes to where its decision stands, whoever
    /// the event's customer is.
    /// </summary>
    private static void AddCarried(IReadOnlyList<LogEntry> entries, EventTarget[] targets)
    {
        var at = entries.Count;
        foreach (var entry in entries)
        {
            if (entry.Event?.Carried is not { } carried) continue;
            var outcome = new LoggedEvent { ReceivedAt = entry.Event.ReceivedAt, ApiKeyId = entry.Event.ApiKeyId, Outcome = carried };
            var made = new LogEntry { Partition = entry.Partition, Position = entry.Position, Tenant = entry.Tenant, Event = outcome };
            targets[at++] = new EventTarget(made, CustomerOfOutcome(made), null);
        }
    }

    private static bool HasKeys(LogEntry entry) => entry.Event is { Refused: null, Keys.Count: > 0 };

    /// <summary>Where all keys of all entries lead, one after another.</summary>
    private async ValueTask<LinkLead[]> ReadLinksAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var entry in entries) count += HasKeys(entry) ? entry.Event.Keys.Count : 0;
        var found = new LinkLead[count];
        List<(int At, int Read)>? missing = null;
        Dictionary<LinkKey, int>? places = null;
        List<LinkKey>? reads = null;
        var at = 0;
        foreach (var entry in entries)
        {
            if (!HasKeys(entry)) continue;
            for (var i = 0; i < entry.Event.Keys.Count; i++, at++)
            {
                var key = LinkOf(entry, i);
                if (_links.Find(key) is { } known)
                {
                    found[at] = known;
                    continue;
                }

                reads ??= [];
                if ((places ??= new(LinkKey.ByKey)).TryAdd(key, reads.Count)) reads.Add(key);
                (missing ??= []).Add((at, places[key]));
            }
        }

        if (missing is null) return found;
        var customers = await ReadAsync(reads!, cancellationToken);
        foreach (var (place, read) in missing) found[place] = _links.Follow(customers[read]);
        return found;
    }

    private async ValueTask<string[]> ReadAsync(List<LinkKey> links, CancellationToken cancellationToken)
    {
        var keys = links.ConvertAll(static link => link.GrainKey);
        var customers = await calls.CallAsync(() => IdentityLinkGrain.ReadManyAsync(states, keys, cancellationToken), cancellationToken);
        for (var i = 0; i < customers.Length; i++)
        {
            if (customers[i].Length > 0) _links.Set(links[i], customers[i]);
        }

        return customers;
    }

    /// <summary>The customer of an event about whose identifiers nothing is left to decide; else null.</summary>
    private string? Settled(LogEntry entry, ReadOnlySpan<LinkLead> found, NamespaceRules rules)
    {
        var (customer, forwarded) = found[0];
        if (customer.Length == 0) return null;
        for (var i = 1; i < found.Length; i++)
        {
            // It may be this very event that is to end the merge.
            if (forwarded || found[i].Forwarded) return null;
            if (found[i].Customer == customer) continue;
            if (found[i].Customer.Length > 0 && rules.OfKey(entry.Event.Keys[i].Key).IsReference) continue;
            if (!_refusals.TryFind((LinkOf(entry, 0), entry.Event.Keys[i].Key), out _)) return null;
        }

        return customer;
    }

    private async ValueTask AskAsync(
        string tenant, List<OpenEvent> events, EventTarget[] targets, List<LinkTarget> links, List<MergeRun> merges, CancellationToken cancellationToken)
    {
        var tenantDefinitions = await DefinitionsAsync(tenant, cancellationToken);
        var request = new DecideIdentityRequest();
        foreach (var open in events) request.Questions.Add(Question(open.Entry, tenantDefinitions));
        var reply = await calls.CallAsync(() => grains.Get<IIdentity>(tenant).Decide(request, cancellationToken), cancellationToken);
        var merged = new HashSet<string>(StringComparer.Ordinal);
        var moved = new Dictionary<LinkKey, string>(LinkKey.ByKey);
        for (var q = 0; q < events.Count; q++)
        {
            var (index, entry, found) = events[q];
            var answer = reply.Answers[q];
            if (answer.Erased)
            {
                targets[index] = new EventTarget(entry, string.Empty, null) { IsErased = true };
                continue;
            }

            var mint = new MintedEntry { IdentitySequence = answer.Minted, At = answer.MintedAt, After = { answer.After } };
            targets[index] = new EventTarget(entry, answer.Customer, mint);
            var pointed = new List<LinkTarget>();
            for (var i = 0; i < answer.Customers.Count; i++)
            {
                var key = LinkOf(entry, i);
                var customer = answer.Customers[i];
                if (customer.Length > 0 && customer != moved.GetValueOrDefault(key, Named(found.Span[i])))
                {
                    pointed.Add(new LinkTarget(key, customer, answer.Sequence));
                    moved[key] = customer;
                }

                if (i > 0 && customer != answer.Customer && !tenantDefinitions.Namespaces.OfKey(entry.Event.Keys[i].Key).IsReference)
                    _refusals.Set((LinkOf(entry, 0), key.Key), true);
            }

            if (answer.Merges.Count > 0)
            {
                var fresh = answer.Merges.Select(m => m.Loser).Where(merged.Add).ToHashSet(StringComparer.Ordinal);
                merges.Add(new MergeRun(tenant, answer.Merges, fresh, pointed));
            }
            else
            {
                links.AddRange(pointed);
            }
        }
    }

    private static IdentityQuestion Question(LogEntry entry, Definitions definitions)
    {
        var logged = entry.Event;
        var head = EventReader.Head(logged.Event.Span);
        var question = new IdentityQuestion
        {
            At = logged.ReceivedAt,
            IdHashHigh = logged.IdHashHigh,
            IdHashLow = logged.IdHashLow,
            Evidence = new Evidence
            {
                EventId = head.Id,
                Source = logged.Source,
                Type = head.Type,
                Channel = head.Channel,
                Partition = entry.Partition,
                Position = entry.Position,
            },
        };
        foreach (var key in logged.Keys)
        {
            // Of an erased event the keys alone are left: they follow what was decided when it was first applied.
            var value = logged.Erased ? string.Empty : Normalized(head.Identifiers[key.Index], definitions.Namespaces);
            question.Identifiers.Add(new IdentifierValue { Key = key.Key, Value = value });
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

    /// <summary>The customer that a link names; empty where it names another than it leads to.</summary>
    private static string Named(LinkLead found) => found.Forwarded ? string.Empty : found.Customer;

    private static LinkKey LinkOf(LogEntry entry, int index) => new(entry.Tenant, entry.Event.Keys[index].Key);

    private static List<OpenEvent> Of(Dictionary<string, List<OpenEvent>> lists, string tenant)
    {
        if (!lists.TryGetValue(tenant, out var list)) lists[tenant] = list = [];
        return list;
    }

    /// <summary>An event about whose identifiers something is to be decided, and what the links said of each.</summary>
    private readonly record struct OpenEvent(int Index, LogEntry Entry, ReadOnlyMemory<LinkLead> Found);
}
