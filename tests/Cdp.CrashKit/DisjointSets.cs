namespace Cdp.CrashKit;

/// <summary>Union-find over texts: the oracle of groups.</summary>
public sealed class DisjointSets
{
    private readonly Dictionary<string, string> _parents = new(StringComparer.Ordinal);

    public IEnumerable<string> Nodes => _parents.Keys;

    public void Join(IReadOnlyList<string> nodes)
    {
        foreach (var node in nodes) _parents.TryAdd(node, node);
        for (var i = 1; i < nodes.Count; i++) _parents[Root(nodes[i])] = Root(nodes[0]);
    }

    public string Root(string node)
    {
        while (_parents[node] is var parent && parent != node)
        {
            _parents[node] = _parents[parent];
            node = parent;
        }

        return node;
    }
}
