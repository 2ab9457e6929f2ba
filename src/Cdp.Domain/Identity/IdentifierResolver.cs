using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Identity;

/// <summary>
/// Turns the identifiers of events into keys, for one configuration of one tenant. Thread-safe; make one per
/// configuration and keep it.
/// </summary>
public sealed class IdentifierResolver
{
    private readonly IdentifierKeys _keys;
    private readonly IdentifierCache _cache;

    /// <summary>Compiles a tenant's configuration.</summary>
    /// <param name="config">The configuration; its identity key must be set.</param>
    /// <param name="cache">Shared by the tenants of a process.</param>
    public IdentifierResolver(TenantConfig config, IdentifierCache cache)
    {
        Rules = new NamespaceRules(config);
        _keys = new IdentifierKeys(config.IdentityKey.Memory, config.IdentityKeyId);
        _cache = cache;
    }

    /// <summary>The tenant's namespaces.</summary>
    public NamespaceRules Rules { get; }

    /// <summary>Normalises one identifier and makes its key.</summary>
    public ResolvedIdentifier Resolve(string name, string value)
    {
        if (_cache.Find(this, name, value) is { } known) return known;
        var rule = Rules.Of(name);
        var resolution = IdentifierNormalizer.Normalize(rule, value, Rules.Country);
        var key = resolution.Outcome == IdentifierOutcome.Usable ? _keys.Make(name, resolution.Value) : "";
        var resolved = new ResolvedIdentifier(rule, resolution, key);
        _cache.Put(this, name, value, resolved);
        return resolved;
    }

    /// <summary>Resolves the identifiers of one event.</summary>
    public EventIdentifiers Resolve(IReadOnlyList<Identifier> identifiers)
    {
        var usable = new List<(ResolvedIdentifier Identifier, int Index)>(identifiers.Count);
        for (var i = 0; i < identifiers.Count; i++)
        {
            var resolved = Resolve(identifiers[i].Namespace, identifiers[i].Value);
            if (resolved.Resolution.Outcome == IdentifierOutcome.Refused) return EventIdentifiers.Refusing(i, resolved.Resolution);
            if (resolved.IsUsable && !Holds(usable, resolved.Key)) usable.Add((resolved, i));
        }

        IdentifierStrength.Sort(usable);
        return EventIdentifiers.Of(usable);
    }

    private static bool Holds(List<(ResolvedIdentifier Identifier, int Index)> usable, string key)
    {
        foreach (var (identifier, _) in usable)
        {
            if (identifier.Key == key) return true;
        }

        return false;
    }
}
