using Cdp.Domain.Identity;
using Cdp.EngineContract;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Segments;

/// <summary>Who is in a segment, and why.</summary>
public sealed class SegmentMemberTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Members_of_all_shards_are_listed_once_each_oldest_first()
    {
        const int Customers = 3_000;
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        await server.PutAsync("even", "traits.even");
        var token = "";
        for (var first = 0; first < Customers; first += 1_000)
            token = await server.PublishAsync([.. Enumerable.Range(first, 1_000).Select(i => With(GatewayFixture.Event($"e{i}", "Product Viewed", ("user_id", $"u{i}")), "even", new Value { BoolValue = i % 2 == 0 }))]);

        var request = new ListMembersRequest { Segment = "even", PageSize = 400, AfterToken = token };
        var listed = new List<string>();
        var sizes = new List<int>();
        do
        {
            var page = await server.Client.Segments.ListMembersAsync(request, cancellationToken: Cancel);
            listed.AddRange(page.CustomerIds);
            sizes.Add(page.CustomerIds.Count);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal([400, 400, 400, 300], sizes);
        Assert.Equal(Customers / 2, (await server.CountAsync("even", token)).Members);
        Assert.Equal(Customers / 2, (await server.Client.Segments.GetSegmentAsync(new GetSegmentRequest { Id = "even" }, cancellationToken: Cancel)).Members);
        var ids = new CustomerIds(server.Host.Definitions.Find("default")!.Config.IdentityKey.Memory);
        var members = listed.ToHashSet(StringComparer.Ordinal);
        Assert.Equal(Enumerable.Range(0, 2 * Customers).Select(i => ids.Make(i)).Where(members.Contains), listed);
        for (var i = 0; i < 10; i++)
            Assert.Equal(i % 2 == 0, members.Contains((await server.ProfileAsync("user_id", $"u{i}", token)).CustomerId));

        // The last page is full: there is no further one.
        request.PageSize = 300;
        request.PageToken = "";
        for (var pages = 0; pages < 4; pages++) request.PageToken = (await server.Client.Segments.ListMembersAsync(request, cancellationToken: Cancel)).NextPageToken;
        Assert.NotEmpty(request.PageToken);
        Assert.Empty((await server.Client.Segments.ListMembersAsync(request, cancellationToken: Cancel)).NextPageToken);
    }

    [Fact]
    public async Task A_page_that_cannot_be_is_refused()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("s", "orders.count > 0");
        var client = server.Client.Segments;
        foreach (var token in (string[])["?", "AAAA", "AAAAAAAAAAAAAAAA", "__________8"])
            await Calls.RefusedAsync(client.ListMembersAsync(new ListMembersRequest { Segment = "s", PageToken = token }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_TOKEN_MALFORMED");
        foreach (var size in (int[])[-1, 1_001])
            await Calls.RefusedAsync(client.ListMembersAsync(new ListMembersRequest { Segment = "s", PageSize = size }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_SIZE_INVALID");
        await Calls.RefusedAsync(client.ListMembersAsync(new ListMembersRequest { Segment = "s", AfterToken = "?" }, cancellationToken: Cancel), Code.InvalidArgument, "TOKEN_MALFORMED");
        await Calls.RefusedAsync(client.CountMembersAsync(new CountMembersRequest { Segment = "s", AfterToken = "?" }, cancellationToken: Cancel), Code.InvalidArgument, "TOKEN_MALFORMED");
    }

    [Fact]
    public async Task Customers_that_nobody_touches_come_in_by_a_backfill_while_events_flow()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(checkMessages: false, time);
        var token = await server.PublishAsync([.. Enumerable.Range(0, 100).Select(i => GatewayFixture.Event($"e{i}", "Order Completed", ("user_id", $"u{i}")))]);
        await server.ProfileAsync("user_id", "u0", token);

        var put = await server.Client.Segments.PutSegmentAsync(
            new PutSegmentRequest { Segment = new Segment { Id = "buyers", Expression = "orders.count >= 1" } }, cancellationToken: Cancel);

        Assert.Equal((false, 0), (put.Backfill.Done, put.Backfill.Customers));
        Assert.InRange(put.Backfill.Progress, 0, 0.01);
        token = await server.PublishAsync(GatewayFixture.Event("touch", "Product Viewed", ("user_id", "u7")), GatewayFixture.Event("new", "Order Completed", ("user_id", "u100")));
        var before = await server.CountAsync("buyers", token);
        Assert.Equal((2, false), (before.Members, before.Backfill.Done));

        var after = await server.BackfilledAsync("buyers", time);

        Assert.Equal((101, 101), (after.Members, after.Backfill.Customers));
        await server.PutAsync("buyers", "orders.count >= 2");
        token = await server.PublishAsync(GatewayFixture.Event("second", "Order Completed", ("user_id", "u3")));
        await server.CountAsync("buyers", token);
        Assert.Equal(1, (await server.BackfilledAsync("buyers", time)).Members);
        Assert.Equal((await server.ProfileAsync("user_id", "u3", token)).CustomerId, Assert.Single((await server.MembersAsync("buyers")).CustomerIds));
    }

    [Fact]
    public async Task A_customer_s_segments_are_listed_by_id_without_those_that_are_gone()
    {
        await using var server = await GatewayFixture.StartAsync();
        foreach (var (id, expression) in ((string, string)[])[("z", "events.count >= 1"), ("b", "orders.count == 1"), ("a", "orders.count == 1"), ("other", "orders.count > 5")])
            await server.PutAsync(id, expression);
        await server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = "z", DisplayName = "Last", Expression = "events.count > 0" } }, cancellationToken: Cancel);
        var customer = GatewayFixture.Ref("user_id", "u1");
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Order Completed", ("user_id", "u1")));

        var response = await server.MembershipsAsync(customer, token);

        Assert.Equal([("a", 1, ""), ("b", 1, ""), ("z", 2, "Last")], response.Memberships.Select(m => (m.Segment, m.SegmentVersion, m.DisplayName)));
        Assert.Equal(ValueStatus.Ok, response.Status);
        Assert.Equal((await server.ProfileAsync("user_id", "u1", token)).CustomerId, response.CustomerId);

        await server.Client.Segments.DeleteSegmentAsync(new DeleteSegmentRequest { Id = "a" }, cancellationToken: Cancel);
        Assert.Equal(["b", "z"], (await server.MembershipsAsync(customer)).Memberships.Select(m => m.Segment));

        // A segment made anew under an old id is another one.
        await server.PutAsync("a", "orders.count > 5");
        Assert.Equal(["b", "z"], (await server.MembershipsAsync(customer)).Memberships.Select(m => m.Segment));
        Assert.Equal(0, (await server.CountAsync("a")).Members);
    }

    [Fact]
    public async Task An_explanation_says_what_each_part_came_to()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("s", "orders.count >= 2 and revenue.EUR.net > 10 EUR or traits.plan == \"gold\"");
        var token = await server.PublishAsync(Order("1", "u1", "7.50"), Order("2", "u1", "5"));

        var yes = await server.ExplainAsync("s", GatewayFixture.Ref("user_id", "u1"), token);

        Assert.True(yes.Member);
        Assert.Equal((1, ValueStatus.Ok), (yes.SegmentVersion, yes.Status));
        Assert.Equal((await server.ProfileAsync("user_id", "u1", token)).CustomerId, yes.CustomerId);
        Assert.Equal(
            """
            true: orders.count >= 2 and revenue.EUR.net > 10 EUR or traits.plan == "gold"
              true: orders.count >= 2 and revenue.EUR.net > 10 EUR
                true: orders.count >= 2
                  2: orders.count
                true: revenue.EUR.net > 10 EUR
                  12.5 EUR: revenue.EUR.net
              -: traits.plan == "gold"
                -: traits.plan

            """.ReplaceLineEndings("\n"),
            Tree(yes.Explanation));

        token = await server.PublishAsync(Order("3", "u2", "1"));
        var no = await server.ExplainAsync("s", GatewayFixture.Ref("user_id", "u2"), token);
        Assert.False(no.Member);
        Assert.StartsWith("-: orders.count >= 2", Tree(no.Explanation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_that_a_purpose_may_not_see_are_withheld()
    {
        await using var server = await GatewayFixture.StartAsync();
        await PolicyAsync(server, "monetary", "service");
        await server.PutAsync("s", "orders.count >= 1 and events.count >= 1");
        var token = await server.PublishAsync(Order("1", "u1", "7.50"));
        var customer = GatewayFixture.Ref("user_id", "u1");

        Assert.All((await server.ExplainAsync("s", customer, token)).Explanation.Parts, part => Assert.Equal(ValueStatus.Ok, part.Status));
        var marketing = await server.ExplainAsync("s", customer, token, "marketing");
        Assert.True(marketing.Member);
        Assert.Equal([ValueStatus.Withheld, ValueStatus.Ok], marketing.Explanation.Parts.Select(part => part.Status));
        Assert.Null(marketing.Explanation.Parts[0].Value);
    }

    [Fact]
    public async Task Segments_are_a_field_that_policies_keep_to_some_purposes()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("s", "events.count >= 1");
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        await PolicyAsync(server, "segments", "service");
        var customer = GatewayFixture.Ref("user_id", "u1");
        var list = new ListMembershipsRequest { Customer = customer, Purpose = "marketing", AfterToken = token };
        var explain = new ExplainMembershipRequest { Customer = customer, Segment = "s", Purpose = "marketing", AfterToken = token };

        await Calls.RefusedAsync(server.Client.Segments.ListMembershipsAsync(list, cancellationToken: Cancel), Code.PermissionDenied, "FIELD_WITHHELD");
        await Calls.RefusedAsync(server.Client.Segments.ExplainMembershipAsync(explain, cancellationToken: Cancel), Code.PermissionDenied, "FIELD_WITHHELD");
        (list.Purpose, explain.Purpose) = ("mischief", "mischief");
        await Calls.RefusedAsync(server.Client.Segments.ListMembershipsAsync(list, cancellationToken: Cancel), Code.InvalidArgument, "PURPOSE_UNDECLARED");
        await Calls.RefusedAsync(server.Client.Segments.ExplainMembershipAsync(explain, cancellationToken: Cancel), Code.InvalidArgument, "PURPOSE_UNDECLARED");
        Assert.Single((await server.MembershipsAsync(customer, token)).Memberships);

        // A profile has no such field.
        var profile = new GetProfileRequest { Customer = customer, Purpose = "service", Fields = { "segments" } };
        await Calls.RefusedAsync(server.Client.Profiles.GetProfileAsync(profile, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_UNKNOWN");
        var purpose = new PutPurposeRequest { Purpose = new Purpose { Id = "p", DefaultFields = { "segments" } } };
        await Calls.RefusedAsync(server.Client.Admin.PutPurposeAsync(purpose, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        var policy = new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = "segment" } };
        var error = await Calls.RefusedAsync(server.Client.Admin.PutFieldPolicyAsync(policy, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        Assert.Contains("\"segments\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whose_segments_are_asked_for_has_to_exist()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("s", "events.count >= 1");
        var client = server.Client.Segments;
        foreach (var (customer, code, reason) in ((CustomerRef?, Code, string)[])[
            (GatewayFixture.Ref("user_id", "nobody"), Code.NotFound, "CUSTOMER_NOT_FOUND"), (null, Code.InvalidArgument, "CUSTOMER_MISSING"),
            (new CustomerRef { CustomerId = "a/b" }, Code.InvalidArgument, "CUSTOMER_ID_INVALID")])
        {
            await Calls.RefusedAsync(client.ListMembershipsAsync(new ListMembershipsRequest { Customer = customer, Purpose = "service" }, cancellationToken: Cancel), code, reason);
            await Calls.RefusedAsync(client.ExplainMembershipAsync(new ExplainMembershipRequest { Customer = customer, Segment = "s", Purpose = "service" }, cancellationToken: Cancel), code, reason);
        }
    }

    private static async Task PolicyAsync(GatewayFixture server, string field, params string[] purposes)
    {
        var policy = new FieldPolicy { Field = field };
        policy.Purposes.AddRange(purposes);
        await server.Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = policy }, cancellationToken: Cancel);
    }

    private static Event Order(string id, string user, string total)
    {
        var made = GatewayFixture.Event(id, "Order Completed", ("user_id", user));
        made.Properties["total"] = new Value { DecimalValue = total };
        return made;
    }

    private static Event With(Event made, string trait, Value value)
    {
        made.Traits = new TraitChanges { Set = { [trait] = value } };
        return made;
    }

    private static string Tree(ExplainedPart part, string indent = "")
    {
        var value = part.Value?.KindCase switch
        {
            null => "-",
            Value.KindOneofCase.BoolValue => part.Value.BoolValue ? "true" : "false",
            Value.KindOneofCase.MoneyValue => $"{part.Value.MoneyValue.Amount} {part.Value.MoneyValue.CurrencyCode}",
            Value.KindOneofCase.IntValue => part.Value.IntValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => part.Value.ToString(),
        };
        return $"{indent}{value}: {part.Text}\n{string.Concat(part.Parts.Select(inner => Tree(inner, indent + "  ")))}";
    }
}
