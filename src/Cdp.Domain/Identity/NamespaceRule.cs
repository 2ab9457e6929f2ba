using System.Collections.Frozen;
using Cdp.V1;

namespace Cdp.Domain.Identity;

/// <summary>What counts for the identifiers of one namespace.</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Kind">Whose identifier it is; never unspecified.</param>
/// <param name="Limit">Most identifiers of this namespace in one customer; <see cref="int.MaxValue"/>: no limit.</param>
/// <param name="Priority">Strength: the event goes to the customer of its strongest identifier.</param>
/// <param name="Normalization">How values are brought into the form that is compared; never unspecified.</param>
/// <param name="Blocked">Normalised values that identify nobody, in addition to the built-in ones.</param>
public readonly record struct NamespaceRule(
    string Name, NamespaceKind Kind, int Limit, int Priority, Normalization Normalization, FrozenSet<string> Blocked)
{
    /// <summary>Whether it only finds a customer and never merges two.</summary>
    public bool IsReference => Kind == NamespaceKind.Reference;
}
