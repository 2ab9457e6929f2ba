using System.Collections.Frozen;

namespace Cdp.Domain.Tenants;

/// <summary>Whether a read returns a field.</summary>
public enum FieldAccess
{
    /// <summary>It was not asked for.</summary>
    NotAsked,

    /// <summary>It is returned.</summary>
    Visible,

    /// <summary>It was asked for, but the purpose may not see it.</summary>
    Withheld,
}

/// <summary>A read's fields for a purpose, compiled: what to return and what to name as withheld. Immutable.</summary>
public sealed class CompiledView
{
    internal CompiledView(string purpose, bool declared, string[] fields, FieldPolicies policies)
    {
        Purpose = purpose;
        Fields = fields;
        bool MaySee(string field) => declared && policies.MaySee(purpose, field);
        Activity = Access(fields, ProfileFields.Activity, MaySee);
        Monetary = Access(fields, ProfileFields.Monetary, MaySee);
        Sessions = Access(fields, ProfileFields.Sessions, MaySee);
        Interests = Access(fields, ProfileFields.Interests, MaySee);
        Products = Access(fields, ProfileFields.Products, MaySee);
        RecentEvents = Access(fields, ProfileFields.RecentEvents, MaySee);
        Traits = new FieldGroup(fields, ProfileFields.TraitPrefix, policies, MaySee);
        Identifiers = new FieldGroup(fields, ProfileFields.IdentifierPrefix, policies, MaySee);
        Withheld = [.. fields.Distinct(StringComparer.Ordinal).Where(field => !MaySee(field))];
    }

    /// <summary>A read of the same fields under the same definitions gets this very instance.</summary>
    public bool IsKept { get; internal init; }

    /// <summary>The purpose of the read.</summary>
    public string Purpose { get; }

    /// <summary>The fields asked for, or the purpose's default fields.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <summary>
    /// Fields asked for by name, wildcards included, that the purpose may not see. Single traits and namespaces that a
    /// visible wildcard asks for and a policy of their own withholds are not among them.
    /// </summary>
    public IReadOnlyList<string> Withheld { get; }

    /// <summary>Access to counts, first and last seen.</summary>
    public FieldAccess Activity { get; }

    /// <summary>Access to orders and revenue.</summary>
    public FieldAccess Monetary { get; }

    /// <summary>Access to sessions.</summary>
    public FieldAccess Sessions { get; }

    /// <summary>Access to interest scores.</summary>
    public FieldAccess Interests { get; }

    /// <summary>Access to product affinity.</summary>
    public FieldAccess Products { get; }

    /// <summary>Access to the newest events.</summary>
    public FieldAccess RecentEvents { get; }

    /// <summary>Access to traits, by name.</summary>
    public FieldGroup Traits { get; }

    /// <summary>Access to identifiers, by namespace.</summary>
    public FieldGroup Identifiers { get; }

    private static FieldAccess Access(string[] fields, string field, Func<string, bool> maySee)
    {
        if (!fields.Contains(field, StringComparer.Ordinal))
            return FieldAccess.NotAsked;
        return maySee(field) ? FieldAccess.Visible : FieldAccess.Withheld;
    }
}

/// <summary>Access to the members of a group of fields, such as <c>traits.*</c>.</summary>
public sealed class FieldGroup
{
    private readonly FrozenDictionary<string, FieldAccess> _named;
    private readonly FieldAccess _others;

    internal FieldGroup(string[] fields, string prefix, FieldPolicies policies, Func<string, bool> maySee)
    {
        string wildcard = prefix + "*";
        bool all = fields.Contains(wildcard, StringComparer.Ordinal);
        _others = !all ? FieldAccess.NotAsked : maySee(wildcard) ? FieldAccess.Visible : FieldAccess.Withheld;
        var asked = fields.Concat(all ? policies.Fields : [])
            .Where(field => field.StartsWith(prefix, StringComparison.Ordinal) && !string.Equals(field, wildcard, StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal);
        _named = asked.ToFrozenDictionary(
            field => field[prefix.Length..],
            field => maySee(field) ? FieldAccess.Visible : FieldAccess.Withheld,
            StringComparer.Ordinal);
        AskedByName = [.. fields.Where(field => field.StartsWith(prefix, StringComparison.Ordinal)).Select(field => field[prefix.Length..]).Where(name => name != "*")];
        IsAsked = all || AskedByName.Count > 0;
        HasExceptions = _named.Count > 0;
        NamesWithheldMembers = all && _others == FieldAccess.Visible;
    }

    /// <summary>Any member was asked for.</summary>
    public bool IsAsked { get; }

    /// <summary>Members asked for by their own name.</summary>
    public IReadOnlyList<string> AskedByName { get; }

    /// <summary>Some members have an access of their own; otherwise all have the same.</summary>
    internal bool HasExceptions { get; }

    /// <summary>A member that a visible wildcard asks for and its own policy withholds is named where it exists.</summary>
    internal bool NamesWithheldMembers { get; }

    /// <summary>Access to one member.</summary>
    public FieldAccess Of(string name) => _named.TryGetValue(name, out var access) ? access : _others;

    /// <summary>
    /// Tells whether a member that exists and is withheld is to be named as such; one that was asked for by name already
    /// stands in <see cref="CompiledView.Withheld"/>, and the members of a withheld wildcard are not disclosed.
    /// </summary>
    public bool NamesAsWithheld(string name) =>
        NamesWithheldMembers && Of(name) == FieldAccess.Withheld && !AskedByName.Contains(name, StringComparer.Ordinal);
}
