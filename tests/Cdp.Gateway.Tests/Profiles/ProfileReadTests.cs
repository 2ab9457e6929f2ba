using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Profiles;

/// <summary>Reading customers: purposes, policies, tokens, pages.</summary>
public sealed class ProfileReadTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_read_names_a_declared_purpose_or_its_key_does()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        var read = new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "u1"), AfterToken = token };
        using var without = await server.ClientOfAsync(Role.Reader, purpose: "");
        using var with = await server.ClientOfAsync(Role.Reader, purpose: "analytics");

        var missing = await Calls.RefusedAsync(without.Profiles.GetProfileAsync(read, cancellationToken: Cancel), Code.InvalidArgument, "PURPOSE_MISSING");
        Assert.Contains("service", missing.Message, StringComparison.Ordinal);
        Assert.NotNull((await with.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile);

        read.Purpose = "mischief";
        var undeclared = await Calls.RefusedAsync(with.Profiles.GetProfileAsync(read, cancellationToken: Cancel), Code.InvalidArgument, "PURPOSE_UNDECLARED");
        foreach (var declared in (string[])["analytics", "marketing", "service"]) Assert.Contains(declared, undeclared.Message, StringComparison.Ordinal);
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "mischief" } }, cancellationToken: Cancel);
        Assert.NotNull((await with.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile);
    }

    [Fact]
    public async Task A_field_is_shown_to_its_purposes_and_named_as_withheld_to_others()
    {
        await using var server = await GatewayFixture.StartAsync();
        var seen = GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1"), ("email", "ann@example.com"));
        seen.Traits = new TraitChanges { Set = { ["plan"] = new Value { StringValue = "gold" }, ["salary"] = new Value { IntValue = 5 } } };
        var token = await server.PublishAsync(seen);
        foreach (var field in (string[])["traits.salary", "identifiers.email", "recent_events"])
            await server.Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = field, Purposes = { "service" } } }, cancellationToken: Cancel);
        var read = new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "u1"), AfterToken = token, Fields = { "traits.*", "identifiers.*", "recent_events" } };

        read.Purpose = "service";
        var service = (await server.Client.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile;
        Assert.Empty(service.Withheld);
        Assert.Equal(["plan", "salary"], service.Traits.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["email", "user_id"], service.Identifiers.Select(i => i.Identifier.Namespace).Order(StringComparer.Ordinal));

        read.Purpose = "marketing";
        var marketing = (await server.Client.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile;
        Assert.Equal(["plan"], marketing.Traits.Select(t => t.Name));
        Assert.Equal(["user_id"], marketing.Identifiers.Select(i => i.Identifier.Namespace));
        Assert.Empty(marketing.RecentEvents);
        Assert.Equal(["identifiers.email", "recent_events", "traits.salary"], marketing.Withheld.Select(w => w.Field).Order(StringComparer.Ordinal));
        Assert.All(marketing.Withheld, w => Assert.Equal("PURPOSE", w.Reason));

        await Calls.RefusedAsync(
            server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = read.Customer, Purpose = "marketing" }, cancellationToken: Cancel), Code.PermissionDenied, "FIELD_WITHHELD");
        read.Fields.Add("secrets");
        var unknown = await Calls.RefusedAsync(server.Client.Profiles.GetProfileAsync(read, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_UNKNOWN");
        Assert.Equal("fields[3]", Assert.Single(unknown.FieldViolations).Field);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_read_before_a_change_is_not_read_after_it(bool checkMessages)
    {
        var time = new Composed.SettableTime { Now = DateTimeOffset.UnixEpoch.AddDays(20_000) };
        await using var server = await GatewayFixture.StartAsync(checkMessages, time);
        var order = GatewayFixture.Event("1", "Order Completed", ("user_id", "u1"));
        order.Properties["category"] = new Value { StringValue = "ovens" };
        order.Traits = new TraitChanges { Set = { ["plan"] = new Value { StringValue = "gold" } } };
        var token = await server.PublishAsync(order);
        var before = await server.ProfileAsync("user_id", "u1", token);
        Assert.Equal(before, await server.ProfileAsync("user_id", "u1", token));
        var interest = Assert.Single((await server.ProfileAsync("user_id", "u1", token, "interests")).Interests);

        time.Now += TimeSpan.FromDays(30);
        var decayed = Assert.Single((await server.ProfileAsync("user_id", "u1", token, "interests")).Interests);
        Assert.Equal(interest.Score / 2, decayed.Score, 1e-9);

        order.Id = "2";
        order.Traits.Set["plan"].StringValue = "blue";
        token = await server.PublishAsync(order);
        var after = await server.ProfileAsync("user_id", "u1", token);
        Assert.Equal((before.Version + 1, 2, "blue"), (after.Version, after.Activity.EventCount, Assert.Single(after.Traits).Value.StringValue));

        await server.Client.Admin.PutFieldPolicyAsync(
            new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = "traits.plan", Purposes = { "marketing" } } }, cancellationToken: Cancel);
        var withheld = await server.ProfileAsync("user_id", "u1", token);
        Assert.Empty(withheld.Traits);
        Assert.Equal("traits.plan", Assert.Single(withheld.Withheld).Field);
    }

    [Fact]
    public async Task A_profile_of_any_size_is_read_again_as_it_was()
    {
        await using var server = await GatewayFixture.StartAsync();
        var seen = GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1"));
        seen.Traits = new TraitChanges { Set = { ["essay"] = new Value { StringValue = new string('x', 4_000) } } };
        var token = await server.PublishAsync(seen);

        var first = await server.ProfileAsync("user_id", "u1", token);

        Assert.Equal(4_000, Assert.Single(first.Traits).Value.StringValue.Length);
        Assert.Equal(first, await server.ProfileAsync("user_id", "u1", token));
    }

    [Fact]
    public async Task Paging_through_250_events_yields_each_once_newest_first()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        var events = Enumerable.Range(0, 250).Select(i =>
        {
            var made = GatewayFixture.Event($"e{i}", "Product Viewed", ("user_id", "u1"));

            // Out of order, and up to five at one moment.
            made.OccurredAt = new Timestamp { UnixMicros = 1_700_000_000_000_000 + (i * 7919 % 250 / 5 * 1_000_000L) };
            return made;
        }).ToArray();
        await server.ProfileAsync("user_id", "u1", await server.PublishAsync(events));
        var read = new ListEventsRequest { Customer = GatewayFixture.Ref("user_id", "u1"), PageSize = 60 };
        var seen = new List<CustomerEvent>();
        var sizes = new List<int>();
        do
        {
            var page = await server.Client.Profiles.ListEventsAsync(read, cancellationToken: Cancel);
            seen.AddRange(page.Events);
            sizes.Add(page.Events.Count);
            read.PageToken = page.NextPageToken;

            // What arrives meanwhile moves no page: it is newer than all of them.
            if (sizes.Count == 2)
                await server.ProfileAsync("user_id", "u1", await server.PublishAsync(GatewayFixture.Event("late", "Product Viewed", ("user_id", "u1"))));
        }
        while (read.PageToken.Length > 0);

        Assert.Equal([60, 60, 60, 60, 10], sizes);
        Assert.Equal(events.Select(e => e.Id).Order(StringComparer.Ordinal), seen.Select(e => e.Event.Id).Order(StringComparer.Ordinal));
        Assert.Equal(seen.Select(e => e.EffectiveAt.UnixMicros).OrderDescending(), seen.Select(e => e.EffectiveAt.UnixMicros));
    }

    [Theory]
    [InlineData(-1, "", "PAGE_SIZE_INVALID")]
    [InlineData(1_001, "", "PAGE_SIZE_INVALID")]
    [InlineData(0, "x", "PAGE_TOKEN_MALFORMED")]
    [InlineData(0, "!!", "PAGE_TOKEN_MALFORMED")]
    public async Task A_wrong_page_is_refused(int size, string token, string reason)
    {
        await using var server = await GatewayFixture.StartAsync();
        var customer = GatewayFixture.Ref("user_id", "u1");
        await Calls.RefusedAsync(
            server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = customer, PageSize = size, PageToken = token }, cancellationToken: Cancel), Code.InvalidArgument, reason);
        await Calls.RefusedAsync(
            server.Client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = customer, PageSize = size, PageToken = token }, cancellationToken: Cancel), Code.InvalidArgument, reason);
    }

    [Fact]
    public async Task A_batch_holds_the_bytes_of_single_reads_whatever_their_length()
    {
        await using var server = await GatewayFixture.StartAsync(time: new Composed.SettableTime { Now = DateTimeOffset.UnixEpoch.AddDays(20_000) });
        int[] lengths = [0, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 300, 8_000];
        var events = lengths.Select((length, i) => GatewayFixture.Event($"{i}", "Product Viewed", ("user_id", $"u{i}"))).ToArray();
        for (var i = 0; i < events.Length; i++)
        {
            events[i].Traits = new TraitChanges();
            for (var trait = 0; trait < (lengths[i] == 8_000 ? 3 : 1); trait++) events[i].Traits.Set[$"t{trait}"] = new Value { StringValue = new string('x', lengths[i]) };
        }

        var batch = new BatchGetProfilesRequest { AfterToken = await server.PublishAsync(events), Purpose = "service", Fields = { "traits.*", "identifiers.*" } };
        batch.Customers.AddRange(Enumerable.Range(0, lengths.Length + 1).Select(i => GatewayFixture.Ref("user_id", $"u{i}")));

        var results = (await server.Client.Profiles.BatchGetProfilesAsync(batch, cancellationToken: Cancel)).Results;

        for (var i = 0; i < lengths.Length; i++)
            Assert.Equal(await server.ProfileAsync("user_id", $"u{i}", "", "traits.*", "identifiers.*"), results[i].Profile);
        Assert.Equal("CUSTOMER_NOT_FOUND", results[^1].ErrorReason);

        // Lengths that take one, two and three bytes to say.
        Assert.Equal([1, 2, 3], results.SkipLast(1).Select(r => CodedOutputStream.ComputeLengthSize(r.Profile.CalculateSize())).Distinct());
    }

    [Fact]
    public async Task In_a_batch_each_customer_has_its_own_answer()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        var read = new BatchGetProfilesRequest { AfterToken = token };
        read.Customers.AddRange(
        [
            GatewayFixture.Ref("user_id", "u1"), GatewayFixture.Ref("user_id", "nobody"), new CustomerRef(), new CustomerRef { CustomerId = "a/b" },
            GatewayFixture.Ref("email", "no address"), GatewayFixture.Ref("user_id", "null"), GatewayFixture.Ref("user_id", "u1"),
        ]);

        var results = (await server.Client.Profiles.BatchGetProfilesAsync(read, cancellationToken: Cancel)).Results;

        Assert.Equal(["", "CUSTOMER_NOT_FOUND", "CUSTOMER_MISSING", "CUSTOMER_ID_INVALID", "EMAIL_INVALID", "IDENTIFIERS_BLOCKED", ""], results.Select(r => r.ErrorReason));
        Assert.Equal(results[0].Profile, results[6].Profile);

        read.Customers.Clear();
        await Calls.RefusedAsync(server.Client.Profiles.BatchGetProfilesAsync(read, cancellationToken: Cancel), Code.InvalidArgument, "TOO_MANY_CUSTOMERS");
        read.Customers.AddRange(Enumerable.Repeat(GatewayFixture.Ref("user_id", "u1"), 101));
        await Calls.RefusedAsync(server.Client.Profiles.BatchGetProfilesAsync(read, cancellationToken: Cancel), Code.InvalidArgument, "TOO_MANY_CUSTOMERS");
    }
}
