using System.Collections.Concurrent;
using System.Security.Cryptography;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Keys;

/// <summary>Lets a call pass if its key exists, is not revoked and has the role that the method needs.</summary>
/// <remarks>A key once checked is remembered until its tenant's configuration changes.</remarks>
public sealed class Authenticator(IDefinitions definitions, IReadOnlyDictionary<string, Role> roles)
{
    private const int MostRemembered = 10_000;
    private const string Scheme = "Bearer ";

    private readonly ConcurrentDictionary<string, Caller> _callers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IdentifierResolver> _resolvers = new(StringComparer.Ordinal);
    private readonly IdentifierCache _identifiers = new();

    /// <summary>The gate of the server.</summary>
    public ValueTask<RpcError?> CheckAsync(ServerCallContext context)
    {
        var header = context.GetHeader("authorization");
        if (header is null || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return new(Refused("KEY_MISSING", "Send your API key in the header `authorization: Bearer KEY`. `cdp keys create` makes one."));
        return _callers.TryGetValue(header, out var known) && ReferenceEquals(definitions.Find(known.Tenant), known.Definitions)
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

    private async ValueTask<RpcError?> CheckAsync(ServerCallContext context, string text, string header)
    {
        var (tenant, id) = ApiKeys.Parse(text);
        var current = await definitions.GetAsync(tenant, context.CancellationToken);
        var stored = current?.Config.Keys.FirstOrDefault(k => k.Key.Id == id);
        if (stored is null || !CryptographicOperations.FixedTimeEquals(stored.SecretHash.Span, ApiKeys.Hash(text)))
            return Refused(TenantReasons.KeyUnknown, "This API key does not exist. Check it for missing characters, or make one with `cdp keys create`.");
        if (stored.Key.RevokedAt is not null)
            return Refused("KEY_REVOKED", "This API key was revoked. Make another with `cdp keys create`.");
        var caller = new Caller(stored.Key, stored.Operator, current!, ResolverOf(current!));
        if (_callers.Count >= MostRemembered) _callers.Clear();
        _callers[header] = caller;
        return Admit(context, caller);
    }

    private RpcError? Admit(ServerCallContext context, Caller caller)
    {
        // Also of a call that is refused: a page may read why.
        context.UserState = caller;
        return Lack(caller, roles[context.Method]);
    }

    private static RpcError? Lack(Caller caller, Role needed) => caller.Has(needed)
        ? null
        : new RpcError(Code.PermissionDenied, $"This call needs a key with the role {Name(needed)}; yours has {string.Join(", ", caller.Key.Roles.Select(Name))}.")
        {
            Reason = "ROLE_MISSING",
        };

    private IdentifierResolver ResolverOf(Definitions current)
    {
        var key = $"{current.Tenant}/{current.Config.Version}";
        if (_resolvers.TryGetValue(key, out var known)) return known;
        if (_resolvers.Count >= MostRemembered) _resolvers.Clear();
        return _resolvers.GetOrAdd(key, new IdentifierResolver(current.Config, _identifiers));
    }

    private static string Name(Role role) => role.ToString().ToUpperInvariant();

    private static RpcError Refused(string reason, string message) => new(Code.Unauthenticated, message) { Reason = reason };
}
