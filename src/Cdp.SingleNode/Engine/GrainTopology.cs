namespace Cdp.SingleNode.Engine;

/// <summary>The order that one-way calls give to the kinds.</summary>
internal static class GrainTopology
{
    /// <summary>Sorts the kinds so that a caller stands before whatever it calls.</summary>
    /// <exception cref="ArgumentException">The calls form a cycle, or name an interface that no kind has.</exception>
    internal static IReadOnlyList<GrainKind> CallersFirst(IReadOnlyCollection<GrainKind> kinds)
    {
        var byInterface = kinds.ToDictionary(kind => kind.Interface);
        var sorted = new List<GrainKind>(kinds.Count);
        var visited = new Dictionary<GrainKind, bool>();
        foreach (var kind in kinds)
            Visit(kind);
        sorted.Reverse();
        return sorted;

        void Visit(GrainKind kind)
        {
            if (visited.TryGetValue(kind, out var done))
            {
                if (!done)
                    throw new ArgumentException($"The calls of grain kind '{kind.Kind}' lead back to it; calls go one way.", nameof(kinds));
                return;
            }

            visited[kind] = false;
            foreach (var called in kind.Calls)
            {
                if (!byInterface.TryGetValue(called, out var callee))
                    throw new ArgumentException($"Grain kind '{kind.Kind}' calls {called.Name}, which no registered kind has.", nameof(kinds));
                Visit(callee);
            }

            visited[kind] = true;
            sorted.Add(kind);
        }
    }
}
