using System.Collections.Frozen;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Identity;

/// <summary>
/// A tenant's namespaces, compiled: the declared ones over the built-in ones. A namespace never declared counts as a
/// device.
/// </summary>
public sealed class NamespaceRules
{
    private static readonly (string Name, NamespaceKind Kind)[] BuiltIn =
    [
        ("user_id", NamespaceKind.Person), ("customer_id", NamespaceKind.Person),
        ("loyalty_card", NamespaceKind.Person), ("external_id", NamespaceKind.Person),
        ("email", NamespaceKind.Contact), ("phone", NamespaceKind.Contact),
        ("device", NamespaceKind.Device), ("device_id", NamespaceKind.Device),
        ("cookie", NamespaceKind.Device), ("anonymous_id", NamespaceKind.Device),
        ("order_id", NamespaceKind.Reference), ("ticket_id", NamespaceKind.Reference),
    ];

    private readonly FrozenDictionary<string, NamespaceRule> _rules;

    /// <summary>Compiles a tenant's namespaces.</summary>
    public NamespaceRules(TenantConfig config)
    {
        var rules = new Dictionary<string, NamespaceRule>(StringComparer.Ordinal);
        foreach (var (name, kind) in BuiltIn) rules[name] = Compile(new Namespace { Name = name, Kind = kind });
        foreach (var declared in config.Namespaces) rules[declared.Name] = Compile(declared);
        _rules = rules.ToFrozenDictionary(StringComparer.Ordinal);
        Country = config.Tenant?.CountryCode is { Length: > 0 } country ? country.ToUpperInvariant() : TenantDefaults.Country;
    }

    /// <summary>Country (ISO 3166-1 alpha-2) in which national phone numbers are read.</summary>
    public string Country { get; }

    /// <summary>The declared and the built-in namespaces, by name.</summary>
    public IEnumerable<NamespaceRule> All => _rules.Values.OrderBy(r => r.Name, StringComparer.Ordinal);

    /// <summary>The rule of a namespace.</summary>
    public NamespaceRule Of(string name) => _rules.TryGetValue(name, out var rule) ? rule : Compile(new Namespace { Name = name });

    /// <summary>The rule of the namespace that an identifier's key names.</summary>
    public NamespaceRule OfKey(string key)
    {
        var name = IdentifierKeys.NamespaceOf(key);
        return _rules.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var rule) ? rule : Of(name.ToString());
    }

    private static NamespaceRule Compile(Namespace declared)
    {
        var kind = declared.Kind == NamespaceKind.Unspecified ? NamespaceKind.Device : declared.Kind;
        var (limit, priority) = Defaults(kind);
        return new NamespaceRule(
            declared.Name,
            kind,
            declared.MaxPerCustomer switch { 0 => limit, < 0 => int.MaxValue, var max => max },
            declared.Priority == 0 ? priority : declared.Priority,
            declared.Normalization == Normalization.Unspecified ? DefaultNormalization(declared.Name) : declared.Normalization,
            declared.BlockedValues.Count == 0 ? [] : declared.BlockedValues.ToFrozenSet(StringComparer.Ordinal));
    }

    private static (int Limit, int Priority) Defaults(NamespaceKind kind) => kind switch
    {
        NamespaceKind.Person => (1, 400),
        NamespaceKind.Contact => (5, 300),
        NamespaceKind.Reference => (int.MaxValue, 100),
        _ => (20, 200),
    };

    private static Normalization DefaultNormalization(string name) => name switch
    {
        "email" => Normalization.Email,
        "phone" => Normalization.Phone,
        _ => Normalization.Trim,
    };
}
