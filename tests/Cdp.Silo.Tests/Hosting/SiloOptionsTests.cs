using Cdp.Silo.Hosting;
using Microsoft.Extensions.Configuration;

namespace Cdp.Silo.Tests.Hosting;

/// <summary>Settings of a silo.</summary>
public sealed class SiloOptionsTests
{
    [Fact]
    public void Without_settings_it_is_one_silo_on_a_directory()
    {
        var options = Read();
        Assert.Equal((SiloProfile.Localhost, "data", 7878, "cdp"), (options.Profile, options.DataDirectory, options.Port, options.Cluster));
    }

    [Fact]
    public void Settings_are_read_whatever_their_case()
    {
        var options = Read(("profile", "POSTGRES"), ("postgres", "postgres://cdp@db/cdp"), ("siloPort", "12000"), ("ProbeMilliseconds", "3000"));
        Assert.Equal((SiloProfile.Postgres, 12_000, 3_000), (options.Profile, options.SiloPort, options.ProbeMilliseconds));
    }

    [Theory]
    [InlineData("Profile", "azur", "localhost, postgres, azure-local, azure")]
    [InlineData("Profile", "7", "localhost, postgres, azure-local, azure")]
    [InlineData("Port", "x", "whole number")]
    [InlineData("Port", "70000", "0 to 65535")]
    [InlineData("SiloPort", "0", "1 to 65535")]
    [InlineData("SiloAddress", "db", "IP address")]
    [InlineData("ProbeMilliseconds", "100", "500 to 10000")]
    [InlineData("Dashboard", "perhaps", "true or false")]
    [InlineData("Colour", "red", "no such setting")]
    [InlineData("Cluster", "", "1 to 100")]
    public void A_wrong_setting_is_named_with_its_remedy(string name, string value, string remedy)
    {
        var error = Assert.Throws<SettingException>(() => Read((name, value)));
        Assert.Contains($"Cdp__{name}", error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Issuers_of_tokens_are_read_and_what_they_lack_is_named()
    {
        var options = Read(("Jwt:Issuers:0:Authority", "https://login.example"), ("Jwt:Issuers:0:Audience", "cdp"));
        Assert.Equal(("https://login.example", "cdp"), (Assert.Single(options.Jwt).Authority, options.Jwt[0].Audience));
        Assert.Contains("Cdp__Jwt__Issuers__0__Audience", Assert.Throws<SettingException>(() => Read(("Jwt:Issuers:0:Authority", "https://login.example"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres", "Postgres")]
    [InlineData("azure-local", "Tables")]
    [InlineData("azure", "EventHubs")]
    public void A_profile_names_what_it_lacks(string profile, string missing)
    {
        var message = Assert.Throws<SettingException>(() => Read(("Profile", profile))).Message;
        Assert.Contains($"Cdp__{missing}", message, StringComparison.Ordinal);
        Assert.Contains($"The profile {profile} needs", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("short")]
    [InlineData("cdp_other_key_aaaaaaaaaaaaaaaaaaaaaaa")]
    public void A_silo_needs_the_operator_s_key(string? text) =>
        Assert.Contains(OperatorKey.Variable, Assert.Throws<SettingException>(() => OperatorKey.Read(text)).Message, StringComparison.Ordinal);

    private static SiloOptions Read(params (string Name, string Value)[] settings) => SiloOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Cdp:{setting.Name}", (string?)setting.Value))).Build());
}
