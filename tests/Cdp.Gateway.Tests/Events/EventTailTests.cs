using Cdp.EngineContract;
using Cdp.Gateway.Tests.Decisions;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Events;

/// <summary>Events are seen as they are applied or refused, and nobody waits for who watches.</summary>
public sealed class EventTailTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_are_seen_as_they_are_applied_and_refused()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(Of("before", "ann"));
        await server.AllLearnedAsync();
        await using var tail = await Tail.StartAsync(server, new TailEventsRequest());
        var wrong = Of("wrong", "ann");
        wrong.Channel = new string('c', 65);
        var token = await server.PublishAsync(Of("1", "ann"), Of("2", "ben"));
        await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { wrong } }, cancellationToken: Cancel);
        var seen = (await tail.NextAsync(3)).ToDictionary(tailed => tailed.EventId, StringComparer.Ordinal);

        Assert.Equal(["1", "2", "wrong"], seen.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((EventState.Applied, (await server.ProfileAsync("user_id", "ann", token)).CustomerId, "Login", "web", "tests"), (seen["1"].State, seen["1"].CustomerId, seen["1"].Type, seen["1"].Channel, seen["1"].Source));
        Assert.Equal((EventState.DeadLetter, "CHANNEL_TOO_LONG", ""), (seen["wrong"].State, seen["wrong"].Reason, seen["wrong"].CustomerId));
        Assert.All(seen.Values, tailed => Assert.Null(tailed.Event));
        Assert.Equal(0, tail.Missed);
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_seen_with_its_content_where_that_was_asked_for()
    {
        await using var server = await GatewayFixture.StartAsync();
        await using var of = await Tail.StartAsync(server, new TailEventsRequest { Source = "tests", Type = "Login", Channel = "web", WithContent = true });
        await using var letters = await Tail.StartAsync(server, new TailEventsRequest { OnlyDeadLetters = true });
        var (store, view, wrong) = (Of("store", "ann"), Of("view", "ann"), Of("wrong", "ann"));
        (store.Channel, view.Type, wrong.Id, wrong.Type) = ("store", "Product Viewed", "", "Signup");
        await server.PublishAsync(store, view, Of("1", "ann"));
        await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { wrong } }, cancellationToken: Cancel);
        await server.PublishAsync(Of("2", "ann"));
        Assert.Equal([Of("1", "ann"), Of("2", "ann")], (await of.NextAsync(2)).Select(tailed => tailed.Event));
        Assert.Equal("ID_MISSING", Assert.Single(await letters.NextAsync(1)).Reason);
    }

    [Fact]
    public async Task What_the_customer_forbids_is_seen_without_what_tells_of_it_and_other_tenants_see_nothing()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutTenantAsync("other");
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "ads", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true } }, cancellationToken: Cancel);
        using var stranger = await server.ClientOfAsync(Role.Admin, "other");
        await using var ads = await Tail.StartAsync(server, new TailEventsRequest { Purpose = "ads", WithContent = true });
        await using var others = await Tail.StartAsync(stranger, new TailEventsRequest());
        await server.PublishAsync(Of("1", "ann"));
        await stranger.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Of("theirs", "ann") } }, cancellationToken: Cancel);
        var seen = Assert.Single(await ads.NextAsync(1));
        Assert.Equal(("CONSENT", "", "", "", "", null), (seen.Withheld, seen.EventId, seen.Type, seen.Channel, seen.CustomerId, seen.Event));
        Assert.Equal("theirs", Assert.Single(await others.NextAsync(1)).EventId);
    }

    [Fact]
    public async Task Who_does_not_read_misses_events_is_told_how_many_and_holds_nothing_up()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        var partition = server.Host.Grains.Get<IPartition>("0");
        var watching = await partition.Tail(new TailRequest { Tenant = "default", Most = 10 }, Cancel);
        for (var i = 0; i < 12; i++) await server.PublishAsync([.. Enumerable.Range(0, 1_000).Select(n => Of($"{i}-{n}", $"u{n}"))]);
        await server.AllLearnedAsync();
        var all = (await partition.GetStatus(new GetPartitionStatusRequest(), Cancel)).Applied;
        Assert.True(all > 2_048, $"only {all} events came to the partition");

        var late = await partition.Tail(new TailRequest { Tenant = "default", Watch = watching.Watch, Next = watching.Next, Most = 10_000 }, Cancel);
        Assert.Equal((all, 2_048), (late.Missed + late.Events.Count, late.Events.Count));
        Assert.Equal(late.Next, watching.Next + all);
    }

    [Fact]
    public async Task What_nobody_watches_any_more_is_not_remembered_but_counted_for_who_did()
    {
        var time = new ManualTime();
        await using var server = await GatewayFixture.StartAsync(checkMessages: false, time);
        var partition = server.Host.Grains.Get<IPartition>("0");
        var watching = await partition.Tail(new TailRequest { Tenant = "default", Most = 10 }, Cancel);
        time.Advance(TimeSpan.FromSeconds(31));
        for (var i = 0; i < 50; i++) await server.PublishAsync(Of($"{i}", $"u{i}"));
        await server.AllLearnedAsync();
        var late = await partition.Tail(new TailRequest { Tenant = "default", Watch = watching.Watch, Next = watching.Next, Applied = watching.Applied, Most = 10 }, Cancel);
        Assert.Empty(late.Events);
        Assert.Equal((await partition.GetStatus(new GetPartitionStatusRequest(), Cancel)).Applied, late.Missed);
        Assert.True(late.Missed > 0);
        Assert.NotEqual(watching.Watch, late.Watch);
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "count" } }, cancellationToken: Cancel);
        await server.Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = "recent_events", Purposes = { "service" } } }, cancellationToken: Cancel);
        await Calls.RefusedAsync(OpenAsync(new TailEventsRequest { Purpose = "count" }), Code.PermissionDenied, "FIELD_WITHHELD");
        await Calls.RefusedAsync(OpenAsync(new TailEventsRequest { Purpose = "undeclared" }), Code.InvalidArgument, "PURPOSE_UNDECLARED");
        await Calls.RefusedAsync(OpenAsync(new TailEventsRequest { Type = new string('t', 129) }), Code.InvalidArgument, "TYPE_TOO_LONG");
        await Calls.RefusedAsync(OpenAsync(new TailEventsRequest { Channel = new string('t', 65) }), Code.InvalidArgument, "CHANNEL_TOO_LONG");
        await Calls.RefusedAsync(OpenAsync(new TailEventsRequest { Source = new string('t', 65) }), Code.InvalidArgument, "SOURCE_TOO_LONG");
        var tails = new List<Tail>();
        for (var i = 0; i < 64; i++) tails.Add(await Tail.StartAsync(server, new TailEventsRequest()));
        await Calls.RefusedAsync(OpenAsync(new TailEventsRequest()), Code.ResourceExhausted, "TOO_MANY_TAILS");
        foreach (var tail in tails) await tail.DisposeAsync();

        async Task<bool> OpenAsync(TailEventsRequest request)
        {
            await using var tail = server.Client.Events.TailEventsAsync(request, cancellationToken: Cancel).GetAsyncEnumerator(Cancel);
            return await tail.MoveNextAsync();
        }
    }

    private static Event Of(string id, string user) => GatewayFixture.Event(id, "Login", ("user_id", user));

    /// <summary>A tail that is open.</summary>
    private sealed class Tail(IAsyncEnumerator<TailEventsResponse> responses, CancellationTokenSource end) : IAsyncDisposable
    {
        private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

        public long Missed { get; private set; }

        public static Task<Tail> StartAsync(GatewayFixture server, TailEventsRequest request) => StartAsync(server.Client, request);

        public static async Task<Tail> StartAsync(Client.CdpClient client, TailEventsRequest request)
        {
            var end = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var responses = client.Events.TailEventsAsync(request, cancellationToken: end.Token).GetAsyncEnumerator(end.Token);
            Assert.True(await responses.MoveNextAsync().AsTask().WaitAsync(Limit, Cancel));
            Assert.Null(responses.Current.Tailed);
            return new Tail(responses, end);
        }

        public async Task<List<TailedEvent>> NextAsync(int count)
        {
            var seen = new List<TailedEvent>();
            while (seen.Count < count)
            {
                Assert.True(await responses.MoveNextAsync().AsTask().WaitAsync(Limit, Cancel));
                Missed = responses.Current.Missed;
                seen.Add(responses.Current.Tailed);
            }

            return seen;
        }

        public async ValueTask DisposeAsync()
        {
            await end.CancelAsync();
            try
            {
                await responses.DisposeAsync();
            }
            catch (OperationCanceledException)
            {
                // Ended as asked.
            }

            end.Dispose();
        }
    }
}
