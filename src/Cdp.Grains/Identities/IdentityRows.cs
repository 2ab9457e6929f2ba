using System.Globalization;
using Cdp.Domain.Identity;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Identities;

/// <summary>The rows of one tenant's identity record: a bounded cache before the state store.</summary>
internal sealed class IdentityRows : IIdentityRows
{
    private const string MarkKind = "identity-mark";
    private const string NodeKind = "identity-node";
    private const string GroupKind = "identity-group";
    private const string RefusalKind = "identity-refusal";
    private const string PageKind = "identity-fact-page";

    /// <summary>All kinds; the mark, which vouches for the others, first.</summary>
    public static readonly IReadOnlyList<string> Kinds = [MarkKind, NodeKind, GroupKind, RefusalKind, PageKind, MentionRows.Kind];

    private readonly IStateStore _store;
    private readonly string _tenant;
    private readonly RowSet<IdentityNode> _nodes;
    private readonly RowSet<IdentityGroup> _groups;
    private readonly RowSet<IdentityRefusal> _refusals;
    private readonly RowSet<IdentityFactPage> _pages;
    private readonly MentionRows _mentions;
    private string? _markTag;

    public IdentityRows(IStateStore store, string tenant, IdentityOptions options)
    {
        _store = store;
        _tenant = tenant;
        var prefix = tenant + "/";
        _nodes = new(store, Clock, NodeKind, prefix, options.Nodes, IdentityNode.Parser, n => n.Sequence);
        _groups = new(store, Clock, GroupKind, prefix, options.Groups, IdentityGroup.Parser, IdentityFold.VersionOf);
        _refusals = new(store, Clock, RefusalKind, prefix, options.Refusals, IdentityRefusal.Parser, r => r.Sequence);
        // A page never changes: whoever wrote it first wrote the same.
        _pages = new(store, Clock, PageKind, prefix, options.FactPages, IdentityFactPage.Parser, _ => 0);
        _mentions = new(store, prefix);
    }

    /// <summary>The calls under way.</summary>
    public UseClock Clock { get; } = new();

    /// <summary>Rows that the store does not have yet.</summary>
    public int Dirty => _nodes.Dirty + _groups.Dirty + _refusals.Dirty + _pages.Dirty + _mentions.Dirty;

    /// <summary>Rows in memory.</summary>
    public int Count => _nodes.Count + _groups.Count + _refusals.Count + _pages.Count + _mentions.Dirty;

    public IdentityNode? Node(string key) => _nodes.Get(key);

    public IdentityGroup? Group(string customer) => _groups.Get(customer);

    public IdentityRefusal? Refusal(string pair) => _refusals.Get(pair);

    public void AddMention(string key, long sequence) => _mentions.Add(key, sequence);

    public void PutNode(string key, IdentityNode node) => _nodes.Put(key, node);

    public void AddGroup(string customer, IdentityGroup group)
    {
        // Replaying the record loads the row first; a customer decided just now has none in the store.
        if (!_groups.TryGet(customer, out var known) || known is null) _groups.Put(customer, group);
    }

    public void PutGroup(string customer, IdentityGroup group) => _groups.Put(customer, group);

    public void PutRefusal(string pair, IdentityRefusal refusal) => _refusals.Put(pair, refusal);

    public void PutFactPage(string customer, int number, IdentityFactPage page) => _pages.Put(PageKey(customer, number), page);

    /// <summary>Loads what deciding some questions may read. Afterwards, and until the next await, all of it is there.</summary>
    public async ValueTask LoadAsync(IEnumerable<IdentityQuestionNeeds> questions)
    {
        var missing = new List<Task>();
        do
        {
            missing.Clear();
            foreach (var question in questions)
            {
                foreach (var key in question.Keys)
                {
                    if (!_nodes.TryGet(key, out var node)) missing.Add(_nodes.LoadAsync(key));
                    else if (node is not null) NeedStanding(node.Customer, missing);
                }

                if (missing.Count == 0) NeedRefusals(question, missing);
            }

            await Task.WhenAll(missing);
        }
        while (missing.Count > 0);
    }

    /// <summary>Loads a group and those it was merged into, up to the one that stands. Returns that one; null: never minted.</summary>
    public async ValueTask<(string Customer, IdentityGroup Group)?> LoadStandingAsync(string customer)
    {
        while (true)
        {
            var group = await LoadGroupAsync(customer);
            if (group is null) return null;
            if (group.MergedInto.Length == 0) return (customer, group);
            customer = group.MergedInto;
        }
    }

    /// <summary>Loads one group; null: never minted.</summary>
    public ValueTask<IdentityGroup?> LoadGroupAsync(string customer) => LoadAsync(_groups, customer);

    /// <summary>Loads the rows of identifiers.</summary>
    public async ValueTask LoadNodesAsync(IEnumerable<string> keys)
    {
        foreach (var key in keys) await LoadAsync(_nodes, key);
    }

    /// <summary>Reads the decisions about others that name an identifier.</summary>
    public ValueTask<IdentityMentions> ReadMentionsAsync(string key) => _mentions.ReadAsync(key);

    /// <summary>Loads one page of older facts.</summary>
    public async ValueTask<IdentityFactPage> LoadFactPageAsync(string customer, int number) =>
        await LoadAsync(_pages, PageKey(customer, number))
        ?? throw new InvalidDataException($"Page {number} of the facts of customer {customer} is missing; replay the identity record.");

    /// <summary>Folds a decision of the record, loading what that needs.</summary>
    public async ValueTask ReplayAsync(IdentityDecision decision, long sequence)
    {
        using var use = Clock.Begin();
        var (keys, customers, pair) = NeedsOf(decision);
        foreach (var key in keys) await LoadAsync(_nodes, key);
        foreach (var customer in customers) await LoadGroupAsync(customer);
        if (pair is not null) await LoadAsync(_refusals, pair);
        IdentityFold.Apply(this, decision, sequence);
    }

    /// <summary>Reads up to where the stored rows reflect the record.</summary>
    public async ValueTask<long> ReadMarkAsync()
    {
        var row = await _store.ReadAsync(MarkKind, _tenant, CancellationToken.None);
        _markTag = row.Tag;
        return row.Exists ? IdentityMark.Parser.ParseFrom(row.Value.Span).Sequence : 0;
    }

    /// <summary>Takes the rows as they are now and returns how to write them once they are durable in the record.</summary>
    /// <param name="end">Length of the record that they reflect.</param>
    public IdentityFlush Capture(long end)
    {
        var (nodes, groups, refusals, pages, mentions) = (_nodes.Capture(), _groups.Capture(), _refusals.Capture(), _pages.Capture(), _mentions.Capture());
        return new IdentityFlush(
            async () =>
            {
                // Pages first: a group's row that counts a page must not be there without it.
                await _pages.WriteAsync(pages);
                await Task.WhenAll(_nodes.WriteAsync(nodes), _groups.WriteAsync(groups), _refusals.WriteAsync(refusals), _mentions.WriteAsync(mentions));
                await WriteMarkAsync(end);
            },
            () =>
            {
                _nodes.Restore(nodes);
                _groups.Restore(groups);
                _refusals.Restore(refusals);
                _pages.Restore(pages);
                _mentions.Restore(mentions);
            });
    }

    /// <summary>Lets go of rows beyond the bounds.</summary>
    public void Trim()
    {
        _nodes.Trim();
        _groups.Trim();
        _refusals.Trim();
        _pages.Trim();
    }

    private async Task WriteMarkAsync(long end)
    {
        var bytes = new IdentityMark { Sequence = end }.ToByteArray();
        var tag = await _store.WriteAsync(MarkKind, _tenant, bytes, _markTag, CancellationToken.None);
        while (tag is null && await ReadMarkAsync() < end)
        {
            tag = await _store.WriteAsync(MarkKind, _tenant, bytes, _markTag, CancellationToken.None);
        }

        _markTag = tag ?? _markTag;
    }

    private void NeedRefusals(in IdentityQuestionNeeds question, List<Task> missing)
    {
        var anchorIsNew = _nodes.Get(question.Anchor) is null;
        foreach (var key in question.Keys)
        {
            if (key == question.Anchor) continue;
            var pair = IdentifierPair.Of(key, question.Anchor);
            if (_refusals.TryGet(pair, out _)) continue;

            // Of a refused pair one had a customer: two newcomers were never refused, and nothing has to be read.
            if (anchorIsNew && _nodes.Get(key) is null) _refusals.PutAbsent(pair);
            else missing.Add(_refusals.LoadAsync(pair));
        }
    }

    private void NeedStanding(string customer, List<Task> missing)
    {
        while (customer.Length > 0)
        {
            if (!_groups.TryGet(customer, out var group))
            {
                missing.Add(_groups.LoadAsync(customer));
                return;
            }

            customer = group?.MergedInto ?? throw new InvalidDataException(
                $"Customer {customer} is linked but has no group; replay the identity record.");
        }
    }

    private static async ValueTask<T?> LoadAsync<T>(RowSet<T> rows, string key) where T : class, IMessage<T>
    {
        T? value;
        while (!rows.TryGet(key, out value)) await rows.LoadAsync(key);
        return value;
    }

    private static (IReadOnlyList<string> Keys, IReadOnlyList<string> Customers, string? Pair) NeedsOf(IdentityDecision decision) =>
        decision.KindCase switch
        {
            IdentityDecision.KindOneofCase.Minted => ([decision.Minted.Identifier.Key], [decision.Minted.Customer], null),
            IdentityDecision.KindOneofCase.Linked => ([decision.Linked.Identifier.Key], [decision.Linked.Customer], null),
            IdentityDecision.KindOneofCase.Merged => ([], [decision.Merged.Loser, decision.Merged.Winner], null),
            IdentityDecision.KindOneofCase.Refused =>
                ([], [decision.Refused.Customer], IdentifierPair.Of(decision.Refused.Identifier.Key, decision.Refused.With.Key)),
            IdentityDecision.KindOneofCase.Erased => ([.. decision.Erased.Keys], [decision.Erased.Customer], null),
            _ => ([], [], null),
        };

    private static string PageKey(string customer, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{customer}/{number}");
}
