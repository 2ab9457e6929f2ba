using Cdp.Gateway.Tests.Decisions;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Ingest;

/// <summary>Events are held against the schema of their type: told, refused, counted.</summary>
public sealed class SchemaTests
{
    private const string Schema = """{"type": "object", "required": ["order_id"], "properties": {"total": {"type": "number", "minimum": 0}}}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_the_mode_WARN_an_event_counts_and_its_sender_is_told()
    {
        await using var server = await GatewayFixture.StartAsync();
        await PutAsync(server, SchemaMode.Unspecified);
        var response = await PublishAsync(server, Order("right", "o1", 5), Order("wrong", "", -1), GatewayFixture.Event("other", "Login", ("user_id", "ann")));
        Assert.Equal((3, 0), (response.Accepted, response.Refused.Count));
        var warning = Assert.Single(response.Warnings);
        Assert.Equal((1, "wrong", "SCHEMA_VIOLATION", "properties.order_id"), (warning.Index, warning.EventId, warning.Reason, warning.Field));
        Assert.Contains("properties.total", warning.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await server.ProfileAsync("user_id", "ann", response.Token)).Activity.EventCount);
        Assert.Equal(
            ["Order Completed/tests/properties.order_id/required 1+0", "Order Completed/tests/properties.total/minimum 1+0"], await CountsAsync(server));
    }

    [Fact]
    public async Task In_the_mode_REJECT_it_is_refused_kept_and_taken_in_once_it_is_repaired()
    {
        await using var server = await GatewayFixture.StartAsync();
        await PutAsync(server, SchemaMode.Reject);
        var response = await PublishAsync(server, Order("right", "o1", 5), Order("wrong", "", 5));
        var refused = Assert.Single(response.Refused);
        Assert.Equal((1, 1, "wrong", "SCHEMA_VIOLATION", "properties.order_id"), (response.Accepted, refused.Index, refused.EventId, refused.Reason, refused.Field));
        Assert.Empty(response.Warnings);
        Assert.Equal(["Order Completed/tests/properties.order_id/required 0+1"], await CountsAsync(server));

        var letter = Assert.Single((await server.Client.Events.ListDeadLettersAsync(new ListDeadLettersRequest { WithContent = true }, cancellationToken: Cancel)).DeadLetters);
        Assert.Equal(("SCHEMA_VIOLATION", "properties.order_id", "wrong"), (letter.Reason, letter.Field, letter.EventId));
        letter.Event.Properties["order_id"] = new Value { StringValue = "o2" };
        var retried = await server.Client.Events.RetryDeadLettersAsync(new RetryDeadLettersRequest { Retries = { new DeadLetterRetry { Id = letter.Id, Repaired = letter.Event } } }, cancellationToken: Cancel);
        Assert.True(retried.Results[0].Accepted);
        Assert.Equal(2, (await server.ProfileAsync("user_id", "ann", retried.Token)).Activity.EventCount);

        // Every way in is held against it.
        var exchange = await server.Client.Interactions.ExchangeAsync(
            new ExchangeRequest { Events = { Order("wrong-2", "", 1) }, Purpose = "service" }, cancellationToken: Cancel);
        Assert.Equal("SCHEMA_VIOLATION", Assert.Single(exchange.Published.Refused).Reason);
    }

    [Fact]
    public async Task In_the_mode_OFF_nothing_is_checked()
    {
        await using var server = await GatewayFixture.StartAsync();
        await PutAsync(server, SchemaMode.Off);
        var response = await PublishAsync(server, Order("wrong", "", -1));
        Assert.Equal((1, 0), (response.Accepted, response.Warnings.Count));
        Assert.Empty(await CountsAsync(server));
    }

    [Fact]
    public async Task Whatever_is_delivered_again_is_counted_once()
    {
        await using var server = await GatewayFixture.StartAsync();
        await PutAsync(server, SchemaMode.Warn);
        for (var i = 0; i < 40; i++) await PublishAsync(server, Order($"w{i}", "", 1, $"u{i}"));
        string[] expected = ["Order Completed/tests/properties.order_id/required 40+0"];
        Assert.Equal(expected, await CountsAsync(server));

        // As if every partition had ended before it committed what it had counted.
        await server.RestartWithoutAsync(PartitionGrain.StateKind);
        Assert.Equal(expected, await CountsAsync(server));
        await PublishAsync(server, Order("w40", "", 1));
        Assert.Equal(["Order Completed/tests/properties.order_id/required 41+0"], await CountsAsync(server));
    }

    [Fact]
    public async Task Counts_are_told_by_source_and_type()
    {
        await using var server = await GatewayFixture.StartAsync();
        await PutAsync(server, SchemaMode.Warn);
        var shop = Order("1", "", 1);
        shop.Source = "shop";
        await PublishAsync(server, shop, Order("2", "", 1), Order("3", "", 1));
        await server.AllLearnedAsync();
        Assert.Equal(["tests 2", "shop 1"], (await server.Client.Events.ListSchemaViolationsAsync(new ListSchemaViolationsRequest(), cancellationToken: Cancel)).Violations.Select(v => $"{v.Source} {v.Warned}"));
        var one = Assert.Single((await server.Client.Events.ListSchemaViolationsAsync(new ListSchemaViolationsRequest { Source = "shop" }, cancellationToken: Cancel)).Violations);
        var trace = await server.Client.Events.TraceEventAsync(new TraceEventRequest { EventId = "1", Source = "shop" }, cancellationToken: Cancel);
        Assert.Equal((trace.Partition, trace.Position, trace.ReceivedAt), (one.LastPartition, one.LastPosition, one.LastAt));
        Assert.Empty((await server.Client.Events.ListSchemaViolationsAsync(new ListSchemaViolationsRequest { EventType = "Login" }, cancellationToken: Cancel)).Violations);
    }

    [Fact]
    public async Task Card_numbers_and_secrets_are_masked_before_anything_is_kept_unless_the_tenant_may_hold_them()
    {
        await using var server = await GatewayFixture.StartAsync();
        var (note, wrong) = (Note("1"), Note("2"));
        wrong.Channel = new string('c', 65);
        var response = await PublishAsync(server, note, wrong);
        var warning = Assert.Single(response.Warnings);
        Assert.Equal((0, "1", "VALUE_MASKED"), (warning.Index, warning.EventId, warning.Reason));
        Assert.Equal(["Note/tests/properties.note/card_number 1+1", "Note/tests/traits.token/secret 1+1"], await CountsAsync(server));
        Assert.Equal("[secret]", Assert.Single((await server.ProfileAsync("user_id", "ann", response.Token, "traits.*")).Traits).Value.StringValue);
        for (var p = 0; p < server.Stores.Log.Partitions; p++)
        {
            foreach (var (_, record) in await server.Stores.Log.ReadAsync(p, 0, 1 << 20, Cancel))
            {
                Assert.True(record.Payload.Span.IndexOf("4111 1111"u8) < 0);
                Assert.True(record.Payload.Span.IndexOf("IOSFODNN7EXAMPLE"u8) < 0);
            }
        }

        await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "default", KeepSensitiveValues = true } }, cancellationToken: Cancel);
        var kept = await PublishAsync(server, Note("3"));
        Assert.Empty(kept.Warnings);
        Assert.Equal("AKIAIOSFODNN7EXAMPLE", Assert.Single((await server.ProfileAsync("user_id", "ann", kept.Token, "traits.*")).Traits).Value.StringValue);

        static Event Note(string id)
        {
            var made = GatewayFixture.Event(id, "Note", ("user_id", "ann"));
            made.Properties["note"] = new Value { StringValue = "card 4111 1111 1111 1111" };
            made.Traits = new TraitChanges { Set = { ["token"] = new Value { StringValue = "AKIAIOSFODNN7EXAMPLE" } } };
            return made;
        }
    }

    [Fact]
    public async Task A_schema_that_is_wrong_is_refused_and_one_that_changes_folds_nobody_again()
    {
        await using var server = await GatewayFixture.StartAsync();
        var error = await Calls.RefusedAsync(
            server.Client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = "Login", Schema = """{"$ref": "#"}""" } }, cancellationToken: Cancel), Code.InvalidArgument, "SCHEMA_INVALID");
        Assert.Contains("/$ref", error.Message, StringComparison.Ordinal);

        await PutAsync(server, SchemaMode.Warn);
        var before = server.Host.Definitions.Find("default")!.Version;
        await PutAsync(server, SchemaMode.Reject);
        var after = server.Host.Definitions.Find("default")!;
        Assert.Equal(before, after.Version);
        Assert.True(after.Meaning("Order Completed", EventKind.Track).RejectsBreaches);
    }

    private static Event Order(string id, string order, int total, string user = "ann")
    {
        var made = GatewayFixture.Event(id, "Order Completed", ("user_id", user));
        made.Properties["total"] = new Value { IntValue = total };
        if (order.Length > 0) made.Properties["order_id"] = new Value { StringValue = order };
        return made;
    }

    private static async Task PutAsync(GatewayFixture server, SchemaMode mode) =>
        await server.Client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = "Order Completed", Schema = Schema, SchemaMode = mode } }, cancellationToken: Cancel);

    private static async Task<PublishEventsResponse> PublishAsync(GatewayFixture server, params Event[] events) =>
        await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, cancellationToken: Cancel);

    private static async Task CommittedAsync(GatewayFixture server)
    {
        for (var p = 0; p < server.Host.Log.Partitions; p++)
        {
            var end = await server.Host.Log.EndAsync(p, Cancel);
            while ((await server.Host.Grains.Get<IPartition>(GrainCatalog.PartitionKey(p)).GetStatus(new GetPartitionStatusRequest(), Cancel)).Committed < end) await Task.Delay(5, Cancel);
        }
    }

    private static async Task<List<string>> CountsAsync(GatewayFixture server)
    {
        // What is applied is counted before it is committed.
        await server.AllLearnedAsync();
        await CommittedAsync(server);
        var response = await server.Client.Events.ListSchemaViolationsAsync(new ListSchemaViolationsRequest(), cancellationToken: Cancel);
        return [.. response.Violations.Select(v => $"{v.EventType}/{v.Source}/{v.Path}/{v.Keyword} {v.Warned}+{v.Rejected}").Order(StringComparer.Ordinal)];
    }
}
