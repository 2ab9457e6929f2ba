using System.Net;
using System.Text;
using Cdp.Client;
using Cdp.EngineContract;
using Cdp.Gateway.Keys;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>How often keys may call, and how many events they may publish.</summary>
public sealed class KeyRateTests
{
    private readonly ManualTime _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public void A_second_s_worth_passes_at_once_and_then_as_fast_as_the_limit(int rate)
    {
        var limit = new RateLimit(rate, _time);
        for (var i = 0; i < rate; i++) Assert.Null(limit.Take(1));
        var wait = limit.Take(1);
        Assert.InRange(wait!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1.001) / Math.Min(rate, 1_000));

        // Whoever waits as it is told to, passes.
        _time.Advance(wait.Value);
        Assert.Null(limit.Take(1));

        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(limit.Take(rate));
        Assert.NotNull(limit.Take(1));
    }

    [Fact]
    public void More_than_a_second_s_worth_passes_a_full_bucket_and_is_made_up_for()
    {
        var limit = new RateLimit(10, _time);
        Assert.Null(limit.Take(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), limit.Take(50));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(limit.Take(50));
        Assert.Equal(TimeSpan.FromSeconds(4.1), limit.Take(1));
        _time.Advance(TimeSpan.FromSeconds(4.1));
        Assert.Null(limit.Take(1));
    }

    [Fact]
    public async Task Many_at_once_get_what_is_there_and_no_more()
    {
        var limit = new RateLimit(1_000, _time);
        var taken = 0;
        await Parallel.ForAsync(0, 4_000, Cancel, (_, _) =>
        {
            if (limit.Take(1) is null) Interlocked.Increment(ref taken);
            return ValueTask.CompletedTask;
        });
        Assert.Equal(1_000, taken);
    }

    [Fact]
    public async Task A_call_too_many_is_told_how_long_to_wait_by_both_protocols_and_changes_of_the_tenant_do_not_help()
    {
        await using var server = await GatewayFixture.StartAsync(time: _time);
        var made = await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Admin }, RequestsPerSecond = 2 }, cancellationToken: Cancel);
        using var client = server.ClientWith(made.Secret);
        await client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel);
        await client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "research" } }, cancellationToken: Cancel);

        var error = await Calls.RefusedAsync(client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.ResourceExhausted, "RATE_LIMITED");
        Assert.Equal(TimeSpan.FromMilliseconds(500), error.RetryDelay);
        using var http = new HttpClient { BaseAddress = server.HttpUrl };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/cdp.v1.Admin/GetTenant") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", $"Bearer {made.Secret}");
        using var reply = await http.SendAsync(request, Cancel);
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (reply.StatusCode, reply.Headers.RetryAfter!.Delta));

        // A new secret is the same key.
        var rotated = await server.Client.Admin.RotateKeyAsync(new RotateKeyRequest { KeyId = made.Key.Id }, cancellationToken: Cancel);
        using var renewed = server.ClientWith(rotated.Secret);
        await Calls.RefusedAsync(renewed.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.ResourceExhausted, "RATE_LIMITED");
        _time.Advance(TimeSpan.FromMilliseconds(500));
        await renewed.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel);
    }

    [Fact]
    public async Task Of_a_batch_too_many_nothing_is_taken_in_by_any_way()
    {
        await using var server = await GatewayFixture.StartAsync(time: _time);
        var made = await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Writer }, EventsPerSecond = 10 }, cancellationToken: Cancel);
        using var client = server.ClientWith(made.Secret);
        Event[] batch = [.. Enumerable.Range(0, 10).Select(i => GatewayFixture.Event($"{i}", "Seen", ("user_id", "ann")))];
        Assert.Equal(10, (await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { batch } }, cancellationToken: Cancel)).Accepted);
        var before = await EndAsync(server);

        var error = await Calls.RefusedAsync(client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { batch } }, cancellationToken: Cancel), Code.ResourceExhausted, "RATE_LIMITED");
        await Calls.RefusedAsync(client.Interactions.ExchangeAsync(new ExchangeRequest { Events = { batch[0] } }, cancellationToken: Cancel), Code.ResourceExhausted, "RATE_LIMITED");
        await Calls.RefusedAsync(StreamAsync(client, batch[0]), Code.ResourceExhausted, "RATE_LIMITED");
        await Calls.RefusedAsync(
            client.Consents.RecordConsentAsync(new RecordConsentRequest { Customer = GatewayFixture.Ref("user_id", "ann"), Acts = { new ConsentAct { Purpose = "service" } } }, cancellationToken: Cancel),
            Code.ResourceExhausted, "RATE_LIMITED");
        var link = new LinkIdentifiersRequest { Identifiers = { new Identifier { Namespace = "user_id", Value = "ann" }, new Identifier { Namespace = "email", Value = "ann@example.org" } } };
        await Calls.RefusedAsync(client.Identities.LinkIdentifiersAsync(link, cancellationToken: Cancel), Code.ResourceExhausted, "RATE_LIMITED");

        Assert.Equal(before, await EndAsync(server));
        Assert.Equal(TimeSpan.FromSeconds(1), error.RetryDelay);
        _time.Advance(error.RetryDelay!.Value);
        Assert.Equal(10, (await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { batch } }, cancellationToken: Cancel)).Accepted);
    }

    private static async Task<bool> StreamAsync(CdpClient client, Event one)
    {
        await using var call = client.Ingest.StreamEvents(cancellationToken: Cancel);
        await call.WriteAsync(new StreamEventsRequest { Sequence = 1, Events = { one } }, Cancel);
        await call.CompleteAsync();
        await foreach (var reply in call.ReadAllAsync(Cancel)) Assert.Fail($"It was taken in: {reply}");
        return true;
    }

    private static async Task<long> EndAsync(GatewayFixture server) =>
        (await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel)).Partitions.Sum(p => p.EndPosition);
}
