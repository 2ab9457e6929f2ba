using Cdp.Gateway.Keys;
using Cdp.V1;
using Microsoft.Extensions.Configuration;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>The setting that names issuers of tokens.</summary>
public sealed class JwtSettingsTests
{
    [Fact]
    public void What_is_not_said_has_a_default()
    {
        var issuer = Assert.Single(Read(("Issuers:0:Authority", "https://login.example/realms/shop"), ("Issuers:0:Audience", "cdp")));
        Assert.Equal(("cdp_tenant", null, "roles", ""), (issuer.TenantClaim, issuer.Tenant, issuer.RolesClaim, issuer.DefaultPurpose));
        Assert.Equal([Role.Decider], issuer.Roles["cdp.decider"]);
        Assert.Equal("https://login.example/realms/shop/.well-known/openid-configuration", issuer.DiscoveryAddress);
        Assert.Empty(Read());
    }

    [Fact]
    public void Everything_can_be_said_whatever_its_case()
    {
        var issuers = Read(
            ("issuers:0:authority", "http://127.0.0.1:9000"), ("issuers:0:audience", "cdp"), ("Issuers:0:Tenant", "shop"), ("Issuers:0:RolesClaim", "realm_access.roles"), ("Issuers:0:Source", "portal"),
            ("Issuers:0:DefaultPurpose", "service"), ("Issuers:0:Roles:shop-team", "reader, Writer"), ("Issuers:1:Authority", "https://other.example"), ("Issuers:1:Audience", "x"), ("Issuers:1:TenantClaim", "org"));
        Assert.Equal(("shop", "realm_access.roles", "portal", "service"), (issuers[0].Tenant, issuers[0].RolesClaim, issuers[0].Source, issuers[0].DefaultPurpose));
        Assert.Equal([Role.Reader, Role.Writer], Assert.Single(issuers[0].Roles).Value);
        Assert.Equal("org", issuers[1].TenantClaim);
    }

    [Theory]
    [InlineData("Issuers:0:Authority", "http://login.example", "https")]
    [InlineData("Issuers:0:Authority", "login.example", "https")]
    [InlineData("Issuers:0:Audience", "", "audience")]
    [InlineData("Issuers:0:Tenant", "", "tenant")]
    [InlineData("Issuers:0:TenantClaim", "", "claim")]
    [InlineData("Issuers:0:RolesClaim", "", "claim")]
    [InlineData("Issuers:0:Roles:team", "king", "writer, reader, decider, admin")]
    [InlineData("Issuers:0:Roles:team", "4", "writer, reader, decider, admin")]
    [InlineData("Issuers:0:Secret", "x", "no such setting")]
    [InlineData("Issuers:0:Audience:0", "x", "single value")]
    [InlineData("Issuers", "x", "no such setting")]
    [InlineData("Authority", "x", "no such setting")]
    [InlineData("Issuers:1:Authority", "https://login.example", "once", "Issuers:1:Audience", "cdp")]
    public void A_wrong_setting_is_named_with_its_remedy(string name, string value, string remedy, params string[] more)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Issuers:0:Authority"] = "https://login.example", ["Issuers:0:Audience"] = "cdp" };
        if (more.Length > 0) settings[more[0]] = more[1];
        if (name.StartsWith("Issuers:0:Audience:", StringComparison.Ordinal)) settings.Remove("Issuers:0:Audience");
        if (name == "Issuers") settings.Clear();
        settings[name] = value;

        var message = Assert.Throws<FormatException>(() => Read([.. settings.Select(setting => (setting.Key, setting.Value))])).Message;

        Assert.StartsWith($"Jwt:{(name.EndsWith(":0", StringComparison.Ordinal) ? name[..^2] : name)}|", message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<JwtIssuer> Read(params (string Name, string Value)[] settings) => JwtSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Jwt:{setting.Name}", (string?)setting.Value))).Build().GetSection("Jwt"),
        (name, remedy) => new FormatException($"{name}|{remedy}"));
}
