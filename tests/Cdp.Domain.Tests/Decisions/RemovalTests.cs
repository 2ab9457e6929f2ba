using Cdp.Domain.Consent;
using Cdp.Domain.Decisions;
using Cdp.Domain.Expressions;
using Cdp.Domain.Tenants;
using Cdp.Domain.Tests.Expressions;
using Cdp.Domain.Tests.Profiles;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>Each rule that removes an action, and what is said of it.</summary>
public sealed class RemovalTests
{
    [Fact]
    public void Every_rule_names_itself_and_says_what_it_asks()
    {
        var world = Of(
            Placement(with: placement => placement.ActionLabels.Add("shop")),
            Shop("a_fine"),
            Shop("b_early", action => action.ValidFrom = new Timestamp { UnixMicros = Now + 1 }),
            Shop("c_late", action => action.ValidUntil = new Timestamp { UnixMicros = Now }),
            Shop("d_phone", action => action.Payloads[0].Channel = "phone"),
            Shop("e_health", action => action.Eligibility = "traits.health==1"),
            Shop("f_ineligible", action => action.Eligibility = "orders.count>99"),
            Shop("g_complaint", action => action.Rules.Add([Rule("never", "orders.count < 0"), Rule("open_complaint", "traits.vip==true and call.channel==\"web\"")])),
            Shop("h_capped", action => action.Cap = new ActionCap { MaxShown = 1, PeriodSeconds = 86_400 * 2 }),
            Action("i_other"),
            Shop("j_missing", action => action.Eligibility = "traits.unknown == 1"),
            Shop("k_missing", action => action.Rules.Add(Rule("unknown", "traits.unknown == 1"))));
        Assert.Null(world.Apply(new ChangeTenantRequest { PutFieldPolicy = new FieldPolicy { Field = "traits.health", Purposes = { TenantDefaults.ServicePurpose } } }));
        world.Remembered = new DecisionMemory(new DecisionState { Caps = { new CapUse { Action = world.Set.FindAction("h_capped")!.Number, Decision = 1, ReservedUntil = Now + 1 } } });

        var response = world.Decide(profile: Asking.Anna).Response;
        Assert.Equal(
            [
                "b_early not_yet_valid: valid from 2026-11-20T12:00:00.000001Z",
                "c_late no_longer_valid: valid until 2026-11-20T12:00:00Z",
                "d_phone no_payload: no payload for the placement's channel",
                "e_health purpose: a condition reads what the purpose may not see",
                "f_ineligible eligibility: orders.count > 99",
                "g_complaint open_complaint: traits.vip == true and call.channel == \"web\"",
                "h_capped cap: at most 1 within 2d",
                "i_other placement: none of the labels that the placement asks for",
                "j_missing eligibility: traits.unknown == 1",
            ],
            response.Removed.Select(removed => $"{removed.ActionId} {removed.Rule}: {removed.Text}"));
        Assert.All(response.Removed, removed => Assert.Equal(1, removed.ActionVersion));
        Assert.Equal(["", "a_fine", "k_missing"], response.Ranked.Select(ranked => ranked.ActionId).Order(StringComparer.Ordinal));

        // For a purpose that may see it, the condition is asked.
        var service = world.Decide(call => call with { Purpose = TenantDefaults.ServicePurpose }, Asking.Anna).Response;
        Assert.Equal("eligibility", Assert.Single(service.Removed, removed => removed.ActionId == "e_health").Rule);
    }

    [Fact]
    public void What_the_customer_does_not_allow_is_removed_and_replays_as_removed()
    {
        var world = Of(Placement());
        Purpose[] purposes =
        [
            new() { Id = "newsletter", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true },
            new() { Id = "ads", RefusedByGpc = true },
            new() { Id = "delivery", LawfulBasis = LawfulBasis.Contract },
        ];
        foreach (var purpose in purposes)
            Assert.Null(world.Apply(new ChangeTenantRequest { PutPurpose = purpose }));
        Cdp.V1.Action[] actions =
        [
            Action("a_letter", action => action.Purpose = "newsletter"),
            Action("b_ad", action => action.Purpose = "ads"),
            Action("c_any"),
            Action("d_personal", action => action.Eligibility = "events.count >= 0"),
            Action("e_parcel", action => action.Purpose = "delivery"),
        ];
        foreach (var action in actions)
            Assert.Null(world.Put(action));

        var silent = world.Decide();
        Assert.Equal(["a_letter consent: the customer does not allow \"newsletter\", or the purpose of the call"], Told(silent));
        Assert.Equal(["a_letter", "b_ad"], Removed(world.Decide(profile: Said(("ads", "", false)))));
        Assert.Equal(["b_ad"], Removed(world.Decide(profile: Said(("ads", "web", false), ("newsletter", "web", true)))));
        Assert.Equal(["a_letter"], Removed(world.Decide(profile: Said(("ads", "email", false), ("newsletter", "email", true)))));

        // Who does not allow what the call reads for is offered what asks nothing of it.
        var unread = world.Decide(profile: Said((TenantDefaults.MarketingPurpose, "", false)));
        Assert.Equal(
            [
                "a_letter consent: the customer does not allow \"newsletter\", or the purpose of the call",
                "d_personal consent: the customer does not allow the purpose of the call, and a condition reads its data",
            ],
            Told(unread));
        Assert.Equal(["a_letter", "b_ad"], Removed(world.Decide(profile: new ProfileState { FirstGpc = 1 })));

        foreach (var decision in new[] { silent, unread })
            Assert.True(Receipt.Replay(decision.Entry, Customer, world.AsOf(decision.Entry)).IsExact);

        static string[] Removed(Decision decision) => [.. decision.Response.Removed.Select(removed => removed.ActionId)];
        static string[] Told(Decision decision) => [.. decision.Response.Removed.Select(removed => $"{removed.ActionId} {removed.Rule}: {removed.Text}")];
    }

    [Fact]
    public void A_call_whose_context_bears_the_signal_is_decided_as_an_event_with_it_would_have_made_it()
    {
        var world = Of(Placement(), Action("a_ad"));
        Assert.Null(world.Apply(new ChangeTenantRequest { PutPurpose = new Purpose { Id = "ads", RefusedByGpc = true } }));
        Assert.Null(world.Put(Action("a_ad", action => action.Purpose = "ads")));
        var call = new DecisionCall(new DecisionId(Customer, 0, Now, 1), 1, TenantDefaults.MarketingPurpose);
        Subject With(string value) => Nobody(Now) with { Call = new CallFacts("web", new Dictionary<string, Value> { ["Sec-GPC"] = new() { StringValue = value } }) };

        Assert.Equal("consent", Assert.Single(Decider.Decide(world.Model(), call, With("1"), null).Response.Removed).Rule);
        Assert.Empty(Decider.Decide(world.Model(), call, With("0"), null).Response.Removed);
    }

    private static ProfileState Said(params (string Purpose, string Channel, bool Granted)[] acts)
    {
        var state = new ProfileState();
        foreach (var (purpose, channel, granted) in acts)
        {
            var made = new Event { Id = $"{purpose}/{channel}", Type = ConsentEvents.Type, Source = "tests" };
            ConsentEvents.Write(new ConsentAct { Purpose = purpose, Channel = channel, Granted = granted }, made.Properties);
            ConsentRules.Take(state, Sample.At(made, Now));
        }

        return state;
    }

    [Fact]
    public void What_this_version_cannot_read_is_not_offered()
    {
        var config = Of(Placement(), Action("a"), Action("b")).Config.Clone();
        config.Actions[0].Action.Eligibility = "a condition of a later version";
        var set = ActionSet.Compile(config, null);
        var model = new PlacementModel(set, set.FindPlacement("hero")!, null);
        var response = Decider.Decide(model, new DecisionCall(new DecisionId(Customer, 0, Now, 1), 1, TenantDefaults.MarketingPurpose), Nobody(Now), null).Response;
        Assert.Equal(("a", "unreadable"), (response.Removed.Single().ActionId, response.Removed.Single().Rule));
        Assert.NotEmpty(set.FindAction("a")!.Problem);
        Assert.Equal("b", response.Ranked[0].ActionId);
    }

    [Fact]
    public void An_expired_use_no_longer_removes_and_a_showing_does_for_its_period()
    {
        var world = Of(Placement(with: placement => placement.ReservationSeconds = 60), Action("a", action => action.Cap = new ActionCap { MaxShown = 1, PeriodSeconds = 3_600 }));
        var first = world.Decide();
        Assert.Equal(Now + (60 * Second), first.Response.Ranked[0].ReservedUntil.UnixMicros);
        Assert.Equal("cap", world.Decide(at: Now + (60 * Second) - 1).Response.Removed.Single().Rule);
        var second = world.Decide(at: Now + (60 * Second));
        Assert.Equal("a", second.Response.Ranked[0].ActionId);

        world.Record(second, "a", OutcomeKind.Shown, at: Now + (90 * Second));
        Assert.Equal("cap", world.Decide(at: Now + (3_690 * Second) - 1).Response.Removed.Single().Rule);
        Assert.Equal("a", world.Decide(at: Now + (3_690 * Second)).Response.Ranked[0].ActionId);
    }

    [Fact]
    public void A_cap_for_ever_never_ends()
    {
        var world = Of(Placement(), Action("a", action => action.Cap = new ActionCap { MaxShown = 2 }));
        world.Record(world.Decide(), "a", OutcomeKind.Clicked);
        world.Record(world.Decide(), "a", OutcomeKind.Shown);
        var removed = world.Decide(at: Now + (5_000 * Day)).Response.Removed.Single();
        Assert.Equal(("cap", "at most 2 ever"), (removed.Rule, removed.Text));
    }

    [Fact]
    public void A_visitor_without_a_customer_has_no_cap_and_nothing_reserved()
    {
        var world = Of(Placement(), Action("a", action => action.Cap = new ActionCap { MaxShown = 1 }));
        for (int i = 0; i < 3; i++)
        {
            var decision = world.Decide(customer: string.Empty);
            Assert.Equal("a", decision.Response.Ranked[0].ActionId);
            Assert.Null(decision.Response.Ranked[0].ReservedUntil);
            Assert.False(decision.IsSync);
        }
    }

    [Fact]
    public void Codes_of_removals_never_change() => Assert.Equal(
        "None=0 NotYetValid=1 NoLongerValid=2 NoPayload=3 Purpose=4 Ineligible=5 Cap=6 Unreadable=7 FirstRule=8 Placement=15 Consent=16",
        string.Join(' ', Enum.GetValues<Removal>().Select(removal => $"{removal}={(int)removal}")));

    private static Cdp.V1.Action Shop(string id, Action<Cdp.V1.Action>? with = null)
    {
        var action = Action(id, with);
        action.Labels.Add("shop");
        return action;
    }

    private static ActionRule Rule(string name, string removedWhen) => new() { Name = name, RemovedWhen = removedWhen };
}
