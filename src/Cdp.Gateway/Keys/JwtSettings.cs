using Cdp.V1;
using Microsoft.Extensions.Configuration;

namespace Cdp.Gateway.Keys;

/// <summary>Reads the setting <c>Jwt</c>: <c>Jwt:Issuers:0:Authority</c> and so on.</summary>
public static class JwtSettings
{
    private const string Issuers = nameof(Issuers);

    /// <summary>Reads and checks the section.</summary>
    /// <param name="section">The section <c>Jwt</c>.</param>
    /// <param name="wrong">Makes the exception of a wrong setting from its name, below the section of all settings, and a remedy.</param>
    public static IReadOnlyList<JwtIssuer> Read(IConfigurationSection section, Func<string, string, Exception> wrong)
    {
        var issuers = new List<JwtIssuer>();
        foreach (var part in section.GetChildren())
        {
            if (!Is(part, Issuers) || part.Value is not null) throw wrong($"Jwt:{part.Key}", "There is no such setting; docs/keys.md lists them.");
            foreach (var issuer in part.GetChildren()) issuers.Add(ReadIssuer(issuer, (name, remedy) => wrong($"Jwt:{Issuers}:{issuer.Key}:{name}", remedy)));
        }

        for (var i = 0; i < issuers.Count; i++)
        {
            if (issuers.Take(i).Any(earlier => earlier.Authority == issuers[i].Authority)) throw wrong($"Jwt:{Issuers}:{i}:{nameof(JwtIssuer.Authority)}", "Name each issuer once.");
        }

        return issuers;
    }

    private static JwtIssuer ReadIssuer(IConfigurationSection section, Func<string, string, Exception> wrong)
    {
        var issuer = new JwtIssuer("", "");
        foreach (var setting in section.GetChildren())
        {
            if (Is(setting, nameof(JwtIssuer.Roles)))
            {
                issuer = issuer with { Roles = ReadRoles(setting, wrong) };
                continue;
            }

            var value = setting.Value ?? throw wrong(setting.Key, "Give a single value.");
            issuer = setting.Key.ToUpperInvariant() switch
            {
                "AUTHORITY" => issuer with { Authority = value },
                "AUDIENCE" => issuer with { Audience = value },
                "TENANT" => issuer with { Tenant = value },
                "TENANTCLAIM" => issuer with { TenantClaim = value },
                "ROLESCLAIM" => issuer with { RolesClaim = value },
                "SOURCE" => issuer with { Source = value },
                "DEFAULTPURPOSE" => issuer with { DefaultPurpose = value },
                _ => throw wrong(setting.Key, "There is no such setting; docs/keys.md lists them."),
            };
        }

        if (!JwtIssuer.IsAuthority(issuer.Authority)) throw wrong(nameof(JwtIssuer.Authority), "Give the issuer as `iss` spells it: a URL that begins with https (http only on this machine).");
        if (issuer.Audience.Length == 0) throw wrong(nameof(JwtIssuer.Audience), "Give the audience that its tokens for this server name.");
        if (issuer.Tenant is { Length: 0 }) throw wrong(nameof(JwtIssuer.Tenant), "Give a tenant, or leave it out.");
        if (issuer.TenantClaim.Length == 0) throw wrong(nameof(JwtIssuer.TenantClaim), "Give the name of a claim.");
        if (issuer.RolesClaim.Length == 0) throw wrong(nameof(JwtIssuer.RolesClaim), "Give the name of a claim.");
        return issuer;
    }

    private static Dictionary<string, IReadOnlyList<Role>> ReadRoles(IConfigurationSection section, Func<string, string, Exception> wrong) =>
        section.GetChildren().ToDictionary(
            word => word.Key,
            word => (IReadOnlyList<Role>)[.. (word.Value ?? "").Split(',', StringSplitOptions.TrimEntries).Select(name => RoleOf(name) ?? throw wrong($"{nameof(JwtIssuer.Roles)}:{word.Key}", "Give one or more of writer, reader, decider, admin, with commas between them."))],
            StringComparer.Ordinal);

    private static Role? RoleOf(string name) => name.ToUpperInvariant() switch
    {
        "WRITER" => Role.Writer,
        "READER" => Role.Reader,
        "DECIDER" => Role.Decider,
        "ADMIN" => Role.Admin,
        _ => null,
    };

    private static bool Is(IConfigurationSection section, string name) => string.Equals(section.Key, name, StringComparison.OrdinalIgnoreCase);
}
