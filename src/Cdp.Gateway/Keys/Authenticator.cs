using System.Collections.Concurrent;
using System.Security.Cryptography;
using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;
using Google.Rpc;

namespace Cdp.Gateway.Keys;

/// <summary>Lets a call pass if its key, or its token, is good, has the role that the method needs, and does not ask for too much.</summary>
/// <remarks>What was checked once is remembered until its tenant's configuration changes, or its time ends.</remarks>
public sealed class Authenticator(IDefinitions definitions, IReadOnlyDictionary<string, Role> roles, TimeProvider time, IReadOnlyList<JwtIssuer> issuers)
{
    private const int MostRemembered = 10_000;
    private const string Scheme = "Bearer ";

    private readonly ConcurrentDictionary<string, Caller> _callers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IdentifierResolver> _resolvers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Tenant, string Key), KeyRate> _rates = new();
    private readonly IdentifierCache _identifiers = new();
    private readonly JwtTokens _tokens = new(definitions, issuers, time);

    /// <summary>The gate of the server.</summary>
    public ValueTask<RpcError?> CheckAsync(ServerCallContext context)
    {
        var header = context.GetHeader("authorization");
        if (header is null || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return new(Refused("KEY_MISSING", "Send your API key in the header `authorization: Bearer KEY`. `cdp keys create` makes one."));
        return _callers.TryGetValue(header, out var known) && ReferenceEquals(definitions.Find(known.Tenant), known.Definitions) && !HasEnded(known.EndsAt)
            ? new(Admit(context, known))
            : CheckAsync(context, header[Scheme.Length..], header);
    }

    /// <summary>The caller that the gate found.</summary>
    public static Caller CallerOf(ServerCallContext context) => (Caller)context.UserState!;

    /// <summary>For a part of a call that needs a role of its own.</summary>
    /// <exception cref="RpcException">The caller's key does not have it.</exception>
    public static void Require(Caller caller, Role needed)
    {
        if (Lack(caller, needed) is { } lack) throw lack.ToException();
    }

    /// <summary>When a secret of a key ends, in microseconds since the epoch; null: it is none of the key's.</summary>
    internal static long? EndOf(StoredKey stored, ReadOnlySpan<byte> hash)
    {
        // Both are looked at, whichever it is.
        var isFormer = CryptographicOperations.FixedTimeEquals(stored.FormerSecretHash.Span, hash);
        if (CryptographicOperations.FixedTimeEquals(stored.SecretHash.Span, hash)) return ExpiryOf(stored.Key);
        return isFormer ? Math.Min(ExpiryOf(stored.Key), stored.Key.FormerSecretUntil?.UnixMicros ?? 0) : null;
    }

    private async ValueTask<RpcError?> CheckAsync(ServerCallContext context, string text, string header)
    {
        var (caller, refusal) = _tokens.IsToken(text) ? await CheckTokenAsync(text, context.CancellationToken) : await CheckKeyAsync(text, context.CancellationToken);
        if (caller is null) return refusal;
        if (_callers.Count >= MostRemembered) _callers.Clear();
        _callers[header] = caller;
        return Admit(context, caller);
    }

    private async ValueTask<(Caller? Caller, RpcError? Refusal)> CheckKeyAsync(string text, CancellationToken cancellationToken)
    {
        var (tenant, id) = ApiKeys.Parse(text);
        var current = await definitions.GetAsync(tenant, cancellationToken);
        if (current is { IsDeleted: true }) return (null, OpenCalls.TenantDeleted);
        var stored = current?.Config.Keys.FirstOrDefault(k => k.Key.Id == id);
        var hash = ApiKeys.Hash(text);
        if (stored is null || EndOf(stored, hash) is not { } end)
            return (null, Refused(TenantReasons.KeyUnknown, "This API key does not exist, or another has taken its place. Check it for missing characters, or make one with `cdp keys create`."));
        var key = stored.Key;
        if (key.RevokedAt is not null) return (null, Refused(TenantReasons.KeyRevoked, "This API key was revoked. Make another with `cdp keys create`."));
        if (HasEnded(ExpiryOf(key))) return (null, Refused(TenantReasons.KeyExpired, "This API key has expired. Make another with `cdp keys create`."));
        return HasEnded(end)
            ? (null, Refused(TenantReasons.KeyExpired, "This secret was replaced by a rotation, and its time is over. Use the one that took its place, or rotate the key again."))
            : (new Caller(key, stored.Operator, current!, ResolverOf(current!)) { EndsAt = end, SecretHash = hash, Rate = RateOf(tenant, key) }, null);
    }

    private async ValueTask<(Caller? Caller, RpcError? Refusal)> CheckTokenAsync(string text, CancellationToken cancellationToken)
    {
        var (token, refusal) = await _tokens.CheckAsync(text, cancellationToken);
        return token is null ? (null, refusal) : (new Caller(token.Key, false, token.Definitions, ResolverOf(token.Definitions)) { EndsAt = token.EndsAt, IsToken = true }, null);
    }

    private RpcError? Admit(ServerCallContext context, Caller caller)
    {
        // Also of a call that is refused: a page may read why.
        context.UserState = caller;
        return caller.Rate?.TakeCall() ?? Lack(caller, roles[context.Method]);
    }

    private static long ExpiryOf(Key key) => key.ExpiresAt?.UnixMicros ?? Caller.Never;

    /// <summary>Most callers' time does not end, so that the clock is not asked.</summary>
    private bool HasEnded(long end) => end != Caller.Never && UnixTime.Micros(time.GetUtcNow()) >= end;

    private static RpcError? Lack(Caller caller, Role needed) => caller.Has(needed)
        ? null
        : new RpcError(Code.PermissionDenied, $"This call needs a key with the role {Name(needed)}; yours has {Names(caller.Key.Roles)}.")
        {
            Reason = "ROLE_MISSING",
        };

    /// <summary>What a key has used up stays with it when its tenant's configuration changes, and is common to its secrets.</summary>
    private KeyRate? RateOf(string tenant, Key key)
    {
        if (key is { RequestsPerSecond: 0, EventsPerSecond: 0 }) return null;
        if (_rates.Count >= MostRemembered) _rates.Clear();
        return _rates.GetOrAdd((tenant, key.Id), static (_, made) => new KeyRate(made.key, made.time), (key, time));
    }

    private IdentifierResolver ResolverOf(Definitions current)
    {
        var key = $"{current.Tenant}/{current.Config.Version}";
        if (_resolvers.TryGetValue(key, out var known)) return known;
        if (_resolvers.Count >= MostRemembered) _resolvers.Clear();
        return _resolvers.GetOrAdd(key, new IdentifierResolver(current.Config, _identifiers));
    }

    private static string Names(RepeatedField<Role> roles) => roles.Count == 0 ? "none" : string.Join(", ", roles.Select(Name));

    private static string Name(Role role) => role.ToString().ToUpperInvariant();

    private static RpcError Refused(string reason, string message) => new(Code.Unauthenticated, message) { Reason = reason };
}
