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

/// <summary>An event about whose identifiers something is to be decided, and what the links said of each.</summary>
internal readonly record struct UndecidedEvent(LogEntry Entry, ReadOnlyMemory<LinkLead> Found);

/// <summary>Events of one tenant about whose identifiers something is to be decided.</summary>
internal sealed record UndecidedEvents(string Tenant, List<UndecidedEvent> Events);

/// <summary>A batch of events, as links tell them apart.</summary>
/// <param name="Settled">Where the others go, and the outcomes that any of them carries.</param>
/// <param name="Undecided">Those that the identity record has to be asked about.</param>
internal sealed record SortedEvents(IReadOnlyList<EventTarget> Settled, IReadOnlyCollection<UndecidedEvents> Undecided);

/// <summary>What events need.</summary>
internal sealed record Resolution(
    IReadOnlyList<EventTarget> Targets,
    IReadOnlyList<LinkTarget> Links,
    IReadOnlyList<MergeRun> Merges);

/// <summary>
/// Finds the customer of each event: from the cache, from the links, and, for the events whose identifiers do not all
/// belong to one customer, from the tenant's identity grain in one call per batch. What is settled does not wait for what is to be
/// decided: a decision waits for the disk.
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

    /// <summary>Tells the events of a batch apart.</summary>
    public async ValueTask<SortedEvents> SortAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        var found = await ReadLinksAsync(entries, cancellationToken);
        var settled = new List<EventTarget>(entries.Count);
        Dictionary<string, UndecidedEvents>? open = null;
        var links = 0;
        foreach (var entry in entries)
        {
            if (!HasKeys(entry))
            {
                settled.Add(new EventTarget(entry, CustomerOfOutcome(entry), null));
                continue;
            }

            var keys = entry.Event.Keys.Count;
            var rules = (definitions.Find(entry.Tenant) ?? await DefinitionsAsync(entry.Tenant, cancellationToken)).Namespaces;
            if (Settled(entry, found.AsSpan(links, keys), rules) is { } customer) settled.Add(new EventTarget(entry, customer, null));
            else Of(open ??= new(StringComparer.Ordinal), entry.Tenant).Events.Add(new UndecidedEvent(entry, found.AsMemory(links, keys)));
            links += keys;
        }

        AddCarried(entries, settled);
        return new SortedEvents(settled, open is null ? [] : open.Values);
    }

    /// <summary>Resolves one event anew, whatever links say: who they lead to is erased.</summary>
    public async ValueTask<Resolution> ResolveAgainAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        // Of an erased event nothing is left that could be anybody's.
        if (!HasKeys(entry) || entry.Event.Erased) return new Resolution([new(entry, string.Empty, null)], [], []);
        var nowhere = Enumerable.Repeat(LinkLead.Nowhere, entry.Event.Keys.Count).ToArray();
        return await DecideAsync(new UndecidedEvents(entry.Tenant, [new UndecidedEvent(entry, nowhere)]), cancellationToken);
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
    private static void AddCarried(IReadOnlyList<LogEntry> entries, List<EventTarget> targets)
    {
        foreach (var entry in entries)
        {
            if (entry.Event?.Carried is not { } carried) continue;
            var outcome = new LoggedEvent { ReceivedAt = entry.Event.ReceivedAt, ApiKeyId = entry.Event.ApiKeyId, Outcome = carried };
            var made = new LogEntry { Partition = entry.Partition, Position = entry.Position, Tenant = entry.Tenant, Event = outcome };
            targets.Add(new EventTarget(made, CustomerOfOutcome(made), null));
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

    /// <summary>Asks the tenant's identity record.</summary>
    public async ValueTask<Resolution> DecideAsync(UndecidedEvents undecided, CancellationToken cancellationToken)
    {
        var (tenant, events) = undecided;
        var targets = new EventTarget[events.Count];
        var links = new List<LinkTarget>();
        var merges = new List<MergeRun>();
        var tenantDefinitions = await DefinitionsAsync(tenant, cancellationToken);
        var request = new DecideIdentityRequest();
        foreach (var open in events) request.Questions.Add(Question(open.Entry, tenantDefinitions));
        var reply = await calls.CallAsync(() => grains.Get<IIdentity>(tenant).Decide(request, cancellationToken), cancellationToken);
        var merged = new HashSet<string>(StringComparer.Ordinal);
        var moved = new Dictionary<LinkKey, string>(LinkKey.ByKey);
        for (var q = 0; q < events.Count; q++)
        {
            var (entry, found) = events[q];
            var answer = reply.Answers[q];
            if (answer.Erased)
            {
                targets[q] = new EventTarget(entry, string.Empty, null) { IsErased = true };
                continue;
            }

            var mint = new MintedEntry { IdentitySequence = answer.Minted, At = answer.MintedAt, After = { answer.After } };
            targets[q] = new EventTarget(entry, answer.Customer, mint);
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

        return new Resolution(targets, links, merges);
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

    private static UndecidedEvents Of(Dictionary<string, UndecidedEvents> lists, string tenant)
    {
        if (!lists.TryGetValue(tenant, out var list)) lists[tenant] = list = new UndecidedEvents(tenant, []);
        return list;
    }
}
