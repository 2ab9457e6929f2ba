using System.Text.Json;
using Cdp.Node.Api;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Tests.Commands;

public sealed class SegmentCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();
    private readonly SortedDictionary<string, GetSegmentResponse> _stored = new(StringComparer.Ordinal);

    public SegmentCommandTests()
    {
        _cdp.Api.PutSegment = request =>
        {
            var known = _stored.GetValueOrDefault(request.Segment.Id);
            var segment = request.Segment.Clone();
            segment.Version = (known?.Segment.Version ?? 0) + 1;
            _stored[segment.Id] = new GetSegmentResponse { Segment = segment, Members = 1_234, Backfill = new Backfill { Done = true, Customers = 20_000, Progress = 1 } };
            return new PutSegmentResponse { Segment = segment };
        };
        _cdp.Api.GetSegment = request => _stored.TryGetValue(request.Id, out var found) ? found : throw Unknown();
    }

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task A_check_shows_the_canonical_form_and_what_it_reads()
    {
        Assert.Equal(0, await _cdp.RunAsync("segment", "check", "(orders.count>=3)and traits.country in[\"DE\"] or events[\"Product Viewed\"].count>1"));
        Assert.Equal(
            """
            condition  orders.count >= 3 and traits.country in ["DE"] or events["Product Viewed"].count > 1
            reads      events["Product Viewed"], orders and refunds, traits.country

            """,
            _cdp.Out);
        Assert.Equal("", _cdp.Error);
        Assert.Null(_cdp.Connected);
    }

    [Fact]
    public async Task A_check_marks_all_that_is_wrong_and_ends_with_1()
    {
        Assert.Equal(1, await _cdp.RunAsync("segment", "check", "revenue.EUR.net > 100 and trait.country == \"DE\""));
        Assert.Equal("", _cdp.Out);
        Assert.Equal(
            """
            1:17: money in EUR and number cannot be compared; write the currency behind the number, as in 100 EUR
              revenue.EUR.net > 100 and trait.country == "DE"
                              ^
            1:27: there is no field 'trait'; did you mean traits?
              revenue.EUR.net > 100 and trait.country == "DE"
                                        ^^^^^

            """,
            _cdp.Error);
        Assert.Equal(1, await _cdp.RunAsync("segment", "check", "last_seen within 30d", "--json"));
        using var json = JsonDocument.Parse(_cdp.Out);
        var error = json.RootElement[0].GetProperty("errors")[0];
        Assert.Equal((1, 11, 6), (error.GetProperty("line").GetInt32(), error.GetProperty("column").GetInt32(), error.GetProperty("length").GetInt32()));
        Assert.Equal(JsonValueKind.Null, json.RootElement[0].GetProperty("condition").ValueKind);
    }

    [Fact]
    public async Task The_samples_of_the_shop_are_right_as_they_are()
    {
        Assert.Equal(0, await _cdp.RunAsync("segment", "check", "--file", Repository.RetailSegments, "--json"));
        using var json = JsonDocument.Parse(_cdp.Out);
        var samples = (await File.ReadAllLinesAsync(Repository.RetailSegments, TestContext.Current.CancellationToken)).Select(JsonParser.Default.Parse<Segment>).ToList();
        Assert.Equal(5, samples.Count);
        Assert.All(samples, sample => Assert.True(sample.DisplayName.Length > 0 && sample.Description.Length > 0));
        Assert.Equal(samples.Select(sample => (sample.Id, sample.Expression)), json.RootElement.EnumerateArray().Select(e => (e.GetProperty("id").GetString()!, e.GetProperty("condition").GetString()!)));
    }

    [Fact]
    public async Task A_put_sends_the_segment_and_shows_what_is_stored()
    {
        Assert.Equal(0, await _cdp.RunAsync("segment", "put", "buyers", "orders.count >= 2", "--name", "Buyers", "--description", "Who bought twice."));
        Assert.Equal(
            new Segment { Id = "buyers", Expression = "orders.count >= 2", DisplayName = "Buyers", Description = "Who bought twice.", Version = 1 }, _stored["buyers"].Segment);
        Assert.Equal(
            """
            id      version  members  expression
            buyers        1    1,234  orders.count >= 2

            """,
            _cdp.Out);
        Assert.Equal("", _cdp.Error);
        Assert.Equal(0, await _cdp.RunAsync("segment", "put", "buyers", "orders.count >= 2", "--json"));
        Assert.Equal([_stored["buyers"]], Listed());
    }

    [Fact]
    public async Task A_put_waits_for_the_backfill_and_says_how_far_it_is()
    {
        var asked = 0;
        _cdp.Api.GetSegment = request =>
        {
            asked++;
            var segment = _stored[request.Id].Clone();
            segment.Backfill = new Backfill { Done = asked > 45, Customers = 100 * asked, Progress = asked / 50.0 };
            return segment;
        };

        Assert.Equal(0, await _cdp.RunAsync("segment", "put", "buyers", "orders.count >= 2", "--wait"));

        // Asked every half second; without a terminal a line comes every ten.
        Assert.All(_cdp.Time.Pauses, pause => Assert.Equal(TimeSpan.FromMilliseconds(500), pause));
        Assert.Equal(
            """
            2,100 customers evaluated, 42%
            4,100 customers evaluated, 82%
            all 4,600 customers evaluated, waited 22.5 s

            """,
            _cdp.Error);
        Assert.StartsWith("id ", _cdp.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("mix", _cdp.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_during_a_backfill_are_said_to_be_mixed()
    {
        _stored["buyers"] = new GetSegmentResponse
        {
            Segment = new Segment { Id = "buyers", Expression = "orders.count >= 2", Version = 3 }, Members = 7, Backfill = new Backfill { Customers = 1_500, Progress = 0.129 },
        };
        _cdp.Api.SegmentPage = _ => new ListSegmentsResponse { Segments = { _stored["buyers"].Segment } };
        Assert.Equal(0, await _cdp.RunAsync("segment", "list"));
        Assert.Equal(
            """
            id      version  members  expression
            buyers        3        7  orders.count >= 2
            1,500 customers evaluated, 12%; until all are, numbers mix old and new definitions

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task A_file_puts_each_and_names_what_is_refused()
    {
        var put = _cdp.Api.PutSegment;
        _cdp.Api.PutSegment = request => request.Segment.Id != "b" ? put(request) : throw new CdpApiException(
            CdpStatus.InvalidArgument, "segment.expression: 1:1: there is no field 'x'\n  x\n  ^", "EXPRESSION_INVALID", "segment.expression");
        using var folder = new TemporaryFolder();
        var file = folder.Write("segments.json", """[{"id": "a", "expression": "orders.count > 1"}, {"id": "b", "expression": "x"}, {"id": "c", "display_name": "C", "expression": "orders.count > 2"}]""");

        Assert.Equal(1, await _cdp.RunAsync("segment", "put", "--file", file, "--wait"));

        Assert.Equal(["a", "c"], _stored.Keys);
        Assert.Equal("C", _stored["c"].Segment.DisplayName);
        Assert.Equal(
            """
            cdp: b: EXPRESSION_INVALID segment.expression: 1:1: there is no field 'x'
              x
              ^
            all 20,000 customers evaluated, waited 0.0 s

            """,
            _cdp.Error);
        _cdp.Input = """

            {"id": "d", "expression": "orders.count > 4"}
            {"id": "e", "expression": "orders.count > 5"}
            """;
        Assert.Equal(0, await _cdp.RunAsync("segment", "put", "--file", "-", "--json"));
        Assert.Equal(["d", "e"], Listed().Select(s => s.Segment.Id));
    }

    [Theory]
    [InlineData("[{\"id\": 1", "The list of segments is not JSON: ")]
    [InlineData("{\"id\": \"a\"}\n{\"id\": \"a\", \"colour\": 1}", "line 2 is not a segment in JSON: ")]
    [InlineData("[{\"id\": \"a\"}, 7]", "entry 2 is not a segment in JSON: ")]
    [InlineData("\n \n", "There is no segment in -; ")]
    public async Task A_file_of_something_else_is_refused_before_anything_is_put(string text, string message)
    {
        _cdp.Input = text;
        Assert.Equal(1, await _cdp.RunAsync("segment", "put", "--file", "-"));
        Assert.StartsWith($"cdp: {message}", _cdp.Error, StringComparison.Ordinal);
        Assert.Empty(_stored);
        Assert.Equal(1, await _cdp.RunAsync("segment", "check", "--file", "-"));
        Assert.StartsWith($"cdp: {message}", _cdp.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("segment")]
    [InlineData("segment", "put")]
    [InlineData("segment", "put", "a")]
    [InlineData("segment", "put", "a", "orders.count > 1", "--file", "f")]
    [InlineData("segment", "put", "a", "--file", "f")]
    [InlineData("segment", "check")]
    [InlineData("segment", "check", "orders.count > 1", "--file", "f")]
    [InlineData("segment", "members")]
    [InlineData("segment", "members", "a", "--limit", "0")]
    [InlineData("segment", "why", "a")]
    public async Task A_wrong_command_line_ends_with_2(params string[] args)
    {
        Assert.Equal(2, await _cdp.RunAsync(args));
        Assert.NotEqual("", _cdp.Error);
        Assert.Empty(_stored);
    }

    [Fact]
    public async Task Segments_of_all_pages_are_listed_but_for_those_deleted_meanwhile()
    {
        foreach (var id in (string[])["a", "c"])
            _stored[id] = new GetSegmentResponse { Segment = new Segment { Id = id, Version = 1, Expression = "orders.count > 1" }, Members = id.Length, Backfill = new Backfill { Done = true } };
        _stored["c"].Problem = "1:1: there is no field 'orders'";
        _cdp.Api.SegmentPage = request => request.PageToken.Length == 0
            ? new ListSegmentsResponse { Segments = { new Segment { Id = "a" }, new Segment { Id = "b" } }, NextPageToken = "b" }
            : new ListSegmentsResponse { Segments = { new Segment { Id = "c" } } };
        Assert.Equal(0, await _cdp.RunAsync("segment", "list"));
        Assert.Equal(
            """
            id  version  members  expression
            a         1        1  orders.count > 1
            c         1        1  orders.count > 1
            c has no members, since this server cannot read its expression; put it again:
            1:1: there is no field 'orders'

            """,
            _cdp.Out);
        Assert.Equal(0, await _cdp.RunAsync("segment", "list", "--json"));
        Assert.Equal(_stored.Values, Listed());

        _cdp.Api.SegmentPage = _ => new ListSegmentsResponse();
        await _cdp.RunAsync("segment", "list");
        Assert.Equal("no segments\n", _cdp.Out);
        await _cdp.RunAsync("segment", "list", "--json");
        Assert.Equal("[]\n", _cdp.Out);
    }

    [Fact]
    public async Task Members_are_read_page_by_page_up_to_the_limit()
    {
        var requests = new List<ListMembersRequest>();
        _cdp.Api.MemberPage = request =>
        {
            requests.Add(request);
            var page = new ListMembersResponse { NextPageToken = $"after-{requests.Count}" };
            page.CustomerIds.AddRange(Enumerable.Range(0, Math.Min(2, request.PageSize)).Select(i => $"c{requests.Count}{i}"));
            return page;
        };
        Assert.Equal(0, await _cdp.RunAsync("segment", "members", "buyers", "--limit", "3", "--after", "t"));
        Assert.Equal("c10\nc11\nc20\nfurther members exist; raise --limit to see them\n", _cdp.Out);
        Assert.Equal(
            [
                new ListMembersRequest { Segment = "buyers", PageSize = 3, AfterToken = "t" },
                new ListMembersRequest { Segment = "buyers", PageSize = 1, AfterToken = "t", PageToken = "after-1" },
            ],
            requests);

        _cdp.Api.MemberPage = _ => new ListMembersResponse();
        await _cdp.RunAsync("segment", "members", "buyers");
        Assert.Equal("no members\n", _cdp.Out);
    }

    [Fact]
    public async Task Why_shows_the_value_of_each_part()
    {
        ExplainMembershipRequest? seen = null;
        _cdp.Api.Explanation = request =>
        {
            seen = request;
            return Explained();
        };
        Assert.Equal(0, await _cdp.RunAsync("segment", "why", "buyers", "email:ann@example.org", "--purpose", "service", "--after", "t"));
        Assert.Equal(
            """
            customer  c-1
            member    no
            version   3

              value       part
              false       orders.count >= 3 and (revenue.EUR.net > 100 EUR or traits.plan == "gold")
              true          orders.count >= 3
              5               orders.count
              (withheld)    revenue.EUR.net > 100 EUR or traits.plan == "gold"
              (withheld)      revenue.EUR.net > 100 EUR
              missing         traits.plan == "gold"

            """,
            _cdp.Out);
        var expected = new ExplainMembershipRequest
        {
            Segment = "buyers", Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" } }, Purpose = "service", AfterToken = "t",
        };
        Assert.Equal(expected, seen);
        Assert.Equal(0, await _cdp.RunAsync("segment", "why", "buyers", "c-1", "--json"));
        Assert.Equal(Explained(), JsonParser.Default.Parse<ExplainMembershipResponse>(_cdp.Out));
    }

    [Fact]
    public async Task A_segment_is_deleted_and_one_that_is_not_there_is_named()
    {
        var deleted = new List<string>();
        _cdp.Api.DeleteSegment = request =>
        {
            if (request.Id == "none")
                throw Unknown();
            deleted.Add(request.Id);
            return new DeleteSegmentResponse();
        };
        Assert.Equal(0, await _cdp.RunAsync("segment", "delete", "buyers"));
        Assert.Equal("deleted\n", _cdp.Out);
        Assert.Equal(["buyers"], deleted);
        Assert.Equal(1, await _cdp.RunAsync("segment", "delete", "none"));
        Assert.Equal("cdp: id: There is no such segment. [SEGMENT_UNKNOWN]\n", _cdp.Error);
    }

    private List<GetSegmentResponse> Listed()
    {
        using var json = JsonDocument.Parse(_cdp.Out);
        return [.. json.RootElement.EnumerateArray().Select(element => JsonParser.Default.Parse<GetSegmentResponse>(element.GetRawText()))];
    }

    private static CdpApiException Unknown() => new(CdpStatus.NotFound, "id: There is no such segment.", "SEGMENT_UNKNOWN");

    private static ExplainMembershipResponse Explained() => new()
    {
        CustomerId = "c-1",
        SegmentVersion = 3,
        Status = ValueStatus.Ok,
        Explanation = new ExplainedPart
        {
            Text = "orders.count >= 3 and (revenue.EUR.net > 100 EUR or traits.plan == \"gold\")",
            Value = new Value { BoolValue = false },
            Parts =
            {
                new ExplainedPart
                {
                    Text = "orders.count >= 3",
                    Value = new Value { BoolValue = true },
                    Parts = { new ExplainedPart { Text = "orders.count", Value = new Value { IntValue = 5 } } },
                },
                new ExplainedPart
                {
                    Text = "revenue.EUR.net > 100 EUR or traits.plan == \"gold\"",
                    Status = ValueStatus.Withheld,
                    Parts =
                    {
                        new ExplainedPart { Text = "revenue.EUR.net > 100 EUR", Status = ValueStatus.Withheld },
                        new ExplainedPart { Text = "traits.plan == \"gold\"", Status = ValueStatus.Ok },
                    },
                },
            },
        },
    };
}
