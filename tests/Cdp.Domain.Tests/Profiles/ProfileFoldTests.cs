using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>What each component makes of single events, and when it asks to fold again.</summary>
public sealed class ProfileFoldTests
{
    [Fact]
    public void Two_orders_in_either_order_give_the_same_bytes_and_their_sum()
    {
        var first = Order("a", 1_000_000, ("total", 19.99m));
        var second = Order("b", 2_000_000, ("total", 0.02m));
        Assert.Equal(Absorbed(first, second).ToByteArray(), Absorbed(second, first).ToByteArray());
        Assert.Equal("20.01", Assert.Single(Render(Absorbed(first, second), "monetary").Monetary).NetRevenue.Amount);
    }

    [Fact]
    public void An_order_without_a_total_is_worth_its_lines()
    {
        var order = Order("a", 1, ("products", Sample.List(
            Sample.Map(("product_id", "p"), ("quantity", 3), ("price", 2.55m)),
            Sample.Map(("product_id", "q"), ("price", "0.10")),
            Sample.Map(("product_id", "p"), ("quantity", -1), ("price", 2.55m)))));
        var profile = Render(Absorbed(order), "monetary", "products");
        Assert.Equal(("EUR", "5.2"), (profile.Monetary[0].CurrencyCode, profile.Monetary[0].GrossRevenue.Amount));
        Assert.Equal(2, profile.Products.DistinctOrdered);
        Assert.Equal([("p", 1L, "2"), ("q", 1L, "1")], profile.Products.Top.Select(p => (p.ProductId, p.Orders, p.Quantity)));
    }

    [Fact]
    public void A_refund_lowers_net_revenue_by_its_size_whatever_its_sign()
    {
        var profile = Render(Absorbed(
            Order("a", 1, ("total", 10)),
            Sample.Track("b", "Order Refunded", 2, properties: ("total", Sample.Of(-4))),
            Sample.Track("c", "refund", 3, properties: ("value", Sample.Of(1.5)))));
        var monetary = Assert.Single(profile.Monetary);
        Assert.Equal((1L, 2L, "10", "5.5", "4.5"), (monetary.Orders, monetary.Refunds, monetary.GrossRevenue.Amount, monetary.Refunded.Amount, monetary.NetRevenue.Amount));
    }

    [Fact]
    public void An_order_with_a_negative_total_is_an_order_still()
    {
        var monetary = Assert.Single(Render(Absorbed(Order("a", 1, ("total", -3)))).Monetary);
        Assert.Equal((1L, 0L, "-3"), (monetary.Orders, monetary.Refunds, monetary.NetRevenue.Amount));
    }

    [Fact]
    public void Money_keeps_its_currency_and_unreadable_ones_are_not_mixed_with_others()
    {
        var usd = new Value { MoneyValue = new Money { CurrencyCode = "USD", Amount = "7" } };
        var profile = Render(Absorbed(
            Order("a", 1, ("total", usd), ("currency", "GBP")), Order("b", 2, ("total", 1), ("currency", "gbp ")), Order("c", 3, ("total", 2), ("currency", "euro"))));
        Assert.Equal([("GBP", "1"), ("USD", "7"), ("XXX", "2")], profile.Monetary.Select(m => (m.CurrencyCode, m.NetRevenue.Amount)));
    }

    [Fact]
    public void Lines_in_two_currencies_have_no_common_total()
    {
        var usd = new Value { MoneyValue = new Money { CurrencyCode = "USD", Amount = "7" } };
        var profile = Render(Absorbed(Order("a", 1, ("items", Sample.List(Sample.Map(("price", usd)), Sample.Map(("price", 1)))))));
        Assert.Equal(("EUR", 1L, "0"), (profile.Monetary[0].CurrencyCode, profile.Monetary[0].Orders, profile.Monetary[0].NetRevenue.Amount));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    public void A_session_ends_with_a_pause_longer_than_the_tenants(long beyondMicros, int sessions)
    {
        const long Pause = 1_800_000_000;
        var profile = Render(Absorbed(Sample.Track("a", "Seen", 0), Sample.Track("b", "Seen", Pause + beyondMicros)));
        Assert.Equal(sessions, profile.Sessions.Count);
    }

    [Fact]
    public void What_has_no_role_is_counted_but_is_no_visit()
    {
        var profile = Render(Absorbed(Sample.Traits("a", 5, set: ("tier", "gold"))));
        Assert.Equal((1L, 0L), (profile.Activity.EventCount, profile.Sessions.Count));
    }

    [Fact]
    public void A_late_event_joins_two_sessions()
    {
        var profile = Render(Absorbed(Sample.Track("a", "Seen", 0), Sample.Track("c", "Seen", 3_000_000_000), Sample.Track("b", "Seen", 1_500_000_000)));
        Assert.Equal((1L, 3L), (profile.Sessions.Count, profile.Sessions.LastEventCount));
    }

    [Fact]
    public void Beyond_64_sessions_only_an_event_near_or_below_the_older_ones_folds_again()
    {
        var visits = Enumerable.Range(0, 70).Select(day => Sample.Track($"v{day}", "Seen", day * RandomEvents.Day)).ToArray();
        var state = Absorbed(visits);
        Assert.False(ProfileFold.TryAbsorb(state, Sample.Track("late", "Seen", 2 * RandomEvents.Day), Folding.Definitions));
        Assert.True(ProfileFold.TryAbsorb(state, Sample.Track("late", "Seen", 20 * RandomEvents.Day), Folding.Definitions));
        Assert.Equal(70, Render(state).Sessions.Count);
        Assert.Equal(65, state.Sessions.Count + 1);
    }

    [Fact]
    public void Beyond_64_sessions_an_event_that_joins_two_of_them_folds_again()
    {
        var visits = Enumerable.Range(0, 70).Select(hour => Sample.Track($"v{hour}", "Seen", hour * 60 * RandomEvents.Minute)).ToArray();
        var state = Absorbed(visits);
        byte[] before = state.ToByteArray();
        Assert.False(ProfileFold.TryAbsorb(state, Sample.Track("between", "Seen", (50 * 60 + 30) * RandomEvents.Minute), Folding.Definitions));
        Assert.Equal(before, state.ToByteArray());
    }

    [Fact]
    public void A_set_that_lands_before_an_add_folds_again()
    {
        var state = Absorbed(Sample.Traits("a", 2, add: ("points", 5)));
        byte[] before = state.ToByteArray();
        Assert.False(ProfileFold.TryAbsorb(state, Sample.Traits("b", 1, set: ("points", 10)), Folding.Definitions));
        Assert.False(ProfileFold.TryAbsorb(state, Sample.Traits("b", 1, unset: "points"), Folding.Definitions));
        Assert.Equal(before, state.ToByteArray());
        Assert.True(ProfileFold.TryAbsorb(state, Sample.Traits("c", 1, set: ("tier", "gold")), Folding.Definitions));
    }

    [Fact]
    public void Late_changes_that_a_later_set_overrules_are_absorbed()
    {
        var state = Absorbed(Sample.Traits("a", 9, set: ("points", 1)), Sample.Traits("b", 3, set: ("points", 2)), Sample.Traits("c", 4, add: ("points", 3)), Sample.Traits("d", 5, unset: "points"), Sample.Traits("e", 6, once: ("points", 4)));
        Assert.Equal(1, Assert.Single(Render(state).Traits).Value.IntValue);
    }

    [Fact]
    public void Adding_to_what_is_no_number_changes_nothing()
    {
        var trait = Assert.Single(Render(Absorbed(Sample.Traits("a", 1, set: ("tier", "gold")), Sample.Traits("b", 2, add: ("tier", 1)))).Traits);
        Assert.Equal(("gold", 1L), (trait.Value.StringValue, trait.AsOf.UnixMicros));
    }

    [Fact]
    public void A_sum_of_integers_is_an_integer_until_it_no_longer_fits()
    {
        var most = new Value { IntValue = long.MaxValue };
        Assert.Equal(3, Render(Absorbed(Sample.Traits("a", 1, add: ("n", 1)), Sample.Traits("b", 2, add: ("n", 2)))).Traits[0].Value.IntValue);
        Assert.Equal("9223372036854775808", Render(Absorbed(Sample.Traits("a", 1, set: ("n", most)), Sample.Traits("b", 2, add: ("n", 1)))).Traits[0].Value.DecimalValue);
        Assert.Equal("1.5", Render(Absorbed(Sample.Traits("a", 1, set: ("n", 1)), Sample.Traits("b", 2, add: ("n", 0.5)))).Traits[0].Value.DecimalValue);
    }

    [Fact]
    public void An_interest_halves_with_every_half_life()
    {
        const long HalfLife = 30 * RandomEvents.Day;
        var state = Absorbed(Order("a", 7 * RandomEvents.Day, ("category", "washing")));
        double now = Render(state, 7 * RandomEvents.Day).Interests[0].Score;
        Assert.Equal(10, now, 1e-6);
        Assert.Equal(5, Render(state, (7 * RandomEvents.Day) + HalfLife).Interests[0].Score, 1e-6);
    }

    [Theory]
    [InlineData(15, 16, 2)]
    [InlineData(16, 1, 1)]
    public void An_interest_forgets_what_lies_16_half_lives_behind(int halfLives, int epochs, int counted)
    {
        var late = Order("late", 20 * 30 * RandomEvents.Day, ("category", "washing"));
        var early = Order("early", (20 - halfLives) * 30 * RandomEvents.Day, ("category", "washing"));
        var state = Absorbed(late, early);
        Assert.Equal(Absorbed(early, late).ToByteArray(), state.ToByteArray());
        Assert.Equal(epochs, state.Interests[0].Sums.Count);
        Assert.Equal(counted, state.Interests[0].Sums.Count(sum => sum > 0));
    }

    [Fact]
    public void First_and_last_seen_break_ties_by_source_then_id()
    {
        Occurrence[] tied = [Sample.Track("b", "Seen", 5, "app", "web"), Sample.Track("a", "Seen", 5, "shop", "store"), Sample.Track("a", "Seen", 5, "app", "phone")];
        foreach (var events in new[] { tied, [.. tied.Reverse()] })
        {
            var activity = Render(Absorbed(events)).Activity;
            Assert.Equal(("phone", "store"), (activity.FirstChannel, activity.LastChannel));
        }
    }

    [Fact]
    public void What_a_type_means_is_the_tenants_to_say()
    {
        var config = TenantDefaults.NewConfig("shop", new byte[32]);
        config.EventTypes.Add(new EventType { Name = "Rechnung", Role = EventRole.Order, ValuePath = "betrag.brutto", CurrencyPath = "betrag.waehrung", CategoryPath = "sparte", InterestWeight = 100 });
        var definitions = new Definitions(config);
        var state = new ProfileState();
        var e = Sample.Track("a", "Rechnung", 0, properties: [("betrag", Sample.Map(("brutto", 5), ("waehrung", "CHF"))), ("sparte", Sample.Of("Haushalt"))]);
        Assert.True(ProfileFold.TryAbsorb(state, e, definitions));
        var profile = Render(state, 0);
        Assert.Equal(("CHF", 1L, "5"), (profile.Monetary[0].CurrencyCode, profile.Monetary[0].Orders, profile.Monetary[0].NetRevenue.Amount));
        Assert.Equal(100, profile.Interests[0].Score, 1e-6);
    }

    [Fact]
    public void Names_beyond_their_bytes_are_shortened_and_stay_apart()
    {
        string common = new('x', 300);
        var state = Absorbed(Order("a", 1, ("items", Sample.List(Sample.Map(("sku", common + "1")), Sample.Map(("sku", common + "2"))))));
        Assert.Equal(2, Render(state, "products").Products.DistinctOrdered);
        Assert.All(state.ProductIds, id => Assert.Equal(64, id.Length));
    }

    internal static Profile Render(ProfileState state, params string[] fields) =>
        ProfileView.Render(state, Folding.Definitions.View("service", fields), Folding.Definitions, "c", 1, ValueStatus.Ok, 0);

    private static Profile Render(ProfileState state, long now) =>
        ProfileView.Render(state, Folding.Definitions.View("service", ["interests", "monetary"]), Folding.Definitions, "c", 1, ValueStatus.Ok, now);

    private static ProfileState Absorbed(params Occurrence[] events)
    {
        var state = new ProfileState();
        foreach (var e in events)
            Assert.True(ProfileFold.TryAbsorb(state, e, Folding.Definitions));
        return state;
    }

    private static Occurrence Order(string id, long at, params (string Name, object Value)[] properties) =>
        Sample.Track(id, "Order Completed", at, properties: [.. properties.Select(property => (property.Name, Sample.Of(property.Value)))]);
}
