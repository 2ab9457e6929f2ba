using Cdp.Node.Api;
using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

public sealed class ReadCommandTests : IDisposable
{
    private static readonly Timestamp First = new() { UnixMicros = 1_291_191_960_000_000, UtcOffsetMinutes = 60 };
    private static readonly Timestamp Last = new() { UnixMicros = 1_292_191_960_000_000 };

    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task A_profile_is_printed_in_aligned_tables()
    {
        _cdp.Api.Profile = _ => new GetProfileResponse { Profile = Ann() };
        Assert.Equal(0, await _cdp.RunAsync("profile", "customer_id:17850"));
        Assert.Equal(
            """
            customer    c-1
            version     12
            events      1,234
            first seen  2010-12-01 09:26:00 +01:00 in web
            last seen   2010-12-12 22:12:40 +00:00
            sessions    2, last from 2010-12-01 09:26:00 +01:00 to 2010-12-12 22:12:40 +00:00 with 3 events
            products    41 different ones ordered

            IDENTIFIERS
              identifier             since
              customer_id:17850      2010-12-01 09:26:00 +01:00
              email:ann@example.org  2010-12-12 22:12:40 +00:00

            TRAITS
              name     value           source  as of
              country  United Kingdom  retail  2010-12-01 09:26:00 +01:00
              email    (withheld)

            MONETARY
              currency  orders  refunds   gross  refunded     net  first order                 last order
              GBP           34        1  512.30     27.50  484.80  2010-12-01 09:26:00 +01:00  2010-12-12 22:12:40 +00:00

            EVENT TYPES
              type             count  sum
              Order Completed     34  512.30 GBP
              (other)              1

            WITHHELD
              field         reason
              traits.email  PURPOSE

            """,
            _cdp.Out);
        Assert.Equal("", _cdp.Error);
    }

    [Fact]
    public async Task A_profile_as_json_is_the_message_itself()
    {
        _cdp.Api.Profile = _ => new GetProfileResponse { Profile = Ann() };
        Assert.Equal(0, await _cdp.RunAsync("profile", "c-1", "--json"));
        Assert.Equal(Ann(), Google.Protobuf.JsonParser.Default.Parse<GetProfileResponse>(_cdp.Out).Profile);
    }

    [Fact]
    public async Task The_request_says_whom_why_which_fields_and_after_what()
    {
        GetProfileRequest? seen = null;
        _cdp.Api.Profile = request =>
        {
            seen = request;
            return new GetProfileResponse { Profile = Ann() };
        };
        await _cdp.RunAsync("profile", "urn:a:b", "--purpose", "service", "--fields", "traits.*, monetary", "--after", "t");
        var expected = new GetProfileRequest
        {
            Customer = new CustomerRef { Identifier = new Identifier { Namespace = "urn", Value = "a:b" } },
            Purpose = "service",
            AfterToken = "t",
            Fields = { "traits.*", "monetary" },
        };
        Assert.Equal(expected, seen);
        await _cdp.RunAsync("profile", "c-1");
        Assert.Equal("c-1", seen!.Customer.CustomerId);
    }

    [Fact]
    public async Task Events_are_read_page_by_page_up_to_the_limit()
    {
        var sizes = new List<int>();
        _cdp.Api.EventPage = request =>
        {
            sizes.Add(request.PageSize);
            var start = request.PageToken.Length > 0 ? 2 : 0;
            var page = new ListEventsResponse { NextPageToken = "next" };
            for (var i = start; i < start + Math.Min(2, request.PageSize); i++)
                page.Events.Add(new CustomerEvent { Event = new Event { Id = $"e{i}", Type = "Seen", Channel = "web", Source = "s" }, EffectiveAt = Last, Copies = i });
            return page;
        };
        Assert.Equal(0, await _cdp.RunAsync("events", "email:ann@example.org", "--limit", "3"));
        Assert.Equal([3, 1], sizes);
        Assert.Equal(
            """
            time                        type  channel  source  id  copies
            2010-12-12 22:12:40 +00:00  Seen  web      s       e0       0
            2010-12-12 22:12:40 +00:00  Seen  web      s       e1       1
            2010-12-12 22:12:40 +00:00  Seen  web      s       e2       2
            further events exist; raise --limit to see them

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task Events_show_the_outcomes_that_they_carry_and_what_these_changed()
    {
        var page = new ListEventsResponse();
        foreach (var (id, outcome, credit) in new[]
        {
            ("e1", new EventOutcome { ActionId = "a", Kind = OutcomeKind.Accepted }, OutcomeCredit.Credited),
            ("e2", new EventOutcome { ActionId = "b", Kind = OutcomeKind.Shown }, OutcomeCredit.NotOffered),
            ("e3", new EventOutcome { ActionId = "c", Kind = OutcomeKind.Returned }, OutcomeCredit.Unspecified),
            ("e4", null, OutcomeCredit.Unspecified),
        })
        {
            page.Events.Add(new CustomerEvent { Event = new Event { Id = id, Type = "Seen", Channel = "web", Source = "s", Outcome = outcome }, EffectiveAt = Last, OutcomeCredit = credit });
        }

        _cdp.Api.EventPage = _ => page;
        Assert.Equal(0, await _cdp.RunAsync("events", "email:ann@example.org"));
        Assert.Equal(
            """
            time                        type  channel  source  id  copies  outcome
            2010-12-12 22:12:40 +00:00  Seen  web      s       e1       0  a accepted, credited
            2010-12-12 22:12:40 +00:00  Seen  web      s       e2       0  b shown, not offered
            2010-12-12 22:12:40 +00:00  Seen  web      s       e3       0  c returned
            2010-12-12 22:12:40 +00:00  Seen  web      s       e4       0

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task An_identity_shows_each_fact_with_its_evidence()
    {
        var phone = new Identifier { Namespace = "device", Value = "d1" };
        var person = new Identifier { Namespace = "user_id", Value = "u1" };
        _cdp.Api.Identity = _ => new DescribeIdentityResponse
        {
            CustomerId = "c-1",
            FormerCustomerIds = { "c-2" },
            Facts =
            {
                new IdentityFact { Sequence = 7, DecidedAt = First, Minted = new MintedFact { Identifier = phone }, Evidence = new Evidence { EventId = "e1", Type = "Seen", Channel = "web" } },
                new IdentityFact { Sequence = 12, DecidedAt = Last, Linked = new LinkedFact { Identifier = person, With = phone } },
                new IdentityFact { Sequence = 13, DecidedAt = Last, Merged = new MergedFact { MergedCustomerId = "c-2", Identifier = person, With = phone } },
                new IdentityFact { Sequence = 1400, DecidedAt = Last, Refused = new RefusedFact { Identifier = person, With = phone, Reason = "NAMESPACE_LIMIT", Namespace = "user_id", Limit = 1 } },
            },
        };
        Assert.Equal(0, await _cdp.RunAsync("identity", "device:d1"));
        Assert.Equal(
            """
            customer  c-1
            formerly  c-2

            FACTS, in the order of decision
                no.  decided                     fact                                                                      shown by
                  7  2010-12-01 09:26:00 +01:00  first seen as device:d1                                                   e1 (Seen, web)
                 12  2010-12-12 22:12:40 +00:00  linked user_id:u1 with device:d1
                 13  2010-12-12 22:12:40 +00:00  merged c-2: user_id:u1 with device:d1
              1,400  2010-12-12 22:12:40 +00:00  refused user_id:u1 with device:d1: NAMESPACE_LIMIT, at most 1 of user_id

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task A_refusal_says_what_the_server_said_and_no_more()
    {
        _cdp.Api.Profile = _ => throw new CdpApiException(
            CdpStatus.PermissionDenied, "The purpose \"ads\" is not declared. Declared are: service.", "PURPOSE_UNKNOWN");
        Assert.Equal(1, await _cdp.RunAsync("profile", "c-1", "--purpose", "ads"));
        Assert.Equal("", _cdp.Out);
        Assert.Equal("cdp: The purpose \"ads\" is not declared. Declared are: service. [PURPOSE_UNKNOWN]\n", _cdp.Error);
    }

    [Theory]
    [InlineData("profile")]
    [InlineData("profil", "c-1")]
    [InlineData("events", "c-1", "--limit", "0")]
    [InlineData("import", "file")]
    [InlineData("import", "file", "--mapping", "m", "--batch", "1001")]
    [InlineData("keys", "create", "--role", "king")]
    [InlineData("keys")]
    [InlineData]
    public async Task A_wrong_command_line_ends_with_2(params string[] args)
    {
        Assert.Equal(2, await _cdp.RunAsync(args));
        Assert.NotEqual("", _cdp.Error);
    }

    [Fact]
    public async Task Help_is_no_error()
    {
        Assert.Equal(0, await _cdp.RunAsync("import", "--help"));
        Assert.Contains("--shift-to-now", _cdp.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_go_before_variables_and_variables_before_defaults()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("key", "from-file\n");
        await _cdp.RunAsync("keys", "list");
        Assert.Equal(("http://127.0.0.1:7878/", "from-variable"), (_cdp.Connected!.Url.ToString(), _cdp.Connected.Key));
        _cdp.Variables["CDP_URL"] = "http://cdp:1";
        await _cdp.RunAsync("keys", "list", "--key-file", file);
        Assert.Equal(("http://cdp:1/", "from-file"), (_cdp.Connected!.Url.ToString(), _cdp.Connected.Key));
        await _cdp.RunAsync("keys", "list", "--server", "http://other:2", "--key", "given");
        Assert.Equal(("http://other:2/", "given"), (_cdp.Connected!.Url.ToString(), _cdp.Connected.Key));
        _cdp.Variables.Remove("CDP_KEY");
        Assert.Equal(1, await _cdp.RunAsync("keys", "list"));
        Assert.Contains("No API key is given", _cdp.Error, StringComparison.Ordinal);
    }

    private static Profile Ann() => new()
    {
        CustomerId = "c-1",
        Version = 12,
        Activity = new Activity
        {
            EventCount = 1234,
            FirstSeen = First,
            FirstChannel = "web",
            LastSeen = Last,
            Types_ = { new TypeActivity { Type = "Order Completed", Count = 34, Sums = { Pounds("512.30") } } },
            Other = new TypeActivity { Count = 1 },
        },
        Sessions = new Sessions { Count = 2, LastStart = First, LastEnd = Last, LastEventCount = 3 },
        Products = new Products { DistinctOrdered = 41 },
        Identifiers =
        {
            new ProfileIdentifier { Identifier = new Identifier { Namespace = "customer_id", Value = "17850" }, LinkedAt = First },
            new ProfileIdentifier { Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" }, LinkedAt = Last },
        },
        Traits =
        {
            new Trait { Name = "country", Value = new Value { StringValue = "United Kingdom" }, Source = "retail", AsOf = First, Status = ValueStatus.Ok },
            new Trait { Name = "email", Status = ValueStatus.Withheld },
        },
        Monetary =
        {
            new Monetary
            {
                CurrencyCode = "GBP", Orders = 34, Refunds = 1, GrossRevenue = Pounds("512.30"), Refunded = Pounds("27.50"), NetRevenue = Pounds("484.80"),
                FirstOrder = First, LastOrder = Last,
            },
        },
        Withheld = { new Withheld { Field = "traits.email", Reason = "PURPOSE" } },
    };

    private static Money Pounds(string amount) => new() { CurrencyCode = "GBP", Amount = amount };
}
