using Cdp.State.V1;

namespace Cdp.Domain.Identity;

/// <summary>The identifiers of one event, resolved.</summary>
public sealed class EventIdentifiers
{
    private readonly IReadOnlyList<(ResolvedIdentifier Identifier, int Index)> _usable;

    private EventIdentifiers(IReadOnlyList<(ResolvedIdentifier, int)> usable, int refusedIndex, IdentifierResolution refusal)
    {
        _usable = usable;
        RefusedIndex = refusedIndex;
        Refusal = refusal;
    }

    /// <summary>Number of usable identifiers; none: the event identifies nobody.</summary>
    public int Count => _usable.Count;

    /// <summary>Index in the event of the first identifier that cannot be read; -1: all can.</summary>
    public int RefusedIndex { get; }

    /// <summary>Why it cannot be read; meaningful where <see cref="RefusedIndex"/> is not -1.</summary>
    public IdentifierResolution Refusal { get; }

    /// <summary>A usable identifier, strongest first; blocked and repeated ones are left out.</summary>
    public ResolvedIdentifier this[int index] => _usable[index].Identifier;

    /// <summary>A key, strongest first, with its place in the event.</summary>
    public IdentifierKey KeyAt(int index) => new() { Key = _usable[index].Identifier.Key, Index = _usable[index].Index };

    /// <summary>The keys with their normalised values, strongest first, as the identity record keeps them.</summary>
    public IEnumerable<IdentifierValue> Values =>
        _usable.Select(u => new IdentifierValue { Key = u.Identifier.Key, Value = u.Identifier.Resolution.Value });

    internal static EventIdentifiers Of(IReadOnlyList<(ResolvedIdentifier, int)> usable) => new(usable, -1, default);

    internal static EventIdentifiers Refusing(int index, IdentifierResolution refusal) => new([], index, refusal);
}
