using System.Buffers.Text;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Cdp.Gateway.Keys;

/// <summary>A token that was checked.</summary>
/// <param name="Key">What it may do, as a key would say it.</param>
/// <param name="Definitions">Those of its tenant.</param>
/// <param name="EndsAt">When it has to be checked again, in microseconds since the epoch.</param>
internal sealed record CheckedToken(Key Key, Definitions Definitions, long EndsAt);

/// <summary>Checks JSON Web Tokens (RFC 7519, and RFC 8725 on what to refuse) of the configured issuers.</summary>
internal sealed class JwtTokens(IDefinitions definitions, IReadOnlyList<JwtIssuer> issuers, TimeProvider time)
{
    private const int Parts = 3;
    private const int MostTenant = 40;
    private const int SubjectBytes = 8;

    // An object of JSON, in base64url.
    private const string Beginning = "ey";

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>A token is checked again after this, since its issuer may have taken its key back.</summary>
    private static readonly TimeSpan LongestMemory = TimeSpan.FromHours(1);

    /// <summary>What only the holder of a private key can make. A secret would be one that every verifier could sign with.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly FrozenDictionary<string, IssuerKeys> _issuers = issuers.ToFrozenDictionary(issuer => issuer.Authority, issuer => new IssuerKeys(issuer, time), StringComparer.Ordinal);
    private readonly JsonWebTokenHandler _handler = new();

    /// <summary>Whether a text is a token and no key.</summary>
    public bool IsToken(string text) => _issuers.Count > 0 && text.StartsWith(Beginning, StringComparison.Ordinal) && text.Count(c => c == '.') == Parts - 1;

    /// <summary>Checks a token.</summary>
    public async ValueTask<(CheckedToken? Token, RpcError? Refusal)> CheckAsync(string text, CancellationToken cancellationToken)
    {
        if (Read(text) is not { } token) return (null, Refused("JWT_MALFORMED", "This is no JSON Web Token. Send it as the issuer gave it."));
        if (!Algorithms.Contains(token.Alg)) return (null, Refused("JWT_ALGORITHM_UNSUPPORTED", "The token is not signed, or by a secret. Have it signed by RS256, ES256 or another of their kind."));
        if (!_issuers.TryGetValue(token.Issuer, out var issuer)) return (null, Refused("JWT_ISSUER_UNKNOWN", "This server is not configured for the token's issuer. Use one that it is configured for, or an API key."));
        if (!token.Audiences.Contains(issuer.Issuer.Audience)) return (null, Refused("JWT_AUDIENCE_WRONG", "The token is for another audience. Request one for this server's."));
        if (CheckTime(token) is { } untimely) return (null, untimely);

        var keys = await issuer.GetAsync(token.Kid, cancellationToken);
        if (keys is null) return (null, new RpcError(Code.Unavailable, "The issuer's keys cannot be read now. Send the call again.") { Reason = "JWT_ISSUER_UNAVAILABLE", RetryDelay = TimeSpan.FromSeconds(1) });
        if (!IssuerKeys.Has(keys, token.Kid)) return (null, Refused("JWT_KEY_UNKNOWN", "The issuer does not publish the key that the token names. Where it began to just now, send the call again in half a minute."));
        var result = await _handler.ValidateTokenAsync(token, Rules(issuer.Issuer, keys));
        return result.IsValid
            ? await AdmitAsync(token, issuer.Issuer, cancellationToken)
            : (null, Refused("JWT_SIGNATURE_INVALID", "The token is not as its issuer signed it. Send it as the issuer gave it."));
    }

    /// <summary>Only a tenant that names the issuer takes its tokens; whether there is another is not told.</summary>
    private async ValueTask<(CheckedToken? Token, RpcError? Refusal)> AdmitAsync(JsonWebToken token, JwtIssuer issuer, CancellationToken cancellationToken)
    {
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.EncodedPayload));
        var tenant = issuer.Tenant ?? (Find(claims.RootElement, issuer.TenantClaim) is { ValueKind: JsonValueKind.String } named ? named.GetString()! : "");
        var current = tenant.Length is 0 or > MostTenant ? null : await definitions.GetAsync(tenant, cancellationToken);
        if (current is null || !current.Config.Tenant.JwtIssuers.Contains(issuer.Authority))
        {
            return (null, new RpcError(Code.PermissionDenied, "The token names no tenant that takes tokens of its issuer. An admin of the tenant adds the issuer to its jwt_issuers.")
            {
                Reason = "JWT_TENANT_FORBIDDEN",
            });
        }

        var key = new Key { Id = IdOf(current, token), Source = issuer.Source, DefaultPurpose = issuer.DefaultPurpose };
        key.Roles.AddRange(Words(Find(claims.RootElement, issuer.RolesClaim)).SelectMany(word => issuer.Roles.GetValueOrDefault(word) ?? []).Distinct());
        var end = Math.Min(UnixTime.Micros(new DateTimeOffset(token.ValidTo, TimeSpan.Zero)), UnixTime.Micros(time.GetUtcNow() + LongestMemory));
        return (new CheckedToken(key, current, end + (Skew.Ticks / TimeSpan.TicksPerMicrosecond)), null);
    }

    private static JsonWebToken? Read(string text)
    {
        try
        {
            return new JsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or JsonException)
        {
            return null;
        }
    }

    private RpcError? CheckTime(JsonWebToken token)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return token.ValidTo <= now - Skew ? Refused("JWT_EXPIRED", "The token has expired, or does not say when it does. Request another.")
            : token.ValidFrom > now + Skew ? Refused("JWT_NOT_YET_VALID", "The token is not valid yet. Compare the issuer's clock with the server's.")
            : null;
    }

    /// <summary>All is checked again by the library that others stand on, in which the signature is checked at all.</summary>
    private TokenValidationParameters Rules(JwtIssuer issuer, IReadOnlyCollection<SecurityKey> keys) => new()
    {
        ValidIssuer = issuer.Authority,
        ValidAudience = issuer.Audience,
        ValidAlgorithms = Algorithms,
        IssuerSigningKeys = keys,
        LifetimeValidator = (from, to, _, _) => from.GetValueOrDefault() <= time.GetUtcNow().UtcDateTime + Skew && to > time.GetUtcNow().UtcDateTime - Skew,
    };

    /// <summary>Names the caller in the log: the same for the same subject, and no word of who that is.</summary>
    private static string IdOf(Definitions current, JsonWebToken token)
    {
        var hash = HMACSHA256.HashData(current.Config.IdentityKey.Span, Encoding.UTF8.GetBytes($"{token.Issuer}\n{token.Subject}"));
        return $"jwt:{Convert.ToHexStringLower(hash.AsSpan(0, SubjectBytes))}";
    }

    private static JsonElement? Find(JsonElement claims, string name)
    {
        if (claims.TryGetProperty(name, out var found)) return found;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && claims.TryGetProperty(name[..dot], out var part) && part.ValueKind == JsonValueKind.Object ? Find(part, name[(dot + 1)..]) : null;
    }

    private static IEnumerable<string> Words(JsonElement? claim) => claim switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Where(word => word.ValueKind == JsonValueKind.String).Select(word => word.GetString()!),
        _ => [],
    };

    private static RpcError Refused(string reason, string message) => new(Code.Unauthenticated, message) { Reason = reason };
}
