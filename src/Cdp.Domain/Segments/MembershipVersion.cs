using Cdp.State.V1;

namespace Cdp.Domain.Segments;

/// <summary>
/// Tells statements about one customer apart: the higher counts. Both parts never fall, so that a statement that comes late
/// is known.
/// </summary>
/// <param name="Definitions">Definitions and fold under which it was evaluated, see <see cref="DefinitionsOf"/>.</param>
/// <param name="Sequence">Length of the customer's history when it was.</param>
public readonly record struct MembershipVersion(long Definitions, long Sequence) : IComparable<MembershipVersion>
{
    /// <summary>Stands for any definitions that may come: what a sealed customer states is final.</summary>
    public const long LastDefinitions = long.MaxValue;

    private const int FoldShift = 40;

    /// <summary>The version of a statement.</summary>
    public static MembershipVersion Of(MembershipStatement statement) => new(statement.Definitions, statement.Sequence);

    /// <summary>The first part: a new fold counts more than any change of the configuration.</summary>
    /// <param name="foldVersion">Version of the fold.</param>
    /// <param name="configVersion">Version of the tenant's configuration; below 2^40.</param>
    public static long DefinitionsOf(int foldVersion, long configVersion) => ((long)foldVersion << FoldShift) | configVersion;

    /// <inheritdoc/>
    public int CompareTo(MembershipVersion other) =>
        Definitions != other.Definitions ? Definitions.CompareTo(other.Definitions) : Sequence.CompareTo(other.Sequence);

    /// <summary>Lower.</summary>
    public static bool operator <(MembershipVersion left, MembershipVersion right) => left.CompareTo(right) < 0;

    /// <summary>Lower or the same.</summary>
    public static bool operator <=(MembershipVersion left, MembershipVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Higher.</summary>
    public static bool operator >(MembershipVersion left, MembershipVersion right) => left.CompareTo(right) > 0;

    /// <summary>Higher or the same.</summary>
    public static bool operator >=(MembershipVersion left, MembershipVersion right) => left.CompareTo(right) >= 0;
}
