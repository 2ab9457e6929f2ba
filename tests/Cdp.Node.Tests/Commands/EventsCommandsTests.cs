using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

/// <summary><c>cdp trace</c>, <c>tail</c> and <c>dead-letters</c>.</summary>
public sealed class EventsCommandsTests : IDisposable
{
    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task A_trace_says_where_an_event_is_whose_and_what_it_changed()
    {
        TraceEventRequest? asked = null;
        _cdp.Api.Trace = request =>
        {
            asked = request;
            return new TraceEventResponse
            {
                State = EventState.Applied, EventId = "e-1", Source = "shop", Type = "Order Completed", Channel = "web", KeyId = "k1", ReceivedAt = new Timestamp { UnixMicros = 1_000_000 },
                EffectiveAt = new Timestamp { UnixMicros = 2 }, Partition = 3, Position = 1207, CustomerId = "c1", SegmentsStatus = ValueStatus.Ok, SegmentsEntered = { "loyal", "new" },
                Copies = { new EventCopy { Partition = 3, Position = 1300, ReceivedAt = new Timestamp { UnixMicros = 3 }, OtherContent = true } },
                Facts = { new IdentityFact { Minted = new MintedFact { Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" } } } },
                OutcomeCredit = OutcomeCredit.NotOffered,
            };
        };
        Assert.Equal(0, await _cdp.RunAsync("trace", "e-1", "--source", "shop", "--identifier", "email:ann@example.org", "--search", "7"));
        Assert.Equal(new TraceEventRequest { EventId = "e-1", Source = "shop", Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" }, SearchEvents = 7 }, asked);
        Assert.Equal(
            """
            event          e-1
            state          applied
            source         shop
            type           Order Completed
            channel        web
            sent with key  k1
            accepted       1970-01-01 00:00:01 +00:00
            place          partition 3, position 1207
            customer       c1
            counts as of   1970-01-01 00:00:00.000002 +00:00
            copy           partition 3, position 1300, 1970-01-01 00:00:00.000003 +00:00, with other content
            identity       first seen as email:ann@example.org
            entered        loyal, new
            outcome        not offered

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task A_refused_event_is_traced_to_its_reason()
    {
        _cdp.Api.Trace = _ => new TraceEventResponse
        {
            State = EventState.DeadLetter, EventId = "e-1", ReceivedAt = new Timestamp(), DeadLetter = new DeadLetter { Id = "0-7", Reason = "ID_MISSING", Field = "id", Message = "Give an id." },
        };
        Assert.Equal(0, await _cdp.RunAsync("trace", "e-1"));
        Assert.Contains("state        counts for nobody", _cdp.Out, StringComparison.Ordinal);
        Assert.Contains("reason       ID_MISSING", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal(1, await _cdp.RunAsync("trace", "e-1", "--identifier", "ann"));
        Assert.Contains("NAMESPACE:VALUE", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tail_is_a_line_for_each_event_and_says_what_was_missed()
    {
        _cdp.Api.Tail = request =>
        {
            Assert.Equal(new TailEventsRequest { Source = "shop", OnlyDeadLetters = false }, request);
            return
            [
                new TailEventsResponse(),
                new TailEventsResponse { Tailed = Tailed("1") },
                new TailEventsResponse { Tailed = Tailed("2\u001b[2J"), Missed = 1_200 },
                new TailEventsResponse { Tailed = Tailed("3") },
            ];
        };
        Assert.Equal(0, await _cdp.RunAsync("tail", "--source", "shop", "--count", "2"));
        Assert.Equal("00:00:01.000  shop  Login  web  1  c1\n00:00:01.000  shop  Login  web  2\uFFFD[2J  c1\n", _cdp.Out);
        Assert.Equal("watching; end with Ctrl+C\nmissed 1,200 events: more came than could be shown\n", _cdp.Error);

        static TailedEvent Tailed(string id) => new() { State = EventState.Applied, EventId = id, Source = "shop", Type = "Login", Channel = "web", CustomerId = "c1", ReceivedAt = new Timestamp { UnixMicros = 1_000_000 } };
    }

    [Fact]
    public async Task A_type_gets_a_schema_and_keeps_what_else_is_said_of_it()
    {
        _cdp.Api.EventTypes.Add(new EventType { Name = "Signup", Role = EventRole.Contact, Etag = "7" });
        using var folder = new TemporaryFolder();
        var file = folder.Write("schema.json", "{}");
        Assert.Equal(0, await _cdp.RunAsync("event-type", "schema", "Signup", "--file", file, "--mode", "reject"));
        Assert.Equal(new EventType { Name = "Signup", Role = EventRole.Contact, Etag = "7", Schema = "{}", SchemaMode = SchemaMode.Reject }, Assert.Single(_cdp.Api.EventTypes));
        Assert.Equal("type    role     purpose  schema                      kept\nSignup  contact           refused where it is broken  default\n", _cdp.Out);
        Assert.Equal(0, await _cdp.RunAsync("event-type", "schema", "Signup", "--mode", "off"));
        Assert.Equal(("{}", SchemaMode.Off), (_cdp.Api.EventTypes[0].Schema, _cdp.Api.EventTypes[0].SchemaMode));
        Assert.Equal(2, await _cdp.RunAsync("event-type", "schema", "Signup"));
        Assert.Equal(2, await _cdp.RunAsync("event-type", "schema", "Signup", "--mode", "maybe"));

        _cdp.Api.Violations = new ListSchemaViolationsResponse
        {
            Violations = { new SchemaViolation { EventType = "Signup", Source = "shop", Path = "properties.plan", Keyword = "required", Warned = 1_204, LastAt = new Timestamp() } }, Others = 3,
        };
        Assert.Equal(0, await _cdp.RunAsync("event-type", "violations"));
        Assert.Equal(
            """
            type    source  value            rule      warned  refused  last
            Signup  shop    properties.plan  required   1,204        0  1970-01-01 00:00:00 +00:00
            and 3 others

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task How_long_a_type_is_kept_is_said_and_the_rest_stays()
    {
        _cdp.Api.EventTypes.Add(new EventType { Name = "Signup", Role = EventRole.Contact, Etag = "7" });
        Assert.Equal(0, await _cdp.RunAsync("event-type", "keep", "Signup", "90d"));
        Assert.Equal(new EventType { Name = "Signup", Role = EventRole.Contact, Etag = "7", EventDays = 90 }, Assert.Single(_cdp.Api.EventTypes));
        Assert.Contains("90d", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cdp.RunAsync("event-type", "keep", "Signup", "forever"));
        Assert.Equal(-1, _cdp.Api.EventTypes[0].EventDays);
        Assert.Equal(0, await _cdp.RunAsync("event-type", "keep", "Signup", "default"));
        Assert.Equal(0, _cdp.Api.EventTypes[0].EventDays);
        Assert.Equal(2, await _cdp.RunAsync("event-type", "keep", "Signup", "often"));
        Assert.Contains("'often' is no time for which events are kept; write it like 90d (1 to 36,500 days), or forever or default.", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letters_are_listed_and_retried_by_id_by_reason_and_repaired()
    {
        var asked = new List<RetryDeadLettersRequest>();
        _cdp.Api.DeadLetterPage = request => new ListDeadLettersResponse
        {
            DeadLetters = { new DeadLetter { Id = request.PageToken.Length == 0 ? "0-1" : "1-9", Reason = "ID_MISSING", Field = "id", ReceivedAt = new Timestamp(), Source = "shop", Event = request.WithContent ? new Event { Type = "Login" } : null } },
            NextPageToken = request.PageToken.Length == 0 ? "1-0" : "",
        };
        _cdp.Api.RetryDeadLetters = request =>
        {
            asked.Add(request);
            var response = new RetryDeadLettersResponse { Token = "t1" };
            response.Results.AddRange(request.Retries.Select(retry => new DeadLetterResult
            {
                Id = retry.Id, Accepted = retry.Repaired is not null, Refused = retry.Repaired is null ? new RefusedDeadLetter { Reason = "ID_MISSING", Field = "id", Message = "Give an id." } : null,
            }));
            return response;
        };
        Assert.Equal(0, await _cdp.RunAsync("dead-letters", "list"));
        Assert.Equal(
            """
            id   received                    reason      field  source  type  event
            0-1  1970-01-01 00:00:00 +00:00  ID_MISSING  id     shop
            1-9  1970-01-01 00:00:00 +00:00  ID_MISSING  id     shop

            """,
            _cdp.Out);
        Assert.Equal(0, await _cdp.RunAsync("dead-letters", "list", "--content", "--limit", "1"));
        var line = _cdp.Out.Trim();

        Assert.Equal(1, await _cdp.RunAsync("dead-letters", "retry", "--reason", "ID_MISSING"));
        Assert.Equal(["0-1", "1-9"], Assert.Single(asked).Retries.Select(retry => retry.Id));
        Assert.Contains("0 of 2 taken in", _cdp.Out, StringComparison.Ordinal);
        Assert.Contains("id: Give an id.", _cdp.Out, StringComparison.Ordinal);

        using var folder = new TemporaryFolder();
        var file = folder.Write("repaired.jsonl", $"{line}\n\n");
        Assert.Equal(0, await _cdp.RunAsync("dead-letters", "retry", "--repaired", file));
        Assert.Equal(new DeadLetterRetry { Id = "0-1", Repaired = new Event { Type = "Login" } }, Assert.Single(asked[^1].Retries));
        Assert.Contains("1 of 1 taken in\ntoken t1\n", _cdp.Out, StringComparison.Ordinal);

        Assert.Equal(1, await _cdp.RunAsync("dead-letters", "retry", "0-1"));
        Assert.Equal(2, await _cdp.RunAsync("dead-letters", "retry"));
        Assert.Equal(2, await _cdp.RunAsync("dead-letters", "retry", "0-1", "--reason", "ID_MISSING"));
        Assert.Equal(1, await _cdp.RunAsync("dead-letters", "retry", "--repaired", folder.Write("wrong.jsonl", "{}\n")));
        Assert.Contains("line 1", _cdp.Error, StringComparison.Ordinal);
    }
}
