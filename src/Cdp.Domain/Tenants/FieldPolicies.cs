using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>Which purposes may see which fields.</summary>
internal sealed class FieldPolicies
{
    private readonly Dictionary<string, HashSet<string>> _purposes = new(StringComparer.Ordinal);

    public FieldPolicies(IEnumerable<FieldPolicy> policies)
    {
        foreach (var policy in policies)
            _purposes[policy.Field] = new HashSet<string>(policy.Purposes, StringComparer.Ordinal);
    }

    /// <summary>Fields with a policy of their own.</summary>
    public IEnumerable<string> Fields => _purposes.Keys;

    /// <summary>The most specific policy counts; a field without one is seen for every purpose.</summary>
    public bool MaySee(string purpose, string field)
    {
        if (_purposes.TryGetValue(field, out var own))
            return own.Contains(purpose);
        int dot = field.IndexOf('.', StringComparison.Ordinal);
        return dot < 0
            || !_purposes.TryGetValue(string.Concat(field.AsSpan(0, dot), ".*"), out var group)
            || group.Contains(purpose);
    }
}
