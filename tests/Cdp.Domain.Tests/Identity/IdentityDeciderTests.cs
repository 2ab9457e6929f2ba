using Cdp.Domain.Identity;
using Cdp.State.V1;
using Cdp.V1;
using static Cdp.Domain.Tests.Identity.IdentityWorld;

namespace Cdp.Domain.Tests.Identity;

public sealed class IdentityDeciderTests
{
    private readonly IdentityWorld _world = new(Config());

    [Fact]
    public void An_identifier_alone_mints_its_own_customer_once()
    {
        var answer = _world.Ask(Id("device", "d1"));
        var again = _world.Ask(Id("device", "d1"));

        Assert.Matches("^c[0-9a-hjkmnp-tv-z]{26}$", answer.Customer);
        Assert.Equal(answer, again);
        Assert.Single(_world.Record);
        Assert.Equal(answer.Customer, _world.Record[0].Minted.Customer);
    }

    [Fact]
    public void A_login_joins_the_device_that_was_seen_before_it()
    {
        var device = _world.Ask(Id("device", "d1"));
        var login = _world.Ask(Id("user_id", "u1"), Id("device", "d1"));

        Assert.Equal(device.Customer, login.Customer);
        var order = Assert.Single(login.Merges);
        Assert.Equal(device.Customer, order.Winner);
        Assert.Equal(_world.Record[1].Minted.Customer, order.Loser);
        Assert.Equal((1, 0, 2), (order.LoserMinted, order.WinnerMinted, order.IdentitySequence));
    }

    [Fact]
    public void A_kiosk_with_300_logins_stays_300_people()
    {
        var customers = Enumerable.Range(0, 300)
            .Select(i => _world.Ask(Id("user_id", $"u{i}"), Id("device", "kiosk")).Customer).ToHashSet();

        Assert.Equal(300, customers.Count);
        Assert.Equal(299, _world.Record.Count(d => d.Refused is not null));
        Assert.All(_world.Record.Where(d => d.Refused is not null), d =>
        {
            Assert.Equal(("user_id", 1, "NAMESPACE_LIMIT"), (d.Refused.Namespace, d.Refused.Limit, d.Refused.Reason));
        });
    }

    [Fact]
    public void A_refused_identifier_stays_as_it_was()
    {
        for (var i = 0; i < 5; i++) _world.Ask(Id("user_id", "u"), Id("email", $"e{i}"));
        var sixth = _world.Ask(Id("user_id", "u"), Id("email", "e5"));
        Assert.Equal("", sixth.Customers[1]);

        var alone = _world.Ask(Id("email", "e5"));
        Assert.NotEqual(sixth.Customer, alone.Customer);

        var decided = _world.Record.Count;
        var again = _world.Ask(Id("user_id", "u"), Id("email", "e5"));
        Assert.Equal([sixth.Customer, alone.Customer], again.Customers);
        Assert.Equal(decided, _world.Record.Count);
    }

    [Fact]
    public void A_refusal_is_followed_in_whichever_order_the_pair_comes()
    {
        var world = new IdentityWorld(Config(new Namespace { Name = "email", Kind = NamespaceKind.Contact, MaxPerCustomer = 1 }));
        world.Ask(Id("email", "a"), Id("email", "b"));
        world.Ask(Id("email", "b"), Id("email", "a"));
        Assert.Single(world.Record, d => d.Refused is not null);
    }

    [Fact]
    public void A_reference_finds_its_customer()
    {
        var bought = _world.Ask(Id("user_id", "u"), Id("order_id", "o"));
        Assert.Equal(bought.Customer, _world.Ask(Id("order_id", "o")).Customer);
    }

    [Fact]
    public void A_reference_never_merges_two_customers()
    {
        var first = _world.Ask(Id("user_id", "u1"), Id("order_id", "o"));
        var second = _world.Ask(Id("device", "d"), Id("order_id", "o"));

        Assert.NotEqual(first.Customer, second.Customer);
        Assert.Equal([second.Customer, first.Customer], second.Customers);
        Assert.DoesNotContain(_world.Record, d => d.Merged is not null || d.Refused is not null);
    }

    [Fact]
    public void A_reference_put_first_ties_nothing_together()
    {
        var world = new IdentityWorld(Config(new Namespace { Name = "ticket_id", Kind = NamespaceKind.Reference, Priority = 900 }));
        world.Ask(Id("device", "d1"), Id("ticket_id", "t"));
        world.Ask(Id("device", "d2"));
        var answer = world.Ask(Id("ticket_id", "t"), Id("device", "d2"));
        Assert.Equal(world.Rows.StandingOf(Id("device", "d2").Key), answer.Customer);
        Assert.DoesNotContain(world.Record, d => d.Merged is not null);
    }

    [Fact]
    public void A_chain_of_merges_is_named_from_the_customer_that_was_linked_to_the_one_that_stands()
    {
        _world.Ask(Id("device", "d0"));
        _world.Ask(Id("device", "d1"));
        _world.Ask(Id("device", "d2"));
        _world.Ask(Id("device", "d1"), Id("device", "d2"));
        _world.Ask(Id("device", "d0"), Id("device", "d1"));

        var answer = _world.Ask(Id("device", "d2"));
        Assert.Equal(_world.Record[0].Minted.Customer, answer.Customer);
        Assert.Equal([3, 4], answer.Merges.Select(m => m.IdentitySequence));
        Assert.Equal(4, answer.Sequence);
    }

    [Fact]
    public void A_repeated_question_names_the_same_merges()
    {
        _world.Ask(Id("device", "d1"));
        var answer = _world.Ask(Id("user_id", "u1"), Id("device", "d1"));
        Assert.Equal(answer, _world.Ask(Id("user_id", "u1"), Id("device", "d1")));
    }

    [Fact]
    public void A_limit_lowered_later_blocks_only_what_it_is_about()
    {
        for (var i = 0; i < 4; i++) _world.Ask(Id("user_id", "u"), Id("email", $"e{i}"));
        var device = _world.Ask(Id("device", "d"));
        var lowered = new IdentityDecider(
            new NamespaceRules(Config(new Namespace { Name = "email", Kind = NamespaceKind.Contact, MaxPerCustomer = 2 })),
            new CustomerIds(Config().IdentityKey.Memory));

        List<IdentityDecision> decisions = [];
        var answer = lowered.Decide(Question(Id("user_id", "u"), Id("device", "d")), _world.Rows, _world.Record.Count, decisions);
        Assert.NotNull(Assert.Single(decisions).Merged);
        Assert.NotEqual(device.Customer, answer.Customer);
    }

    [Fact]
    public void Facts_beyond_a_page_leave_the_group_row()
    {
        for (var i = 0; i < 600; i++) _world.Ask(Id("user_id", "u"), Id("order_id", $"o{i}"));
        var (customer, group) = Assert.Single(_world.Rows.Groups);

        Assert.Equal(2, group.FullPages);
        var facts = Enumerable.Range(0, 2).SelectMany(n => _world.Rows.Pages[(customer, n)].Facts).Concat(group.Facts);
        Assert.Equal(Enumerable.Range(0, 601).Select(i => (long)i), facts);
    }
}
