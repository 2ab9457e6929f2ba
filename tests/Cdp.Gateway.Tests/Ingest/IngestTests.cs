using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Ingest;

/// <summary>Limits of batches and events, and streams.</summary>
public sealed class IngestTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_of_1000_is_taken_and_one_of_1001_is_refused_whole()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        var request = new PublishEventsRequest();
        request.Events.AddRange(Enumerable.Range(0, 1_000).Select(i => GatewayFixture.Event($"{i}", "Seen", ("device", "d"))));
        Assert.Equal(1_000, (await server.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel)).Accepted);

        request.Events.Add(GatewayFixture.Event("1000", "Seen", ("device", "d")));
        await Calls.RefusedAsync(server.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel), Code.InvalidArgument, "BATCH_TOO_MANY_EVENTS");

        var partitions = await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        Assert.Equal(1_000, partitions.Partitions.Sum(p => p.EndPosition));
    }

    [Theory]
    [InlineData((4 << 20) + 1)]
    [InlineData(5 << 20)]
    public async Task A_batch_of_more_than_4_MB_is_refused_whole(int bytes)
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        using var calls = new Fuzz.RawCalls(server.Url);
        var request = new PublishEventsRequest();
        while (request.CalculateSize() < bytes - (100 << 10)) request.Events.Add(Sized(100_000));
        request.Events.Add(Sized(bytes - request.CalculateSize()));
        Assert.InRange(request.CalculateSize(), bytes, bytes + 100);

        var reply = await calls.SendAsync(
            "/cdp.v1.Ingest/PublishEvents", Fuzz.RawCalls.Frame(request.ToByteArray()), $"Bearer {GatewayFixture.OperatorKey}", Cancel);

        Assert.Equal((Code.ResourceExhausted, "BATCH_TOO_LARGE"), (reply.Code, reply.Reason));
        var partitions = await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        Assert.Equal(0, partitions.Partitions.Sum(p => p.EndPosition));

        static Event Sized(int text)
        {
            var made = GatewayFixture.Event("e", "Seen", ("device", "d"));
            made.Properties["text"] = new Value { StringValue = new string('x', text) };
            return made;
        }
    }

    [Fact]
    public async Task An_event_of_more_than_256_KB_is_refused_and_the_others_count()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        var large = GatewayFixture.Event("large", "Seen", ("device", "d"));
        large.Properties["text"] = new Value { StringValue = new string('x', 256 * 1024) };
        var request = new PublishEventsRequest { Events = { GatewayFixture.Event("1", "Seen", ("device", "d")), large, GatewayFixture.Event("2", "Seen", ("device", "d")) } };

        var reply = await server.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel);

        Assert.Equal(2, reply.Accepted);
        Assert.Equal((1, "EVENT_TOO_LARGE"), reply.Refused.Select(r => (r.Index, r.Reason)).Single());
        Assert.Equal(2, (await server.ProfileAsync("device", "d", reply.Token)).Activity.EventCount);
    }

    [Fact]
    public async Task A_stream_is_acknowledged_message_by_message_in_order()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        await using var call = server.Client.Ingest.StreamEvents(cancellationToken: Cancel);
        var sending = SendAsync();
        var acknowledged = new List<StreamEventsResponse>();
        await foreach (var reply in call.ReadAllAsync(Cancel)) acknowledged.Add(reply);
        await sending;

        Assert.Equal(Enumerable.Range(1, 200).Select(i => (long)i * 10), acknowledged.Select(a => a.Sequence));
        Assert.All(acknowledged, a => Assert.Equal((2, 1), (a.Result.Accepted, a.Result.Refused.Count)));
        Assert.All(acknowledged, a => Assert.Equal("ID_MISSING", a.Result.Refused[0].Reason));
        Assert.Equal(400, (await server.ProfileAsync("device", "d", acknowledged[^1].Result.Token)).Activity.EventCount);

        async Task SendAsync()
        {
            for (var i = 1; i <= 200; i++)
            {
                var message = new StreamEventsRequest { Sequence = i * 10 };
                message.Events.AddRange([GatewayFixture.Event($"a{i}", "Seen", ("device", "d")), GatewayFixture.Event("", "Seen", ("device", "d")), GatewayFixture.Event($"b{i}", "Seen", ("device", "d"))]);
                await call.WriteAsync(message, Cancel);
            }

            await call.CompleteAsync();
        }
    }

    [Fact]
    public async Task A_stream_ends_with_the_reason_of_the_message_that_was_refused_whole()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        await using var call = server.Client.Ingest.StreamEvents(cancellationToken: Cancel);
        var good = new StreamEventsRequest { Sequence = 1, Events = { GatewayFixture.Event("1", "Seen", ("device", "d")) } };
        var bad = new StreamEventsRequest { Sequence = 2 };
        bad.Events.AddRange(Enumerable.Range(0, 1_001).Select(i => GatewayFixture.Event($"{i}", "Seen", ("device", "d"))));
        await call.WriteAsync(good, Cancel);
        Assert.Equal(1, (await call.ReadAsync(Cancel))!.Sequence);
        await call.WriteAsync(bad, Cancel);

        await Calls.RefusedAsync(call.ReadAsync(Cancel), Code.InvalidArgument, "BATCH_TOO_MANY_EVENTS");
    }
}
