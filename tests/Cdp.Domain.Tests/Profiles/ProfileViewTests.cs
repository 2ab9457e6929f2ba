using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.V1;

namespace Cdp.Domain.Tests.Profiles;

public sealed class ProfileViewTests
{
    private static readonly Occurrence[] Events =
    [
        Sample.Traits("t", 10, set: ("tier", "gold")),
        Sample.Traits("u", 20, set: ("email", "a@b")),
        Sample.Traits("v", 25, set: ("gone", 1)),
        Sample.Traits("w", 26, unset: "gone"),
        Sample.Track("o", "Order Completed", 30, channel: "web", properties: [("total", Sample.Of(5)), ("category", Sample.Of("washing"))]),
    ];

    [Fact]
    public void A_read_without_fields_returns_the_purposes_default_fields()
    {
        var profile = Render(Definitions(), "service");
        Assert.Equal(("c-1", 7L, ValueStatus.Stale), (profile.CustomerId, profile.Version, profile.Status));
        Assert.Equal(["email", "tier"], profile.Traits.Select(trait => trait.Name));
        Assert.NotNull(profile.Activity);
        Assert.NotNull(profile.Sessions);
        Assert.Single(profile.Monetary);
        Assert.Null(profile.Products);
        Assert.Empty(profile.Interests);
        Assert.Empty(profile.RecentEvents);
        Assert.Empty(profile.Withheld);
    }

    [Fact]
    public void Only_the_fields_asked_for_come_back()
    {
        var profile = Render(Definitions(), "service", "traits.tier", "traits.nobody_set_it", "interests");
        Assert.Equal(["tier"], profile.Traits.Select(trait => trait.Name));
        Assert.Single(profile.Interests);
        Assert.Null(profile.Activity);
        Assert.Empty(profile.Withheld);
    }

    [Fact]
    public void A_trait_says_where_it_is_from_and_when()
    {
        var trait = Assert.Single(Render(Definitions(), "service", "traits.tier").Traits);
        Assert.Equal(("gold", "crm", 10L, 1.0, ValueStatus.Stale), (trait.Value.StringValue, trait.Source, trait.AsOf.UnixMicros, trait.Confidence, trait.Status));
    }

    [Fact]
    public void What_the_purpose_may_not_see_is_named_and_left_out()
    {
        var definitions = Definitions(("traits.email", ["service"]), ("monetary", ["service"]), ("traits.gone", ["service"]));
        var profile = Render(definitions, "marketing");
        Assert.Equal(["tier"], profile.Traits.Select(trait => trait.Name));
        Assert.Empty(profile.Monetary);
        Assert.Equal(["monetary", "traits.email"], profile.Withheld.Select(withheld => withheld.Field).Order(StringComparer.Ordinal));
        Assert.All(profile.Withheld, withheld => Assert.Equal("PURPOSE", withheld.Reason));
    }

    [Fact]
    public void A_withheld_field_that_was_asked_for_is_named_once_be_there_a_value_or_not()
    {
        var definitions = Definitions(("traits.email", []), ("traits.absent", []));
        var profile = Render(definitions, "marketing", "traits.email", "traits.absent", "traits.*");
        Assert.Equal(["tier"], profile.Traits.Select(trait => trait.Name));
        Assert.Equal(["traits.absent", "traits.email"], profile.Withheld.Select(withheld => withheld.Field).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_withheld_wildcard_does_not_disclose_the_names_below_it()
    {
        var profile = Render(Definitions(("traits.*", []), ("traits.tier", ["marketing"])), "marketing", "traits.*");
        Assert.Equal(["tier"], profile.Traits.Select(trait => trait.Name));
        Assert.Equal(["traits.*"], profile.Withheld.Select(withheld => withheld.Field));
    }

    [Fact]
    public void Nothing_of_the_state_is_shown_for_a_purpose_that_is_not_declared()
    {
        string[] all = ["traits.*", "activity", "monetary", "sessions", "interests", "products", "recent_events"];
        var profile = Render(Definitions(), "surveillance", all);
        profile.Withheld.Clear();
        Assert.Equal(new Profile { CustomerId = "c-1", Version = 7, Status = ValueStatus.Stale }, profile);
    }

    [Fact]
    public void Rendering_changes_nothing_and_shares_nothing_that_a_later_event_changes()
    {
        string[] all = ["traits.*", "activity", "monetary", "sessions", "interests", "products", "recent_events"];
        var definitions = Definitions();
        var state = Folding.Fold(Events, definitions);
        var view = definitions.View("service", all);
        var before = ProfileView.Render(state, view, definitions, "c", 1, ValueStatus.Ok, 99);
        var kept = before.Clone();
        foreach (var e in Events)
            Assert.True(ProfileFold.TryAbsorb(state, e with { EffectiveAt = e.EffectiveAt + 100, Event = Renamed(e.Event) }, definitions));
        Assert.Equal(kept, before);
    }

    private static Event Renamed(Event original)
    {
        var copy = original.Clone();
        copy.Id += "-again";
        return copy;
    }

    private static Profile Render(Definitions definitions, string purpose, params string[] fields) => ProfileView.Render(
        Folding.Fold(Events, definitions), definitions.View(purpose, fields), definitions, "c-1", 7, ValueStatus.Stale, 30);

    private static Definitions Definitions(params (string Field, string[] Purposes)[] policies)
    {
        var config = TenantDefaults.NewConfig("shop", new byte[32]);
        foreach (var (field, purposes) in policies)
            config.FieldPolicies.Add(new FieldPolicy { Field = field, Purposes = { purposes } });
        return new Definitions(config);
    }
}
