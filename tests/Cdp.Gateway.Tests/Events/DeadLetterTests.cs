using Cdp.Domain.Events;
using Cdp.Gateway.Tests.Decisions;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;
using DeadLetter = Cdp.V1.DeadLetter;

namespace Cdp.Gateway.Tests.Events;

/// <summary>Events that count for nobody are listed, repaired and taken in at last.</summary>
public sealed class DeadLetterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_refused_is_listed_page_by_page_with_its_reason_and_its_content()
    {
        await using var server = await GatewayFixture.StartAsync();
        await RefuseAsync(server, 30);
        var letters = await AllAsync(server, new ListDeadLettersRequest { PageSize = 7 });
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"bad-{i}").Order(StringComparer.Ordinal), letters.Select(letter => letter.EventId).Order(StringComparer.Ordinal));
        Assert.All(letters, letter => Assert.Equal(("CHANNEL_TOO_LONG", "channel", "tests", "Login", "operator"), (letter.Reason, letter.Field, letter.Source, letter.Type, letter.KeyId)));
        Assert.All(letters, letter => Assert.True(letter is { Event: null, Raw.IsEmpty: true, ContentGone: false, RetriedAt: null }));

        Assert.All(await AllAsync(server, new ListDeadLettersRequest { WithContent = true }), letter => Assert.Equal(letter.EventId, letter.Event.Id));
        Assert.Equal(30, (await AllAsync(server, new ListDeadLettersRequest { Reason = "CHANNEL_TOO_LONG", Source = "tests", PageSize = 1_000 })).Count);
        Assert.Empty(await AllAsync(server, new ListDeadLettersRequest { Reason = "ID_MISSING" }));
        Assert.Empty(await AllAsync(server, new ListDeadLettersRequest { Source = "others" }));

        // Bytes that are no event are told as they came.
        await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { new Event { Channel = "x" } } }, cancellationToken: Cancel);
        await server.AllLearnedAsync();
        Assert.Equal("x", Assert.Single(await AllAsync(server, new ListDeadLettersRequest { Reason = "ID_MISSING", WithContent = true })).Channel);
    }

    [Fact]
    public async Task Retried_as_it_was_it_is_refused_again_until_what_refused_it_is_changed()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "default", CountryCode = "DE" } }, cancellationToken: Cancel);
        await server.Client.Identities.PutNamespaceAsync(new PutNamespaceRequest { Namespace = new Namespace { Name = "card", Kind = NamespaceKind.Person, Normalization = Normalization.Email } }, cancellationToken: Cancel);
        var sent = await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { GatewayFixture.Event("1", "Login", ("card", "4711")) } }, cancellationToken: Cancel);
        Assert.Single(sent.Refused);
        await server.AllLearnedAsync();
        var letter = Assert.Single(await AllAsync(server, new ListDeadLettersRequest()));

        var refused = Assert.Single((await RetryAsync(server, new DeadLetterRetry { Id = letter.Id })).Results);
        Assert.Equal((false, letter.Reason, letter.Field), (refused.Accepted, refused.Refused.Reason, refused.Refused.Field));
        await server.AllLearnedAsync();
        Assert.Single(await AllAsync(server, new ListDeadLettersRequest()));

        await server.Client.Identities.PutNamespaceAsync(new PutNamespaceRequest { Namespace = new Namespace { Name = "card", Kind = NamespaceKind.Person, Normalization = Normalization.Trim } }, cancellationToken: Cancel);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            var accepted = await RetryAsync(server, new DeadLetterRetry { Id = letter.Id });
            Assert.Equal((true, "1", null), (accepted.Results[0].Accepted, accepted.Results[0].EventId, accepted.Results[0].Refused));
            Assert.Equal(1, (await server.ProfileAsync("card", "4711", accepted.Token)).Activity.EventCount);
        }

        Assert.Empty(await AllAsync(server, new ListDeadLettersRequest()));
        Assert.NotNull(Assert.Single(await AllAsync(server, new ListDeadLettersRequest { WithRetried = true })).RetriedAt);
        var trace = await server.Client.Events.TraceEventAsync(new TraceEventRequest { EventId = "1", Source = "tests" }, cancellationToken: Cancel);
        Assert.Equal(EventState.Applied, trace.State);
    }

    [Fact]
    public async Task Repaired_it_counts_and_one_that_is_still_wrong_stays()
    {
        await using var server = await GatewayFixture.StartAsync();
        await RefuseAsync(server, 2);
        var letters = await AllAsync(server, new ListDeadLettersRequest { WithContent = true });
        var repaired = letters[0].Event.Clone();
        repaired.Channel = "web";
        var response = await RetryAsync(server, new DeadLetterRetry { Id = letters[0].Id, Repaired = repaired }, new DeadLetterRetry { Id = letters[1].Id, Repaired = letters[1].Event });
        Assert.Equal([true, false], response.Results.Select(result => result.Accepted));
        Assert.Equal("CHANNEL_TOO_LONG", response.Results[1].Refused.Reason);
        Assert.Equal(1, (await server.ProfileAsync("user_id", "ann", response.Token)).Activity.EventCount);
        Assert.Equal([letters[1].EventId], (await AllAsync(server, new ListDeadLettersRequest())).Select(letter => letter.EventId));
    }

    [Fact]
    public async Task Many_are_taken_in_by_one_call_whose_token_waits_for_all_of_them()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        await RefuseAsync(server, 300);
        var letters = await AllAsync(server, new ListDeadLettersRequest { WithContent = true, PageSize = 1_000 });
        foreach (var letter in letters) letter.Event.Channel = "web";
        var response = await RetryAsync(server, [.. letters.Select(letter => new DeadLetterRetry { Id = letter.Id, Repaired = letter.Event })]);
        Assert.All(response.Results, result => Assert.True(result.Accepted));
        Assert.Equal(letters.Select(letter => letter.Id), response.Results.Select(result => result.Id));
        Assert.Equal(300, (await server.ProfileAsync("user_id", "ann", response.Token)).Activity.EventCount);
        Assert.Empty(await AllAsync(server, new ListDeadLettersRequest()));
    }

    [Fact]
    public async Task The_source_of_the_key_that_sent_it_stays_the_source()
    {
        await using var server = await GatewayFixture.StartAsync();
        using var shop = server.ClientWith((await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Writer }, Source = "shop-7" }, cancellationToken: Cancel)).Secret);
        var nameless = GatewayFixture.Event("1", "Login", ("user_id", "ann"));
        (nameless.Source, nameless.Channel) = ("", new string('c', 65));
        await shop.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { nameless } }, cancellationToken: Cancel);
        await server.AllLearnedAsync();
        var letter = Assert.Single(await AllAsync(server, new ListDeadLettersRequest { WithContent = true }));
        nameless.Channel = "web";
        var response = await RetryAsync(server, new DeadLetterRetry { Id = letter.Id, Repaired = nameless });
        await server.ProfileAsync("user_id", "ann", response.Token);
        Assert.Equal(EventState.Applied, (await server.Client.Events.TraceEventAsync(new TraceEventRequest { EventId = "1", Source = "shop-7" }, cancellationToken: Cancel)).State);
    }

    [Fact]
    public async Task One_on_which_the_fold_fails_is_taken_in_repaired_once_however_often_it_is_retried()
    {
        await using var held = await Invariants.HeldServer.StartAsync();
        var server = held.Server;
        await held.MeetAsync("u1");
        var first = (await server.Stores.Log.ReadAsync(0, 0, 1, Cancel))[0].Record;
        var bad = LoggedEvent.Parser.ParseFrom(first.Payload.Span);
        var id = EventHash.IdOf("tests", "bad");
        (bad.IdHashHigh, bad.IdHashLow, bad.Event) = ((ulong)(id >> 64), (ulong)id, ByteString.CopyFrom(0x0F, 0xFF));
        await server.Host.Log.AppendAsync(0, [new AppendedEvent(first with { Payload = bad.ToByteArray() }, bad)], Cancel);
        await server.AllLearnedAsync();
        var letter = Assert.Single(await AllAsync(server, new ListDeadLettersRequest { WithContent = true }));
        Assert.Equal(("FOLD_FAILED", true, "tests"), (letter.Reason, letter.Event is null && !letter.Raw.IsEmpty, letter.Source));

        Assert.False(Assert.Single((await RetryAsync(server, new DeadLetterRetry { Id = letter.Id })).Results).Accepted);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var response = await RetryAsync(server, new DeadLetterRetry { Id = letter.Id, Repaired = GatewayFixture.Event("bad", "Login", ("user_id", "u1")) });
            Assert.Equal((true, "bad~0-1"), (response.Results[0].Accepted, response.Results[0].EventId));
            await server.ProfileAsync("user_id", "u1", response.Token);
        }

        Assert.Equal(2, await held.VisibleAsync("u1"));
        Assert.Empty(await AllAsync(server, new ListDeadLettersRequest()));
    }

    [Fact]
    public async Task What_was_erased_can_no_longer_be_retried()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(GatewayFixture.Event("ok", "Login", ("user_id", "ann")));
        await RefuseAsync(server, 1);
        var letter = Assert.Single(await AllAsync(server, new ListDeadLettersRequest()));
        await server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("user_id", "ann") }, cancellationToken: Cancel);
        var gone = Assert.Single(await AllAsync(server, new ListDeadLettersRequest { WithContent = true }));
        Assert.True(gone is { ContentGone: true, EventId: "", Event: null, Raw.IsEmpty: true });
        Assert.Equal("DEAD_LETTER_CONTENT_GONE", Assert.Single((await RetryAsync(server, new DeadLetterRetry { Id = letter.Id })).Results).Refused.Reason);
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await Calls.RefusedAsync(RetryAsync(server), Code.InvalidArgument, "RETRIES_COUNT");
        foreach (var id in (string[])["", "x", "1", "1-", "-1", "1-x", "99999999999-1"])
            await Calls.RefusedAsync(RetryAsync(server, new DeadLetterRetry { Id = id }), Code.InvalidArgument, "DEAD_LETTER_ID_INVALID");
        foreach (var id in (string[])["0-0", "3-99", "77-0"])
            Assert.Equal("DEAD_LETTER_UNKNOWN", Assert.Single((await RetryAsync(server, new DeadLetterRetry { Id = id })).Results).Refused.Reason);
        await Calls.RefusedAsync(server.Client.Events.ListDeadLettersAsync(new ListDeadLettersRequest { PageToken = "?" }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_TOKEN_MALFORMED");
        await Calls.RefusedAsync(server.Client.Events.ListDeadLettersAsync(new ListDeadLettersRequest { PageSize = 1_001 }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_SIZE_INVALID");
        using var reader = await server.ClientOfAsync(Role.Reader);
        await Calls.RefusedAsync(reader.Events.ListDeadLettersAsync(new ListDeadLettersRequest(), cancellationToken: Cancel), Code.PermissionDenied, "ROLE_MISSING");
    }

    private static async Task RefuseAsync(GatewayFixture server, int count)
    {
        var request = new PublishEventsRequest();
        for (var i = 0; i < count; i++)
        {
            var wrong = GatewayFixture.Event($"bad-{i}", "Login", ("user_id", "ann"));
            wrong.Channel = new string('c', 65);
            request.Events.Add(wrong);
        }

        Assert.Equal(count, (await server.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel)).Refused.Count);
        await server.AllLearnedAsync();
    }

    private static async Task<List<DeadLetter>> AllAsync(GatewayFixture server, ListDeadLettersRequest request)
    {
        var all = new List<DeadLetter>();
        do
        {
            var page = await server.Client.Events.ListDeadLettersAsync(request, cancellationToken: Cancel);
            all.AddRange(page.DeadLetters);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return all;
    }

    private static async Task<RetryDeadLettersResponse> RetryAsync(GatewayFixture server, params DeadLetterRetry[] retries) =>
        await server.Client.Events.RetryDeadLettersAsync(new RetryDeadLettersRequest { Retries = { retries } }, cancellationToken: Cancel);
}
