using Cdp.Gateway.Tests.Decisions;
using Cdp.Gateway.Tests.Invariants;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Interactions;

/// <summary>One touch in one call: what happened counts before what is decided and read.</summary>
public sealed class ExchangeTests : IAsyncLifetime
{
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GatewayFixture.StartAsync();
        await _server.PlaceAsync();
        await _server.PlaceAsync(placement => placement.Id = "footer");
        await _server.ActAsync("again", action => action.Eligibility = "events.count >= 2");
        await _server.ActAsync("first", action => action.Eligibility = "events.count == 1");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task What_just_happened_is_decided_upon_and_read()
    {
        var first = await ExchangeAsync(Touch("e1"));
        var second = await ExchangeAsync(Touch("e2"));

        Assert.Equal((1, 0), (first.Published.Accepted, first.Published.Refused.Count));
        Assert.Equal(["first", "first"], first.Decisions.Select(Best));
        Assert.Equal(["again", "again"], second.Decisions.Select(Best));
        Assert.Equal((1, 2), (first.Profile.Activity.EventCount, second.Profile.Activity.EventCount));
        Assert.All(second.Decisions, decision => Assert.Equal(second.Profile.CustomerId, decision.CustomerId));
        Assert.Equal(["footer", "home"], (await DecisionsAsync()).Take(2).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Sent_again_its_events_count_once()
    {
        await ExchangeAsync(Touch("e1"));
        var again = await ExchangeAsync(Touch("e1"));

        Assert.Equal((1, 1), (again.Published.Accepted, again.Profile.Activity.EventCount));
    }

    [Fact]
    public async Task Who_it_is_may_be_known_by_more_than_the_event()
    {
        var known = (await ExchangeAsync(Touch("e1"))).Profile.CustomerId;
        var anonymous = Touch("e2", ("device", "phone"));
        Assert.Equal("first", Best((await ExchangeAsync(anonymous)).Decisions[0]));

        var login = Touch("e3", ("device", "phone"));
        login.Identifiers.Add(new Identifier { Namespace = "user_id", Value = "u1" });
        var byIdentifier = await ExchangeAsync(login);
        var byId = await ExchangeAsync(new ExchangeRequest { CustomerId = known, Purpose = "service", Placements = { new ExchangePlacement { Placement = "home" } }, Profile = new ExchangeProfile() });

        Assert.Equal((known, known), (byIdentifier.Profile.CustomerId, byIdentifier.Decisions[0].CustomerId));
        Assert.Equal((known, 1, null), (byId.Profile.CustomerId, byId.Profile.Activity.EventCount, byId.Published));
    }

    [Fact]
    public async Task Nobody_in_particular_gets_the_decisions_of_a_visitor()
    {
        await _server.ActAsync("anybody");
        var refused = Touch("e1", ("email", "nobody"));

        foreach (var request in new[] { refused, new ExchangeRequest { Purpose = "service", Placements = { new ExchangePlacement { Placement = "home" } }, Profile = new ExchangeProfile() } })
        {
            var reply = await ExchangeAsync(request);
            Assert.All(reply.Decisions, decision => Assert.Equal(("", "anybody"), (decision.CustomerId, Best(decision))));
            Assert.Null(reply.Profile);
        }

        Assert.Equal("EMAIL_INVALID", Assert.Single((await ExchangeAsync(refused)).Published.Refused).Reason);
    }

    [Fact]
    public async Task Only_what_is_asked_for_is_answered()
    {
        var reply = await ExchangeAsync(new ExchangeRequest { Events = { GatewayFixture.Event("e1", "Product Viewed", ("user_id", "u1")) } });

        Assert.Equal((1, 0, null), (reply.Published.Accepted, reply.Decisions.Count, reply.Profile));
        var fields = Touch("e2");
        fields.Placements.Clear();
        fields.Profile.Fields.Add("traits.*");
        Assert.Null((await ExchangeAsync(fields)).Profile.Activity);
    }

    public static TheoryData<string> Wrongs() => [.. Wrong.Keys];

    private static readonly Dictionary<string, (Action<ExchangeRequest> Spoil, Code Code, string Reason, string Named)> Wrong = new()
    {
        ["placement"] = (request => request.Placements[1].Placement = "nowhere", Code.NotFound, "PLACEMENT_UNKNOWN", "placements[1].placement"),
        ["slots"] = (request => request.Placements[1].Slots = 9, Code.InvalidArgument, "FIELD_INVALID", "placements[1].slots"),
        ["field"] = (request => request.Profile.Fields.Add("shoes"), Code.InvalidArgument, "FIELD_UNKNOWN", "fields[0]"),
        ["purpose"] = (request => request.Purpose = "curiosity", Code.InvalidArgument, "PURPOSE_UNDECLARED", "purpose"),
        ["identifier"] = (request => request.Identifiers.Add(new Identifier { Namespace = "email", Value = "nobody" }), Code.InvalidArgument, "EMAIL_INVALID", "identifiers[0].value"),
        ["identifiers"] = (request => request.Identifiers.Add(Enumerable.Range(0, 21).Select(i => new Identifier { Namespace = "user_id", Value = $"u{i}" })), Code.InvalidArgument, "IDENTIFIERS_COUNT", "identifiers"),
        ["customer"] = (request => request.CustomerId = "a/b", Code.InvalidArgument, "CUSTOMER_ID_INVALID", "customer_id"),
        ["events"] = (request => request.Events.Add(Enumerable.Range(0, 100).Select(i => request.Events[0])), Code.InvalidArgument, "TOO_MANY_EVENTS", "events"),
        ["placements"] = (request => request.Placements.Add(Enumerable.Range(0, 16).Select(i => request.Placements[0])), Code.InvalidArgument, "TOO_MANY_PLACEMENTS", "placements"),
        ["token"] = (request => request.AfterToken = "what?", Code.InvalidArgument, "TOKEN_MALFORMED", "after_token"),
    };

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task What_is_wrong_is_refused_before_an_event_is_taken_in(string what)
    {
        var (spoil, code, reason, named) = Wrong[what];
        var request = Touch("e1");
        spoil(request);

        var error = await Calls.RefusedAsync(ExchangeAsync(request), code, reason);

        Assert.StartsWith(named, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await ExchangeAsync(Touch("e2"))).Profile.Activity.EventCount);
    }

    [Theory]
    [InlineData(Role.Reader)]
    [InlineData(Role.Decider)]
    [InlineData(Role.Writer)]
    public async Task Every_part_needs_its_role(Role role)
    {
        using var client = await _server.ClientOfAsync(role);

        var error = await Calls.RefusedAsync(client.Interactions.ExchangeAsync(Touch("e1"), cancellationToken: Cancel), Code.PermissionDenied, "ROLE_MISSING");

        Assert.Contains(role == Role.Writer ? "DECIDER" : "WRITER", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await ExchangeAsync(Touch("e2"))).Profile.Activity.EventCount);
    }

    [Fact]
    public async Task It_waits_until_its_events_are_applied()
    {
        await using var held = await HeldServer.StartAsync();
        var hold = held.History.HoldNext(await held.MeetAsync("slow"));
        var exchanging = held.Server.Client.Interactions.ExchangeAsync(
            new ExchangeRequest { Events = { held.Seen("slow") }, Purpose = "service", Profile = new ExchangeProfile() }, cancellationToken: Cancel);
        await hold.Reached;
        Assert.Equal(1, await held.VisibleAsync("slow"));
        Assert.False(exchanging.IsCompleted);

        hold.Release();

        Assert.Equal(2, (await exchanging).Profile.Activity.EventCount);
    }

    private static string Best(DecideResponse decision) => decision.Ranked[0].ActionId;

    private static ExchangeRequest Touch(string id, params (string Namespace, string Value)[] identifiers) => new()
    {
        Events = { GatewayFixture.Event(id, "Product Viewed", identifiers.Length > 0 ? identifiers : [("user_id", "u1")]) },
        Purpose = "service",
        Placements = { new ExchangePlacement { Placement = "home", Slots = 1 }, new ExchangePlacement { Placement = "footer", Slots = 1 } },
        Profile = new ExchangeProfile(),
    };

    private Task<ExchangeResponse> ExchangeAsync(ExchangeRequest request) => _server.Client.Interactions.ExchangeAsync(request, cancellationToken: Cancel);

    private async Task<IEnumerable<string>> DecisionsAsync()
    {
        var list = new ListDecisionsRequest { Customer = GatewayFixture.Ref("user_id", "u1"), Purpose = "service" };
        return (await _server.Client.Decisions.ListDecisionsAsync(list, cancellationToken: Cancel)).Decisions.Select(decision => decision.Placement);
    }
}
