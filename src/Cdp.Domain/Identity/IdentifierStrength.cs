namespace Cdp.Domain.Identity;

/// <summary>The order of an event's identifiers: which of them says most about who it is.</summary>
public static class IdentifierStrength
{
    /// <summary>
    /// Sorts strongest first: by priority, then by the order in the event. References stand behind all others whatever
    /// their priority, since they find a customer but prove nothing about it.
    /// </summary>
    public static void Sort(List<(ResolvedIdentifier Identifier, int Index)> identifiers) => identifiers.Sort(static (a, b) =>
    {
        var left = a.Identifier.Rule;
        var right = b.Identifier.Rule;
        if (left.IsReference != right.IsReference) return left.IsReference ? 1 : -1;
        var byPriority = right.Priority.CompareTo(left.Priority);
        return byPriority != 0 ? byPriority : a.Index.CompareTo(b.Index);
    });
}
