using Cdp.V1;

namespace Cdp.Gateway.Keys;

/// <summary>An issuer of JSON Web Tokens (OpenID Connect) whose tokens are taken beside keys, in tenants that name it.</summary>
/// <param name="Authority">The issuer, as <c>iss</c> spells it; its discovery document is found below.</param>
/// <param name="Audience">What <c>aud</c> has to contain.</param>
public sealed record JwtIssuer(string Authority, string Audience)
{
    /// <summary>Claim that names the tenant where <see cref="Tenant"/> does not.</summary>
    public string TenantClaim { get; init; } = "cdp_tenant";

    /// <summary>The tenant of all its tokens; null: each names its own.</summary>
    public string? Tenant { get; init; }

    /// <summary>
    /// Claim that names the roles: a list of texts, or one text with blanks between them. Where no claim has this name, its dots lead
    /// into objects, e.g. <c>realm_access.roles</c>.
    /// </summary>
    public string RolesClaim { get; init; } = "roles";

    /// <summary>What roles its words stand for; other words stand for none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Role>> Roles { get; init; } = new Dictionary<string, IReadOnlyList<Role>>(StringComparer.Ordinal)
    {
        ["cdp.writer"] = [Role.Writer], ["cdp.reader"] = [Role.Reader], ["cdp.decider"] = [Role.Decider], ["cdp.admin"] = [Role.Admin],
    };

    /// <summary>Source of events without one.</summary>
    public string Source { get; init; } = "";

    /// <summary>Purpose of reads without one.</summary>
    public string DefaultPurpose { get; init; } = "";

    /// <summary>Where its discovery document is (OpenID Connect Discovery 1.0, 4).</summary>
    internal string DiscoveryAddress => $"{Authority.TrimEnd('/')}/.well-known/openid-configuration";

    /// <summary>Whether an authority can be trusted to be who it is: over TLS, or on this machine.</summary>
    internal static bool IsAuthority(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}
