namespace Cdp.Domain.Tests.Identity;

/// <summary>The plainest union-find: the oracle of groups without limits.</summary>
internal sealed class UnionFind
{
    private readonly Dictionary<string, string> _parents = [];

    public void Union(IEnumerable<string> items)
    {
        string? first = null;
        foreach (var item in items)
        {
            _parents.TryAdd(item, item);
            if (first is null) first = item;
            else _parents[Find(item)] = Find(first);
        }
    }

    public string Find(string item) => _parents[item] == item ? item : Find(_parents[item]);

    public List<string> Groups() =>
        [.. _parents.Keys.GroupBy(Find).Select(g => string.Join(' ', g.Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];
}
