using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Segments;

/// <summary>Making, reading, checking and removing segments.</summary>
public sealed class SegmentDefinitionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_is_read_back_in_canonical_form_and_counts_its_changes()
    {
        await using var server = await GatewayFixture.StartAsync();
        var put = new Segment { Id = "buyers", DisplayName = "Buyers", Description = "Who bought.", Expression = " ( orders.count>=2 )and traits.plan in[\"a\"]", Version = 9 };

        var made = (await server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = put }, cancellationToken: Cancel)).Segment;

        Assert.Equal(("orders.count >= 2 and traits.plan in [\"a\"]", 1), (made.Expression, made.Version));
        Assert.Equal(("Buyers", "Who bought."), (made.DisplayName, made.Description));
        Assert.Equal(made.CreatedAt, made.UpdatedAt);
        Assert.NotEmpty(made.Etag);
        var read = await server.Client.Segments.GetSegmentAsync(new GetSegmentRequest { Id = "buyers" }, cancellationToken: Cancel);
        Assert.Equal((made, 0, ""), (read.Segment, read.Members, read.Problem));

        made.Description = "Who bought twice.";
        var described = (await server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = made }, cancellationToken: Cancel)).Segment;
        Assert.Equal(1, described.Version);
        Assert.NotEqual(made.Etag, described.Etag);
        Assert.Equal(made.CreatedAt, described.CreatedAt);
        Assert.Equal(2, (await server.PutAsync("buyers", "orders.count >= 3")).Version);
    }

    [Fact]
    public async Task A_check_stores_nothing_and_shows_what_would_be()
    {
        await using var server = await GatewayFixture.StartAsync();
        var request = new PutSegmentRequest { Segment = new Segment { Id = "buyers", Expression = "orders.count>=2" }, ValidateOnly = true };

        var checkedOnly = await server.Client.Segments.PutSegmentAsync(request, cancellationToken: Cancel);

        Assert.Equal(("orders.count >= 2", 1), (checkedOnly.Segment.Expression, checkedOnly.Segment.Version));
        Assert.Null(checkedOnly.Backfill);
        Assert.Empty((await server.Client.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel)).Segments);

        await server.PutAsync("buyers", "orders.count >= 2");
        request.Segment.Expression = "orders.count >= 9";
        Assert.Equal(2, (await server.Client.Segments.PutSegmentAsync(request, cancellationToken: Cancel)).Segment.Version);
        Assert.Equal("orders.count >= 2", (await server.Client.Segments.GetSegmentAsync(new GetSegmentRequest { Id = "buyers" }, cancellationToken: Cancel)).Segment.Expression);
        request.Segment.Etag = "of long ago";
        await Calls.RefusedAsync(server.Client.Segments.PutSegmentAsync(request, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_that_is_wrong_with_a_condition_is_said_and_marked(bool validateOnly)
    {
        await using var server = await GatewayFixture.StartAsync();
        var request = new PutSegmentRequest { Segment = new Segment { Id = "s", Expression = "revenue.EUR.net > 100 and\n  trait.x == 1" }, ValidateOnly = validateOnly };

        var error = await Calls.RefusedAsync(server.Client.Segments.PutSegmentAsync(request, cancellationToken: Cancel), Code.InvalidArgument, "EXPRESSION_INVALID");

        const string Errors = """
            1:17: money in EUR and number cannot be compared; write the currency behind the number, as in 100 EUR
              revenue.EUR.net > 100 and
                              ^
            2:3: there is no field 'trait'; did you mean traits?
                trait.x == 1
                ^^^^^
            """;
        Assert.Equal($"segment.expression: {Errors.ReplaceLineEndings("\n")}", error.Message);
        Assert.Equal("segment.expression", Assert.Single(error.FieldViolations).Field);
        Assert.Empty((await server.Client.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel)).Segments);
    }

    [Theory]
    [InlineData("last_seen within 30d", "changes by time alone")]
    [InlineData("now > 2026-01-01", "by time alone")]
    [InlineData("call.channel == \"web\"", "call")]
    [InlineData("", "1:1")]
    public async Task What_no_event_changes_is_refused(string expression, string why)
    {
        await using var server = await GatewayFixture.StartAsync();
        var request = new PutSegmentRequest { Segment = new Segment { Id = "s", Expression = expression } };
        var error = await Calls.RefusedAsync(server.Client.Segments.PutSegmentAsync(request, cancellationToken: Cancel), Code.InvalidArgument, "EXPRESSION_INVALID");
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task However_much_is_wrong_the_reason_and_the_field_arrive()
    {
        await using var server = await GatewayFixture.StartAsync();
        foreach (var expression in (string[])[string.Join(" or ", Enumerable.Repeat("nörgend.ä > 1", 300)), new string('é', 8_192), new string('x', 8_000) + "\n > 1", new string('(', 9_000)])
        {
            var request = new PutSegmentRequest { Segment = new Segment { Id = "s", Expression = expression } };
            var error = await Calls.RefusedAsync(server.Client.Segments.PutSegmentAsync(request, cancellationToken: Cancel), Code.InvalidArgument, "EXPRESSION_INVALID");
            Assert.Equal("segment.expression", Assert.Single(error.FieldViolations).Field);
            Assert.StartsWith("segment.expression: 1:", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Upper", 0, 0, "segment.id")]
    [InlineData("", 0, 0, "segment.id")]
    [InlineData("s", 201, 0, "segment.display_name")]
    [InlineData("s", 0, 2_001, "segment.description")]
    public async Task A_wrong_field_is_refused_by_its_name(string id, int name, int description, string field)
    {
        await using var server = await GatewayFixture.StartAsync();
        var segment = new Segment { Id = id, DisplayName = new string('n', name), Description = new string('d', description), Expression = "orders.count > 0" };
        var error = await Calls.RefusedAsync(
            server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = segment }, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        error = await Calls.RefusedAsync(server.Client.Segments.PutSegmentAsync(new PutSegmentRequest(), cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        Assert.Equal("segment", Assert.Single(error.FieldViolations).Field);
    }

    [Fact]
    public async Task Of_two_changes_on_top_of_one_reading_the_second_is_refused()
    {
        await using var server = await GatewayFixture.StartAsync();
        var client = server.Client.Segments;
        var read = await server.PutAsync("s", "orders.count > 0");
        await server.PutAsync("s", "orders.count > 1");

        await Calls.RefusedAsync(client.PutSegmentAsync(new PutSegmentRequest { Segment = read }, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");
        await Calls.RefusedAsync(client.DeleteSegmentAsync(new DeleteSegmentRequest { Id = "s", Etag = read.Etag }, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");

        var now = (await client.GetSegmentAsync(new GetSegmentRequest { Id = "s" }, cancellationToken: Cancel)).Segment;
        Assert.Equal("orders.count > 1", now.Expression);
        await client.DeleteSegmentAsync(new DeleteSegmentRequest { Id = "s", Etag = now.Etag }, cancellationToken: Cancel);
        await Calls.RefusedAsync(client.DeleteSegmentAsync(new DeleteSegmentRequest { Id = "s" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
    }

    [Fact]
    public async Task A_segment_that_is_not_there_is_named_as_unknown_by_every_call()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        var client = server.Client.Segments;
        var customer = GatewayFixture.Ref("user_id", "u1");

        await Calls.RefusedAsync(client.GetSegmentAsync(new GetSegmentRequest { Id = "none" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
        await Calls.RefusedAsync(client.DeleteSegmentAsync(new DeleteSegmentRequest { Id = "none" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
        await Calls.RefusedAsync(client.ListMembersAsync(new ListMembersRequest { Segment = "none" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
        await Calls.RefusedAsync(client.CountMembersAsync(new CountMembersRequest { Segment = "none" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
        var error = await Calls.RefusedAsync(
            client.ExplainMembershipAsync(new ExplainMembershipRequest { Segment = "none", Customer = customer, Purpose = "service" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
        Assert.Contains("ListSegments", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Segments_are_listed_by_id_page_by_page()
    {
        await using var server = await GatewayFixture.StartAsync();
        foreach (var id in (string[])["c", "a", "e.1", "b", "d_"]) await server.PutAsync(id, "orders.count > 0");
        var request = new ListSegmentsRequest { PageSize = 2 };
        var pages = new List<string>();
        do
        {
            var page = await server.Client.Segments.ListSegmentsAsync(request, cancellationToken: Cancel);
            pages.Add(string.Join(' ', page.Segments.Select(s => s.Id)));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(["a b", "c d_", "e.1"], pages);
        request.PageSize = 5;
        Assert.Empty((await server.Client.Segments.ListSegmentsAsync(request, cancellationToken: Cancel)).NextPageToken);

        await Calls.RefusedAsync(server.Client.Segments.ListSegmentsAsync(new ListSegmentsRequest { PageSize = 1_001 }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_SIZE_INVALID");
        await Calls.RefusedAsync(server.Client.Segments.ListSegmentsAsync(new ListSegmentsRequest { PageToken = "No Id" }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_TOKEN_MALFORMED");
    }

    [Fact]
    public async Task Another_tenant_has_segments_of_its_own()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutTenantAsync("other");
        using var other = await server.ClientOfAsync(Role.Admin, "other");
        await server.PutAsync("s", "events.count >= 1");
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));

        Assert.Empty((await other.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel)).Segments);
        await Calls.RefusedAsync(other.Segments.CountMembersAsync(new CountMembersRequest { Segment = "s" }, cancellationToken: Cancel), Code.NotFound, "SEGMENT_UNKNOWN");
        await other.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = "s", Expression = "events.count >= 1" } }, cancellationToken: Cancel);
        Assert.Equal(0, (await other.Segments.CountMembersAsync(new CountMembersRequest { Segment = "s", AfterToken = token }, cancellationToken: Cancel)).Members);
        Assert.Equal(1, (await server.CountAsync("s", token)).Members);
    }
}
