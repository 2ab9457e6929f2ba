using System.Text.Json;
using Cdp.Domain.Identity;
using Cdp.V1;

namespace Cdp.Domain.Tests.Identity;

public sealed class IdentifierNormalizerTests
{
    private static readonly NamespaceRules Rules = new(IdentityWorld.Config(
        new Namespace { Name = "login", Kind = NamespaceKind.Person, Normalization = Normalization.Lower, BlockedValues = { "root" } }));

    [Theory]
    [InlineData("user_id", " U-1 ", "U-1")]
    [InlineData("login", " AnNa ", "anna")]
    [InlineData("email", " Anna.Muster@Example.ORG\t", "anna.muster@example.org")]
    [InlineData("email", "Some.Name+Shop@GMail.com", "some.name+shop@gmail.com")]
    [InlineData("email", "\"foo@bar\"@baz.com", "\"foo@bar\"@baz.com")]
    [InlineData("phone", "0171 2345678", "+491712345678")]
    [InlineData("phone", "+49 (171) 234-5678", "+491712345678")]
    [InlineData("phone", "0049 171 2345678", "+491712345678")]
    [InlineData("phone", "+43 1 5880140", "+4315880140")]
    public void Values_that_mean_the_same_become_the_same(string name, string value, string expected) =>
        Assert.Equal(IdentifierResolution.Usable(expected), Normalize(name, value));

    [Fact]
    public void A_national_number_is_read_in_the_tenants_country()
    {
        Assert.Equal("+41446681800", IdentifierNormalizer.Normalize(Rules.Of("phone"), "044 668 18 00", "CH").Value);
        Assert.Equal("+442083661177", IdentifierNormalizer.Normalize(Rules.Of("phone"), "020 8366 1177", "GB").Value);
    }

    [Theory]
    [InlineData("email", "anna", "EMAIL_INVALID")]
    [InlineData("email", "@gmail.com", "EMAIL_INVALID")]
    [InlineData("email", "anna@", "EMAIL_INVALID")]
    [InlineData("email", "a@b@c.de", "EMAIL_INVALID")]
    [InlineData("phone", "call me", "PHONE_INVALID")]
    [InlineData("phone", "12", "PHONE_INVALID")]
    [InlineData("phone", "+49 171 2345678 2345678 2345678", "PHONE_INVALID")]
    [InlineData("E-Mail", "a@b.de", "NAMESPACE_INVALID")]
    [InlineData("", "x", "NAMESPACE_INVALID")]
    public void What_cannot_be_read_is_refused_with_its_reason_and_without_the_value(string name, string value, string reason)
    {
        var refused = Normalize(name, value);
        Assert.Equal((IdentifierOutcome.Refused, reason, ""), (refused.Outcome, refused.Reason, refused.Value));
        Assert.NotEmpty(refused.Message);
        if (value.Length > 2) Assert.DoesNotContain(value, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_too_long_is_refused()
    {
        Assert.Equal(IdentifierOutcome.Usable, Normalize("user_id", new string('a', 511) + "b").Outcome);
        Assert.Equal("IDENTIFIER_TOO_LONG", Normalize("user_id", new string('a', 512) + "b").Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("null")]
    [InlineData("NULL")]
    [InlineData("undefined")]
    [InlineData("None")]
    [InlineData("nil")]
    [InlineData("n/a")]
    [InlineData("NA")]
    [InlineData("unknown")]
    [InlineData("Anonymous")]
    [InlineData("guest")]
    [InlineData("test")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("0000")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("{00000000-0000-0000-0000-000000000000}")]
    [InlineData("+000 000")]
    [InlineData("xxxxxxxxxx")]
    [InlineData("ffffffffffffffff")]
    public void What_identifies_nobody_is_blocked_in_every_namespace(string value)
    {
        foreach (var name in new[] { "user_id", "email", "phone", "device", "never_declared" })
        {
            Assert.Equal(IdentifierResolution.Blocked, Normalize(name, value));
        }
    }

    [Theory]
    [InlineData("100")]
    [InlineData("1")]
    [InlineData("a0")]
    [InlineData("77")]
    [InlineData("tester")]
    public void Short_and_real_values_are_not_blocked(string value) =>
        Assert.Equal(IdentifierOutcome.Usable, Normalize("user_id", value).Outcome);

    [Fact]
    public void A_namespaces_own_blocked_values_are_compared_after_normalisation()
    {
        Assert.Equal(IdentifierResolution.Blocked, Normalize("login", " ROOT "));
        Assert.Equal("root", Normalize("user_id", "root").Value);
    }

    [Theory]
    [InlineData("{\"options\":{},\"input\":\"hans@m端ller.com\",\"expected\":\"hans@m端ller.com\"}", true)]
    [InlineData("{\"options\":{},\"input\":\"Some.Name+Ext@Unknown.com\",\"expected\":\"some.name+ext@unknown.com\"}", true)]
    [InlineData("{\"options\":{\"yahoo_remove_subaddress\":false},\"input\":\"Some.name-ext@yahoo.com\",\"expected\":\"some.name-ext@yahoo.com\"}", true)]
    [InlineData("{\"options\":{},\"input\":\"some.name@gmail.com\",\"expected\":\"somename@gmail.com\"}", false)]
    [InlineData("{\"options\":{},\"input\":\"@icloud.com\",\"expected\":false}", true)]
    public void Vectors_apply_where_their_options_are_ours(string vector, bool applies)
    {
        using var json = JsonDocument.Parse(vector);
        Assert.Equal(applies, EmailVector.IsOurs(json.RootElement));
        if (applies) EmailVector.Check(json.RootElement);
    }

    [Fact]
    public void Published_email_vectors_hold_where_their_options_are_ours()
    {
        var file = Path.Combine(Environment.GetEnvironmentVariable("CDP_DATA") ?? EmailVector.DefaultData(), "email", "normalize_email.jsonl");
        if (!File.Exists(file)) Assert.Skip($"{file} is not here; set CDP_DATA to the folder of the public data.");
        var ours = 0;
        foreach (var line in File.ReadLines(file))
        {
            using var json = JsonDocument.Parse(line);
            if (!EmailVector.IsOurs(json.RootElement)) continue;
            EmailVector.Check(json.RootElement);
            ours++;
        }

        Assert.InRange(ours, 20, 98);
    }

    private static IdentifierResolution Normalize(string name, string value) =>
        IdentifierNormalizer.Normalize(Rules.Of(name), value, "DE");
}
