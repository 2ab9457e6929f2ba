using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>Keys that publish only events of their source, of some channels, of some types, at every way in.</summary>
public sealed class KeyScopeTests : IAsyncLifetime
{
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await GatewayFixture.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task What_a_key_may_not_publish_is_refused_event_by_event_by_each_way_in_and_kept()
    {
        using var shop = await ClientAsync(new CreateKeyRequest { Roles = { Role.Writer }, Source = "shop", SourceBound = true, AllowedChannels = { "web", "app" }, AllowedEventTypes = { "Seen", "identify" } });
        Event[] events =
        [
            Made("1", "Seen"),
            Made("2", "Seen", source: ""),
            Made("3", "Seen", source: "till"),
            Made("4", "Seen", channel: "store"),
            Made("5", "Seen", channel: ""),
            Made("6", "Bought"),
            Made("7", "", kind: EventKind.Identify),
            Made("8", "Bought", kind: EventKind.Page),
        ];
        (string Id, string Reason, string Field)[] refused =
            [("3", "SOURCE_FORBIDDEN", "source"), ("4", "CHANNEL_FORBIDDEN", "channel"), ("5", "CHANNEL_FORBIDDEN", "channel"), ("6", "TYPE_FORBIDDEN", "type"), ("8", "TYPE_FORBIDDEN", "type")];

        foreach (var publish in (Func<CdpClient, Event[], Task<PublishEventsResponse>>[])[PublishAsync, StreamAsync, ExchangeAsync])
        {
            var before = await DeadLettersAsync("");
            var response = await publish(shop, events);
            Assert.Equal(3, response.Accepted);
            Assert.Equal(refused, response.Refused.Select(r => (r.EventId, r.Reason, r.Field)));
            Assert.All(response.Refused, r => Assert.NotEmpty(r.Message));
            Assert.Equal(refused.Length, await DeadLettersAsync(response.Token) - before);
        }

        var listed = await _server.Client.Profiles.ListEventsAsync(
            new ListEventsRequest { Customer = GatewayFixture.Ref("user_id", "ann"), Purpose = "service" }, cancellationToken: Cancel);
        Assert.Equal(["1", "2", "7"], listed.Events.Select(e => e.Event.Id).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_act_of_consent_is_an_event_of_the_key_s_source_channels_and_types()
    {
        using var shop = await ClientAsync(new CreateKeyRequest { Roles = { Role.Writer }, Source = "shop", SourceBound = true, AllowedChannels = { "web" }, AllowedEventTypes = { "cdp.consent" } });
        using var other = await ClientAsync(new CreateKeyRequest { Roles = { Role.Writer }, AllowedEventTypes = { "Seen" } });

        Assert.NotEmpty((await shop.Consents.RecordConsentAsync(Consent("", "web"), cancellationToken: Cancel)).CustomerId);
        foreach (var (client, request, reason, field) in ((CdpClient, RecordConsentRequest, string, string)[])
            [(shop, Consent("till", "web"), "SOURCE_FORBIDDEN", "source"), (shop, Consent("", "store"), "CHANNEL_FORBIDDEN", "said_on"), (other, Consent("", "web"), "TYPE_FORBIDDEN", "type")])
        {
            var error = await Calls.RefusedAsync(client.Consents.RecordConsentAsync(request, cancellationToken: Cancel), Code.PermissionDenied, reason);
            Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        }

        static RecordConsentRequest Consent(string source, string saidOn) =>
            new() { Customer = GatewayFixture.Ref("user_id", "ann"), Acts = { new ConsentAct { Purpose = "marketing" } }, Source = source, SaidOn = saidOn };
    }

    [Fact]
    public async Task A_link_is_judged_by_its_type_alone()
    {
        using var bound = await ClientAsync(new CreateKeyRequest { Roles = { Role.Writer }, Source = "shop", SourceBound = true, AllowedChannels = { "web" } });
        using var typed = await ClientAsync(new CreateKeyRequest { Roles = { Role.Writer }, AllowedEventTypes = { "Seen" } });
        using var linking = await ClientAsync(new CreateKeyRequest { Roles = { Role.Writer }, AllowedEventTypes = { "cdp.identity.link" } });
        var link = new LinkIdentifiersRequest { Identifiers = { new Identifier { Namespace = "user_id", Value = "ann" }, new Identifier { Namespace = "email", Value = "ann@example.org" } } };

        Assert.NotEmpty((await bound.Identities.LinkIdentifiersAsync(link, cancellationToken: Cancel)).CustomerId);
        Assert.NotEmpty((await linking.Identities.LinkIdentifiersAsync(link, cancellationToken: Cancel)).CustomerId);
        await Calls.RefusedAsync(typed.Identities.LinkIdentifiersAsync(link, cancellationToken: Cancel), Code.PermissionDenied, "TYPE_FORBIDDEN");
    }

    [Fact]
    public async Task Limits_that_mean_nothing_are_refused()
    {
        (CreateKeyRequest Request, string Field)[] wrong =
        [
            (new() { Roles = { Role.Writer }, SourceBound = true }, "source"),
            (new() { Roles = { Role.Writer }, AllowedChannels = { "web", "" } }, "allowed_channels[1]"),
            (new() { Roles = { Role.Writer }, AllowedChannels = { new string('c', 65) } }, "allowed_channels[0]"),
            (new() { Roles = { Role.Writer }, AllowedEventTypes = { new string('t', 129) } }, "allowed_event_types[0]"),
            (new() { Roles = { Role.Writer }, AllowedEventTypes = { "a\nb" } }, "allowed_event_types[0]"),
            (new() { Roles = { Role.Writer, Role.Admin }, AllowedChannels = { "web" } }, "roles"),
            (new() { Roles = { Role.Reader }, RequestsPerSecond = -1 }, "requests_per_second"),
            (new() { Roles = { Role.Writer }, EventsPerSecond = 1_000_001 }, "events_per_second"),
        ];
        foreach (var (request, field) in wrong)
        {
            var error = await Calls.RefusedAsync(_server.Client.Admin.CreateKeyAsync(request, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
            Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        }

        var many = new CreateKeyRequest { Roles = { Role.Writer }, AllowedChannels = { Enumerable.Range(0, 100).Select(i => $"c{i}") } };
        Assert.Equal(100, (await _server.Client.Admin.CreateKeyAsync(many, cancellationToken: Cancel)).Key.AllowedChannels.Count);
        many.AllowedChannels.Add("more");
        await Calls.RefusedAsync(_server.Client.Admin.CreateKeyAsync(many, cancellationToken: Cancel), Code.ResourceExhausted, "TOO_MANY");
    }

    private static Event Made(string id, string type, string source = "shop", string channel = "web", EventKind kind = EventKind.Track)
    {
        var made = GatewayFixture.Event(id, type, ("user_id", "ann"));
        (made.Source, made.Channel, made.Kind) = (source, channel, kind);
        return made;
    }

    private static Task<PublishEventsResponse> PublishAsync(CdpClient client, Event[] events) =>
        client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, cancellationToken: Cancel);

    private static async Task<PublishEventsResponse> ExchangeAsync(CdpClient client, Event[] events) =>
        (await client.Interactions.ExchangeAsync(new ExchangeRequest { Events = { events } }, cancellationToken: Cancel)).Published;

    private static async Task<PublishEventsResponse> StreamAsync(CdpClient client, Event[] events)
    {
        await using var call = client.Ingest.StreamEvents(cancellationToken: Cancel);
        await call.WriteAsync(new StreamEventsRequest { Sequence = 1, Events = { events } }, Cancel);
        await call.CompleteAsync();
        var replies = new List<StreamEventsResponse>();
        await foreach (var reply in call.ReadAllAsync(Cancel)) replies.Add(reply);
        return Assert.Single(replies).Result;
    }

    private async Task<CdpClient> ClientAsync(CreateKeyRequest request) => _server.ClientWith((await _server.Client.Admin.CreateKeyAsync(request, cancellationToken: Cancel)).Secret);

    /// <summary>Records at the ends of the logs that are no event of the customer: what was refused.</summary>
    private async Task<long> DeadLettersAsync(string token)
    {
        if (token.Length > 0) await ReadTokens.WaitAsync(new GatewayPorts(_server.Host.Grains, _server.Host.Log, _server.Host.Definitions, TimeProvider.System, Cdp.Grains.Ports.NoStepObserver.Instance), token, Cancel);
        return (await _server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel)).Partitions.Sum(p => p.DeadLetters);
    }
}
