using Cdp.Domain.Identity;
using Cdp.State.V1;

namespace Cdp.Domain.Tests.Identity;

/// <summary>Rows without a store.</summary>
internal sealed class MemoryIdentityRows : IIdentityRows
{
    public Dictionary<string, IdentityNode> Nodes { get; } = [];

    public Dictionary<string, IdentityGroup> Groups { get; } = [];

    public Dictionary<string, IdentityRefusal> Refusals { get; } = [];

    public Dictionary<(string Customer, int Number), IdentityFactPage> Pages { get; } = [];

    public IdentityNode? Node(string key) => Nodes.GetValueOrDefault(key);

    public IdentityGroup? Group(string customer) => Groups.GetValueOrDefault(customer);

    public IdentityRefusal? Refusal(string pair) => Refusals.GetValueOrDefault(pair);

    public void PutNode(string key, IdentityNode node) => Nodes[key] = node;

    public void AddGroup(string customer, IdentityGroup group) => Groups.TryAdd(customer, group);

    public void PutGroup(string customer, IdentityGroup group) => Groups[customer] = group;

    public Dictionary<string, IdentityMentions> Mentions { get; } = new(StringComparer.Ordinal);

    public void AddMention(string key, long sequence)
    {
        if (!Mentions.TryGetValue(key, out var known)) Mentions[key] = known = new IdentityMentions();
        IdentityFold.Mention(known, sequence);
    }

    public void PutRefusal(string pair, IdentityRefusal refusal) => Refusals[pair] = refusal;

    public void PutFactPage(string customer, int number, IdentityFactPage page) => Pages[(customer, number)] = page;

    public string? StandingOf(string key)
    {
        if (Node(key) is not { } node) return null;
        var customer = node.Customer;
        while (Groups[customer].MergedInto.Length > 0) customer = Groups[customer].MergedInto;
        return customer;
    }

    /// <summary>Some of the rows, as they are now: what a store holds after a crash between two writes.</summary>
    public MemoryIdentityRows CopySome(Func<string, bool> keep)
    {
        var copy = new MemoryIdentityRows();
        foreach (var (key, node) in Nodes.Where(n => keep(n.Key))) copy.Nodes[key] = node.Clone();
        foreach (var (key, group) in Groups.Where(g => keep(g.Key))) copy.Groups[key] = group.Clone();
        foreach (var (key, refusal) in Refusals.Where(r => keep(r.Key))) copy.Refusals[key] = refusal.Clone();

        // Pages are written before the groups that count them.
        foreach (var (key, page) in Pages) copy.Pages[key] = page.Clone();
        return copy;
    }
}
