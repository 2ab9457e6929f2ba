using Cdp.Client;
using Cdp.Gateway.Tests.Segments;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>Invariant 12: who reads with the token of a write sees it, merges included, and holds nobody up by waiting.</summary>
public sealed class ReadYourWritesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_read_with_a_token_waits_for_the_writer_s_events()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        var hold = server.History.HoldNext(slow);
        var token = await server.SeeAsync("slow");
        await hold.Reached;

        var read = server.Server.ProfileAsync("user_id", "slow", token);

        // Another read comes and goes meanwhile.
        Assert.Equal(1, await server.VisibleAsync("slow"));
        Assert.False(read.IsCompleted);
        hold.Release();
        Assert.Equal(2, (await read).Activity.EventCount);
    }

    [Fact]
    public async Task Every_kind_of_read_waits()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        await server.Server.PutAsync("twice", "events.count == 2");
        var hold = server.History.HoldNext(slow);
        var made = server.Seen("slow");
        made.Identifiers.Add(new Identifier { Namespace = "device", Value = "new" });
        var token = await server.Server.PublishAsync(made);
        await hold.Reached;
        var (client, device) = (server.Server.Client, GatewayFixture.Ref("device", "new"));

        var batch = client.Profiles.BatchGetProfilesAsync(new BatchGetProfilesRequest { Customers = { device }, AfterToken = token }, cancellationToken: Cancel);
        var events = client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = device, AfterToken = token }, cancellationToken: Cancel);
        var resolved = client.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest { Identifier = device.Identifier, AfterToken = token }, cancellationToken: Cancel);
        var described = client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = device, Purpose = "service", AfterToken = token }, cancellationToken: Cancel);
        var memberships = server.Server.MembershipsAsync(device, token);
        var explained = server.Server.ExplainAsync("twice", device, token);
        var members = server.Server.MembersAsync("twice", token);
        var counted = server.Server.CountAsync("twice", token);
        Assert.Equal(1, await server.VisibleAsync("slow"));
        Assert.DoesNotContain([batch, events, resolved, described, memberships, explained, members, counted], (Task read) => read.IsCompleted);
        hold.Release();

        Assert.Equal(2, Assert.Single((await batch).Results).Profile.Activity.EventCount);
        Assert.Equal(2, (await events).Events.Count);
        Assert.Equal(slow, $"default/{(await resolved).CustomerId}");
        Assert.Contains((await described).Facts, f => f.Linked is not null);
        Assert.Equal("twice", Assert.Single((await memberships).Memberships).Segment);
        Assert.True((await explained).Member);
        Assert.Equal(slow, $"default/{Assert.Single((await members).CustomerIds)}");
        Assert.Equal(1, (await counted).Members);
    }

    /// <summary>As after a network was cut: an activation of the customer knows less than its history, and nobody told it.</summary>
    [Theory]
    [InlineData("profile")]
    [InlineData("batch")]
    [InlineData("events")]
    [InlineData("memberships")]
    [InlineData("explanation")]
    public async Task Every_kind_of_read_sees_what_another_activation_applied(string read)
    {
        await using var server = await HeldServer.StartAsync();
        var (slow, other) = (await server.MeetAsync("slow"), await server.MeetAsync("other"));
        await server.Server.PutAsync("twice", "events.count == 2");
        var token = await server.SeeAsync("other");
        Assert.Equal(2, (await server.Server.ProfileAsync("user_id", "other", token)).Activity.EventCount);
        Assert.Equal(1, await server.VisibleAsync("slow"));
        var (client, customer) = (server.Server.Client, GatewayFixture.Ref("user_id", "slow"));
        var slice = (await server.History.ReadAsync(other, 2, 1, Cancel))[0];
        Assert.True(await server.History.AppendAsync(slow, 2, slice.Count, slice.Bytes, Cancel));
        Assert.Equal(1, await server.VisibleAsync("slow"));

        Assert.Equal(2, read switch
        {
            "profile" => (await server.Server.ProfileAsync("user_id", "slow", token)).Activity.EventCount,
            "batch" => Assert.Single((await client.Profiles.BatchGetProfilesAsync(new BatchGetProfilesRequest { Customers = { customer }, AfterToken = token }, cancellationToken: Cancel)).Results).Profile.Activity.EventCount,
            "events" => (await client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = customer, AfterToken = token }, cancellationToken: Cancel)).Events.Count,
            "memberships" => (await server.Server.MembershipsAsync(customer, token)).Memberships.Count + 1,
            _ => (await server.Server.ExplainAsync("twice", customer, token)).Member ? 2 : 1,
        });
    }

    [Fact]
    public async Task Members_are_read_with_a_token_once_their_shard_has_heard_of_them()
    {
        await using var server = await HeldServer.StartAsync();
        await server.Server.PutAsync("met", "events.count >= 1");
        Assert.Equal(1, (await server.Server.CountAsync("met", await server.SeeAsync("first"))).Members);
        var hold = server.History.HoldNext($"{SegmentGrain.JournalPrefix("default")}0/0");
        var token = await server.SeeAsync("second");
        await hold.Reached;

        var counted = server.Server.CountAsync("met", token);
        var members = server.Server.MembersAsync("met", token);

        // The customer itself knows, and who reads without a token waits for nothing.
        Assert.Equal("met", Assert.Single((await server.Server.MembershipsAsync(GatewayFixture.Ref("user_id", "second"), token)).Memberships).Segment);
        Assert.Equal(1, (await server.Server.CountAsync("met")).Members);
        Assert.DoesNotContain([counted, members], (Task read) => read.IsCompleted);
        hold.Release();

        Assert.Equal(2, (await counted).Members);
        Assert.Equal(2, (await members).CustomerIds.Count);
    }

    [Fact]
    public async Task A_merge_is_seen_by_whoever_reads_with_the_token_of_the_event_that_showed_it()
    {
        await using var server = await HeldServer.StartAsync(partitions: 4);
        var winner = await server.MeetAsync("older");
        var token = await server.Server.PublishAsync(GatewayFixture.Event("phone", "Product Viewed", ("device", "phone")));
        await server.Server.ProfileAsync("device", "phone", token);
        var hold = server.History.HoldNext(winner);
        var login = server.Seen("older");
        login.Identifiers.Add(new Identifier { Namespace = "device", Value = "phone" });
        token = await server.Server.PublishAsync(login);
        await hold.Reached;

        var byUser = server.Server.ProfileAsync("user_id", "older", token);
        var byDevice = server.Server.ProfileAsync("device", "phone", token);
        Assert.Equal(1, await server.VisibleAsync("older"));
        Assert.False(byUser.IsCompleted || byDevice.IsCompleted);
        hold.Release();

        foreach (var profile in await Task.WhenAll(byUser, byDevice))
            Assert.Equal((winner, 3), ($"default/{profile.CustomerId}", profile.Activity.EventCount));
    }

    [Fact]
    public async Task Readers_that_wait_do_not_stop_the_feed()
    {
        await using var server = await HeldServer.StartAsync();
        var slow = await server.MeetAsync("slow");
        var other = await server.MeetAsync("other");
        var hold = server.History.HoldNext(slow);
        var token = await server.SeeAsync("slow");
        await hold.Reached;
        var waiting = Enumerable.Range(0, 50).Select(_ => server.Server.ProfileAsync("user_id", "slow", token)).ToList();
        Assert.Equal(1, await server.VisibleAsync("slow"));

        await server.SeeAsync("other");
        await server.History.ReachesAsync(other, 3);

        Assert.DoesNotContain(waiting, read => read.IsCompleted);
        hold.Release();
        Assert.All(await Task.WhenAll(waiting), profile => Assert.Equal(2, profile.Activity.EventCount));
    }

    [Fact]
    public async Task A_reader_waits_no_longer_than_its_deadline()
    {
        await using var server = await HeldServer.StartAsync();
        var hold = server.History.HoldNext(await server.MeetAsync("slow"));
        var token = await server.SeeAsync("slow");
        await hold.Reached;

        var impatient = new CallOptions { Timeout = TimeSpan.FromMilliseconds(50) };
        var request = new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "slow"), AfterToken = token };
        var error = await Assert.ThrowsAsync<CallException>(() => server.Server.Client.Profiles.GetProfileAsync(request, impatient, Cancel));

        Assert.Equal(Code.DeadlineExceeded, error.StatusCode);
        hold.Release();
        Assert.Equal(2, (await server.Server.ProfileAsync("user_id", "slow", token)).Activity.EventCount);
    }

    [Fact]
    public async Task A_token_holds_across_a_restart_and_names_every_partition_of_its_batch()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync([.. Enumerable.Range(0, 100).Select(i => GatewayFixture.Event($"{i}", "Product Viewed", ("user_id", $"u{i}")))]);
        for (var i = 0; i < 100; i++) Assert.Equal(1, (await server.ProfileAsync("user_id", $"u{i}", token)).Activity.EventCount);
        await server.RestartAsync();
        for (var i = 0; i < 100; i++) Assert.Equal(1, (await server.ProfileAsync("user_id", $"u{i}", token)).Activity.EventCount);
    }

    [Fact]
    public async Task Tokens_of_another_log_and_of_nothing_are_refused()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        Task<GetProfileResponse> ReadAsync(string after) => server.Client.Profiles.GetProfileAsync(
            new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "u1"), AfterToken = after }, cancellationToken: Cancel);

        var epoch = (await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel)).LogEpoch;
        await Calls.RefusedAsync(ReadAsync(ReadTokens.Encode(new ReadToken { LogEpoch = epoch + "2" })), Code.FailedPrecondition, "TOKEN_OF_ANOTHER_LOG");
        await Calls.RefusedAsync(ReadAsync("what?"), Code.InvalidArgument, "TOKEN_MALFORMED");
        await Calls.RefusedAsync(ReadAsync("AAAA"), Code.InvalidArgument, "TOKEN_MALFORMED");
        foreach (var mark in (PartitionMark[])[new() { Partition = 4, End = 0 }, new() { Partition = -1, End = 0 }, new() { Partition = 0, End = 1_000 }])
            await Calls.RefusedAsync(ReadAsync(ReadTokens.Encode(new ReadToken { LogEpoch = epoch, Marks = { mark } })), Code.InvalidArgument, "TOKEN_MALFORMED");
        Assert.NotNull((await ReadAsync(token)).Profile);
    }
}
