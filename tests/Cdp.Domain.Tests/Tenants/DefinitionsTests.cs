using Cdp.Domain.Tenants;
using Cdp.V1;

namespace Cdp.Domain.Tests.Tenants;

public sealed class DefinitionsTests
{
    [Theory]
    [InlineData("Order Completed", EventRole.Order)]
    [InlineData("order_completed", EventRole.Order)]
    [InlineData("purchase", EventRole.Order)]
    [InlineData("Order Refunded", EventRole.Refund)]
    [InlineData("refund", EventRole.Refund)]
    [InlineData("Product Viewed", EventRole.View)]
    [InlineData("Product List Viewed", EventRole.View)]
    [InlineData("page_view", EventRole.View)]
    [InlineData("Product Added", EventRole.Interaction)]
    [InlineData("Checkout Started", EventRole.Interaction)]
    [InlineData("Chat Started", EventRole.Contact)]
    [InlineData("support_ticket_created", EventRole.Contact)]
    [InlineData("Robot Vacuum Stuck", EventRole.Interaction)]
    public void Common_names_have_their_roles(string type, EventRole role) =>
        Assert.Equal(role, New().Meaning(type, EventKind.Track).Role);

    [Theory]
    [InlineData(EventKind.Unspecified, EventRole.Order)]
    [InlineData(EventKind.Page, EventRole.View)]
    [InlineData(EventKind.Screen, EventRole.View)]
    [InlineData(EventKind.Identify, EventRole.None)]
    [InlineData(EventKind.Group, EventRole.None)]
    [InlineData(EventKind.Alias, EventRole.None)]
    public void The_kind_rules_where_the_event_is_no_track(EventKind kind, EventRole role) =>
        Assert.Equal(role, New().Meaning("purchase", kind).Role);

    [Theory]
    [InlineData(EventRole.Order, 0, 10)]
    [InlineData(EventRole.Interaction, 0, 3)]
    [InlineData(EventRole.View, 0, 1)]
    [InlineData(EventRole.Contact, 0, 0)]
    [InlineData(EventRole.Order, -1, 0)]
    [InlineData(EventRole.Contact, 7, 7)]
    [InlineData(EventRole.View, 5_000, 1_000)]
    public void A_weight_is_stated_or_the_roles(EventRole role, int stated, int weight) =>
        Assert.Equal(weight, New(new EventType { Name = "X", Role = role, InterestWeight = stated }).Meaning("X", EventKind.Track).InterestWeight);

    [Fact]
    public void A_declared_type_is_compared_exactly_and_beats_its_common_name()
    {
        var definitions = New(new EventType { Name = "purchase", Role = EventRole.Contact });
        Assert.Equal(EventRole.Contact, definitions.Meaning("purchase", EventKind.Track).Role);
        Assert.Equal(EventRole.Order, definitions.Meaning("Purchase", EventKind.Track).Role);
    }

    [Fact]
    public void A_declared_type_without_a_role_keeps_that_of_its_name() =>
        Assert.Equal(EventRole.Refund, New(new EventType { Name = "refund", ValuePath = "sum" }).Meaning("refund", EventKind.Track).Role);

    [Fact]
    public void A_configuration_that_says_nothing_has_the_defaults()
    {
        var definitions = new Definitions(new State.V1.TenantConfig { Tenant = new Tenant { Id = "t" } });
        Assert.Equal(
            ("Etc/UTC", "EUR", "DE", 1_800_000_000L, 2_592_000_000_000L),
            (definitions.TimeZone, definitions.CurrencyCode, definitions.CountryCode, definitions.SessionPauseMicros, definitions.InterestHalfLifeMicros));
    }

    [Fact]
    public void A_new_tenant_declares_three_purposes()
    {
        var definitions = New();
        Assert.Equal(["analytics", "marketing", "service"], definitions.Purposes);
        Assert.True(definitions.IsDeclared("service"));
        Assert.False(definitions.IsDeclared("surveillance"));
    }

    [Theory]
    [InlineData("activity", true)]
    [InlineData("recent_events", true)]
    [InlineData("traits.*", true)]
    [InlineData("traits.loyalty.tier", true)]
    [InlineData("identifiers.email", true)]
    [InlineData("traits.", false)]
    [InlineData("traits", false)]
    [InlineData("*", false)]
    [InlineData("", false)]
    [InlineData("Activity", false)]
    public void Fields_have_fixed_names(string field, bool valid) => Assert.Equal(valid, ProfileFields.IsValid(field));

    [Theory]
    [InlineData("segments", true)]
    [InlineData("activity", true)]
    [InlineData("traits.tier", true)]
    [InlineData("segment", false)]
    [InlineData("segments.vip", false)]
    public void A_policy_may_also_be_about_segments_which_no_profile_shows(string field, bool valid)
    {
        Assert.Equal(valid, ProfileFields.IsValidOfPolicies(field));
        Assert.Equal(valid && field != "segments", ProfileFields.IsValid(field));
        var definitions = WithPolicies(("segments", ["service"]));
        Assert.True(definitions.MaySee("service", "segments"));
        Assert.False(definitions.MaySee("marketing", "segments"));
        Assert.False(definitions.MaySee("undeclared", "activity"));
    }

    [Fact]
    public void The_most_specific_policy_counts()
    {
        var definitions = WithPolicies(("traits.*", ["service"]), ("traits.tier", ["marketing"]), ("monetary", []));
        var service = definitions.View("service", []);
        Assert.Equal(FieldAccess.Visible, service.Traits.Of("name"));
        Assert.Equal(FieldAccess.Withheld, service.Traits.Of("tier"));
        Assert.Equal(FieldAccess.Withheld, service.Monetary);
        Assert.Equal(FieldAccess.Visible, service.Activity);
        Assert.Equal(FieldAccess.NotAsked, service.Products);
        Assert.Equal(["monetary"], service.Withheld);
        var marketing = definitions.View("marketing", []);
        Assert.Equal(FieldAccess.Withheld, marketing.Traits.Of("name"));
        Assert.Equal(FieldAccess.Visible, marketing.Traits.Of("tier"));
        Assert.Equal(["traits.*", "monetary"], marketing.Withheld);
    }

    [Fact]
    public void Identifiers_follow_the_same_rules()
    {
        var view = WithPolicies(("identifiers.email", ["service"])).View("marketing", ["identifiers.*"]);
        Assert.Equal(FieldAccess.Withheld, view.Identifiers.Of("email"));
        Assert.Equal(FieldAccess.Visible, view.Identifiers.Of("device"));
        Assert.True(view.Identifiers.NamesAsWithheld("email"));
        Assert.False(view.Identifiers.NamesAsWithheld("device"));
    }

    [Fact]
    public void A_purpose_that_is_not_declared_sees_nothing()
    {
        var view = New().View("surveillance", ["activity", "traits.*"]);
        Assert.Equal(FieldAccess.Withheld, view.Activity);
        Assert.Equal(FieldAccess.Withheld, view.Traits.Of("name"));
        Assert.Equal(["activity", "traits.*"], view.Withheld);
    }

    [Fact]
    public void Views_are_kept_by_purpose_and_fields_and_not_without_bound()
    {
        var definitions = New();
        Assert.Same(definitions.View("service", ["activity"]), definitions.View("service", ["activity"]));
        Assert.NotSame(definitions.View("service", ["activity"]), definitions.View("marketing", ["activity"]));
        Assert.NotSame(definitions.View("service", ["activity"]), definitions.View("service", ["sessions"]));
        for (int i = 0; i < 1_000; i++)
            definitions.View("service", [$"traits.{i}"]);
        Assert.Same(definitions.View("service", ["traits.1"]), definitions.View("service", ["traits.1"]));
        Assert.NotSame(definitions.View("service", ["traits.999"]), definitions.View("service", ["traits.999"]));
        Assert.Equal(FieldAccess.Visible, definitions.View("service", ["traits.999"]).Traits.Of("999"));
    }

    [Fact]
    public void A_kept_view_does_not_change_with_the_callers_list()
    {
        var definitions = New();
        var fields = new List<string> { "activity" };
        var view = definitions.View("service", fields);
        fields[0] = "sessions";
        Assert.Equal(FieldAccess.Visible, view.Activity);
        Assert.Equal(FieldAccess.NotAsked, definitions.View("service", fields).Activity);
    }

    private static Definitions New(params EventType[] types)
    {
        var config = TenantDefaults.NewConfig("shop", new byte[32]);
        config.EventTypes.Add(types);
        return new Definitions(config);
    }

    private static Definitions WithPolicies(params (string Field, string[] Purposes)[] policies)
    {
        var config = TenantDefaults.NewConfig("shop", new byte[32]);
        foreach (var (field, purposes) in policies)
            config.FieldPolicies.Add(new FieldPolicy { Field = field, Purposes = { purposes } });
        return new Definitions(config);
    }
}
