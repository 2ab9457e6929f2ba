using System.Security.Cryptography;
using System.Text;
using Cdp.Domain.Identity;
using Cdp.V1;

namespace Cdp.Domain.Tests.Identity;

public sealed class IdentifierResolverTests
{
    private readonly IdentifierResolver _resolver = new(IdentityWorld.Config(), new IdentifierCache(64));

    [Fact]
    public void A_key_is_the_keyed_hash_of_namespace_and_value()
    {
        var hash = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes("0123456789abcdef0123456789abcdef"), Encoding.UTF8.GetBytes("email\0anna@example.org"));
        var text = Convert.ToBase64String(hash, 0, 16).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        Assert.Equal($"email/7.1/{text}", _resolver.Resolve("email", " Anna@example.org").Key);
    }

    [Fact]
    public void A_value_longer_than_the_stack_buffer_has_a_key_of_its_own()
    {
        var a = _resolver.Resolve("user_id", new string('ä', 511) + "a").Key;
        var b = _resolver.Resolve("user_id", new string('ä', 511) + "b").Key;
        Assert.NotEqual(a, b);
        Assert.Equal(a.Length, b.Length);
    }

    [Fact]
    public void Identifiers_are_sorted_by_priority_then_by_their_order_in_the_event()
    {
        var sorted = _resolver.Resolve([Of("order_id", "o1"), Of("device", "d1"), Of("email", "b@x.de"), Of("user_id", "u1"), Of("email", "a@x.de")]);
        Assert.Equal([3, 2, 4, 1, 0], Enumerable.Range(0, sorted.Count).Select(i => sorted.KeyAt(i).Index));
        Assert.Equal(["u1", "b@x.de", "a@x.de", "d1", "o1"], sorted.Values.Select(v => v.Value));
    }

    [Fact]
    public void Blocked_and_repeated_identifiers_are_left_out()
    {
        var usable = _resolver.Resolve([Of("user_id", "null"), Of("email", "A@x.de"), Of("email", "a@X.de"), Of("device", "0")]);
        Assert.Equal(1, usable.Count);
        Assert.Equal(1, usable.KeyAt(0).Index);
        Assert.Equal(-1, usable.RefusedIndex);
    }

    [Fact]
    public void The_first_unreadable_identifier_refuses_the_event()
    {
        var refused = _resolver.Resolve([Of("device", "d"), Of("email", "nobody")]);
        Assert.Equal((1, "EMAIL_INVALID"), (refused.RefusedIndex, refused.Refusal.Reason));
    }

    [Fact]
    public void The_cache_tells_tenants_and_configurations_apart()
    {
        var cache = new IdentifierCache(1);
        var german = new IdentifierResolver(IdentityWorld.Config(), cache);
        var config = IdentityWorld.Config();
        config.Tenant.CountryCode = "CH";
        var swiss = new IdentifierResolver(config, cache);

        Assert.Same(german.Resolve("phone", "044 6681800"), german.Resolve("phone", "044 6681800"));
        Assert.Equal("+49446681800", german.Resolve("phone", "044 6681800").Resolution.Value);
        Assert.Equal("+41446681800", swiss.Resolve("phone", "044 6681800").Resolution.Value);
        Assert.Equal("+49446681800", german.Resolve("phone", "044 6681800").Resolution.Value);
    }

    [Fact]
    public void Concurrent_callers_of_a_small_cache_get_their_own_identifiers()
    {
        var expected = Enumerable.Range(0, 500).ToDictionary(i => $"u{i}", i => new IdentifierKeys(IdentityWorld.Config().IdentityKey.Memory, 7).Make("user_id", $"u{i}"));
        Parallel.For(0, 20_000, i =>
        {
            var value = $"u{i % 500}";
            if (_resolver.Resolve("user_id", value).Key != expected[value]) throw new InvalidOperationException(value);
        });
    }

    [Fact]
    public void Partitions_are_evenly_used()
    {
        var counts = new int[16];
        for (var i = 0; i < 16_000; i++) counts[IdentifierKeys.PartitionOf(_resolver.Resolve("device", $"d{i}").Key, 16)]++;
        Assert.All(counts, c => Assert.InRange(c, 850, 1150));
    }

    [Fact]
    public void A_namespace_never_declared_counts_as_a_device()
    {
        var rule = _resolver.Rules.Of("beacon");
        Assert.Equal((NamespaceKind.Device, 20, 200), (rule.Kind, rule.Limit, rule.Priority));
    }

    [Fact]
    public void A_declared_namespace_replaces_the_built_in_one()
    {
        var rules = new NamespaceRules(IdentityWorld.Config(
            new Namespace { Name = "email", Kind = NamespaceKind.Person, MaxPerCustomer = -1, Priority = 50 },
            new Namespace { Name = "shop.login" }));
        Assert.Equal((NamespaceKind.Person, int.MaxValue, 50, Normalization.Email), Facts(rules.Of("email")));
        Assert.Equal((NamespaceKind.Device, 20, 200, Normalization.Trim), Facts(rules.OfKey("shop.login/7.1/x")));
        Assert.Equal((NamespaceKind.Contact, 5, 300, Normalization.Phone), Facts(rules.Of("phone")));
        Assert.Equal((NamespaceKind.Reference, int.MaxValue, 100, Normalization.Trim), Facts(rules.Of("ticket_id")));

        static (NamespaceKind, int, int, Normalization) Facts(NamespaceRule r) => (r.Kind, r.Limit, r.Priority, r.Normalization);
    }

    private static Identifier Of(string name, string value) => new() { Namespace = name, Value = value };
}
