using System.Collections.Concurrent;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Keys;

/// <summary>Who calls: the holder of a key, with the definitions of its tenant at the time of the call.</summary>
/// <param name="Key">The key's public part.</param>
/// <param name="IsOperator">Whether it may manage tenants.</param>
/// <param name="Definitions">The tenant's definitions.</param>
/// <param name="Identifiers">Resolves identifiers under them.</param>
public sealed record Caller(Key Key, bool IsOperator, Definitions Definitions, IdentifierResolver Identifiers)
{
    /// <summary>No moment.</summary>
    internal const long Never = long.MaxValue;

    private readonly ConcurrentDictionary<string, ReadProfileRequest> _usualReads = new(StringComparer.Ordinal);

    /// <summary>When what was checked has to be checked again, in microseconds since the epoch.</summary>
    internal long EndsAt { get; init; } = Never;

    /// <summary>Hash of the secret that it came with; empty: with a token.</summary>
    internal ReadOnlyMemory<byte> SecretHash { get; init; }

    /// <summary>Whether it came with a token of an issuer, not with a key of ours.</summary>
    internal bool IsToken { get; init; }

    /// <summary>What it may ask for a second; null: no limit.</summary>
    internal KeyRate? Rate { get; init; }

    /// <summary>What it may publish; null: everything.</summary>
    internal KeyScope? Scope { get; } = KeyScope.Of(Key);

    /// <summary>The tenant.</summary>
    public string Tenant => Definitions.Tenant;

    /// <summary>The ids of the tenant's customers.</summary>
    internal CustomerIds CustomerIds { get; } = new(Definitions.Config.IdentityKey.Memory);

    /// <summary>Whether the key has a role; an admin has all, a decider may read.</summary>
    public bool Has(Role role)
    {
        foreach (var own in Key.Roles)
        {
            if (own == role || own == Role.Admin || (own == Role.Decider && role == Role.Reader)) return true;
        }

        return false;
    }

    /// <summary>
    /// The request of a read that names no fields. A message that was sent is frozen, so one serves all reads of a purpose.
    /// </summary>
    /// <param name="purpose">A declared purpose.</param>
    internal ReadProfileRequest UsualRead(string purpose) =>
        _usualReads.TryGetValue(purpose, out var known)
            ? known
            : _usualReads.GetOrAdd(purpose, static purpose => new ReadProfileRequest { Purpose = purpose });
}
