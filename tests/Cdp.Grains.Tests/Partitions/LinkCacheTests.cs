using Cdp.Domain.Identity;
using Cdp.Grains.Partitions;

namespace Cdp.Grains.Tests.Partitions;

public sealed class LinkCacheTests
{
    private const int Capacity = 100;

    private readonly LinkCache _cache = new(Capacity);
    private readonly CustomerIds _ids = new(new byte[32]);

    [Fact]
    public void A_link_leads_where_it_was_last_said_to_lead()
    {
        _cache.Set(Link("email", "a"), _ids.Make(1));
        _cache.Set(Link("email", "b"), _ids.Make(2));
        _cache.Set(Link("email", "a"), _ids.Make(3));
        Assert.Equal([_ids.Make(3), _ids.Make(2), _ids.Make(3)], new[] { "a", "b", "a" }.Select(value => _cache.Find(Link("email", value))?.Customer));
    }

    [Fact]
    public void A_link_of_a_customer_that_gave_itself_up_leads_to_who_took_it_in_and_says_so()
    {
        _cache.Set(Link("email", "a"), _ids.Make(1));
        _cache.Set(Link("email", "b"), _ids.Make(3));
        _cache.Forward(_ids.Make(1), _ids.Make(2));
        _cache.Forward(_ids.Make(2), _ids.Make(3));

        Assert.Equal(new LinkLead(_ids.Make(3), Forwarded: true), _cache.Find(Link("email", "a")));
        Assert.Equal(new LinkLead(_ids.Make(3), Forwarded: false), _cache.Find(Link("email", "b")));
        Assert.Equal(new LinkLead(_ids.Make(3), Forwarded: true), _cache.Follow(_ids.Make(2)));
        Assert.Equal(new LinkLead("winner", Forwarded: false), _cache.Follow("winner"));

        // Once it is pointed anew it names its customer.
        _cache.Set(Link("email", "a"), _ids.Make(3));
        Assert.Equal(new LinkLead(_ids.Make(3), Forwarded: false), _cache.Find(Link("email", "a")));
    }

    [Fact]
    public void Links_of_other_namespaces_versions_and_tenants_are_others()
    {
        var link = Link("email", "a");
        _cache.Set(link, _ids.Make(1));
        Assert.Null(_cache.Find(Link("phone", "a")));
        Assert.Null(_cache.Find(link with { Key = link.Key.Replace("/1.", "/2.", StringComparison.Ordinal) }));
        Assert.Null(_cache.Find(link with { Tenant = "other" }));
        Assert.NotNull(_cache.Find(Link("email", "a")));
    }

    [Fact]
    public void What_is_used_stays_and_what_is_not_falls_out()
    {
        var (used, left) = (Link("email", "used"), Link("email", "left"));
        _cache.Set(used, _ids.Make(1));
        _cache.Set(left, _ids.Make(2));
        for (var i = 0; i < 3 * Capacity; i++)
        {
            _cache.Set(Link("cookie", $"{i}"), _ids.Make(i));
            Assert.Equal(_ids.Make(1), _cache.Find(used)?.Customer);
        }

        Assert.Null(_cache.Find(left));
        Assert.InRange(Enumerable.Range(0, 3 * Capacity).Count(i => _cache.Find(Link("cookie", $"{i}")) is not null), Capacity, 2 * Capacity);
    }

    [Fact]
    public void What_is_no_hash_is_not_remembered()
    {
        _cache.Set(new LinkKey("t", "short"), _ids.Make(1));
        _cache.Set(new LinkKey("t", "email/1.1/not base64 at all!!!!"), _ids.Make(1));
        _cache.Set(Link("email", "a"), "winner");
        Assert.Null(_cache.Find(new LinkKey("t", "short")));
        Assert.Null(_cache.Find(new LinkKey("t", "email/1.1/not base64 at all!!!!")));
        Assert.Null(_cache.Find(Link("email", "a")));
    }

    private static LinkKey Link(string name, string value) => new("t", new IdentifierKeys(new byte[32], 1).Make(name, value));
}
