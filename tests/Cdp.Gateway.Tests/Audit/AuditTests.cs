using System.Globalization;
using Cdp.Domain.Audit;
using Cdp.Gateway.Tests.Fuzz;
using Cdp.Gateway.Tests.Keys;
using Cdp.Grains.Audit;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Audit;

/// <summary>Who changes something and who reads somebody is written down, and nobody changes what is written.</summary>
public sealed class AuditTests
{
    /// <summary>Methods that tell nothing of a person and change nothing but by events, which are a record of their own.</summary>
    private static readonly HashSet<string> Unwritten = new(StringComparer.Ordinal)
    {
        // What comes in stands in the log, with its key.
        "Ingest/PublishEvents", "Ingest/StreamEvents", "Identities/LinkIdentifiers", "Consents/RecordConsent", "Decisions/RecordOutcomes",

        // A decision stands in its customer's history, with what it read.
        "Decisions/Decide",

        // Definitions, counts and states of the server.
        "Identities/ListNamespaces", "Events/ListSchemaViolations", "Segments/GetSegment", "Segments/ListSegments", "Segments/CountMembers", "Decisions/GetAction", "Decisions/ListActions",
        "Decisions/GetPlacement", "Decisions/ListPlacements", "Admin/GetTenant", "Admin/ListTenants", "Admin/ListKeys", "Admin/ListEventTypes", "Admin/ListPurposes", "Admin/ListFieldPolicies",
        "Admin/ListPartitions", "Privacy/GetErasureReceipt", "Operations/ListBackups", "Operations/CheckUp",

        // These attempts only validate.
        "Segments/PutSegment", "Decisions/PutAction", "Decisions/PutPlacement",
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_method_is_written_down_or_stands_in_the_list_of_those_that_need_not()
    {
        await using var server = await GatewayFixture.StartAsync();
        using var victim = await Victim.MakeAsync(server);
        using var calls = new RawCalls(server.Url);
        foreach (var attempt in Attempts.All.OrderBy(attempt => attempt.Destroys))
        {
            // The operator's work on the whole stands in the log of its own tenant.
            var (client, secret) = attempt.IsOperators ? (server.Client, GatewayFixture.OperatorKey) : (victim.Client, victim.Secrets[Role.Admin]);
            var before = (await AllAsync(client)).Count;

            // An exchange reads where it is asked for a profile.
            var request = attempt.Requests(victim)[attempt.Method == "Interactions/Exchange" ? 1 : 0];
            var reply = await calls.SendAsync($"/cdp.v1.{attempt.Method}", RawCalls.Frame(request.ToByteArray()), $"Bearer {secret}", Cancel, attempt.Timeout);
            Assert.True(reply.Code == Code.Ok || attempt.Timeout != "60S", $"{attempt.Method}: {reply}");
            var written = (await AllAsync(client)).Skip(before).Any(record => record.Method == attempt.Method);
            Assert.True(written != Unwritten.Contains(attempt.Method), $"{attempt.Method} is {(written ? "written down, and in the list of those that need not" : "not written down")}");
        }

        Assert.Empty(Unwritten.Except(Attempts.All.Select(attempt => attempt.Method)));
    }

    [Fact]
    public async Task A_read_says_who_whom_what_for_and_what()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(GatewayFixture.Event("1", "Login", ("user_id", "ann")));
        using var reader = await server.ClientOfAsync(Role.Reader, "default");
        var customer = (await server.ProfileAsync("user_id", "ann", await server.PublishAsync(GatewayFixture.Event("2", "Login", ("user_id", "ann"))))).CustomerId;
        var ann = GatewayFixture.Ref("user_id", "ann");
        await reader.Profiles.GetProfileAsync(new GetProfileRequest { Customer = ann, Purpose = "marketing", Fields = { "traits.name", "activity" } }, cancellationToken: Cancel);
        await reader.Profiles.BatchGetProfilesAsync(new BatchGetProfilesRequest { Customers = { ann, GatewayFixture.Ref("user_id", "nobody") }, Purpose = "service" }, cancellationToken: Cancel);
        await reader.Profiles.ListEventsAsync(new ListEventsRequest { Customer = ann, Purpose = "service" }, cancellationToken: Cancel);
        var keys = (await server.Client.Admin.ListKeysAsync(new ListKeysRequest(), cancellationToken: Cancel)).Keys;
        var key = Assert.Single(keys, key => key.Roles.Contains(Role.Reader)).Id;

        var records = (await server.Client.Audits.ListAuditRecordsAsync(new ListAuditRecordsRequest { Actor = key }, cancellationToken: Cancel)).Records;

        Assert.Equal(
            [(customer, "Profiles/GetProfile", "marketing", "traits.name activity"), (customer, "Profiles/BatchGetProfiles", "service", ""), (customer, "Profiles/ListEvents", "service", "recent_events")],
            records.Select(record => (record.Subject, record.Method, record.Purpose, string.Join(' ', record.Fields))));
        Assert.All(records, record => Assert.Equal(AuditKind.Read, record.Kind));
        var ofCustomer = (await server.Client.Audits.ListAuditRecordsAsync(new ListAuditRecordsRequest { Subject = customer }, cancellationToken: Cancel)).Records;
        Assert.Equal(4, ofCustomer.Count);
    }

    [Fact]
    public async Task An_act_is_written_before_it_is_done_and_one_that_fails_with_its_reason()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutTenantAsync("other");
        await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "other", Roles = { Role.Reader } }, cancellationToken: Cancel);
        await Calls.RefusedAsync(server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = "bad", Expression = "no such" } }, cancellationToken: Cancel), Code.InvalidArgument, "EXPRESSION_INVALID");
        await Calls.RefusedAsync(server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("email", "ann@example.org") }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        var own = (await AllAsync(server.Client)).Where(record => record.Kind is AuditKind.Act or AuditKind.ActFailed).ToList();
        Assert.Equal(
            [
                (AuditKind.Act, "operator", "Admin/PutTenant", "other", ""),
                (AuditKind.Act, "operator", "Segments/PutSegment", "bad", ""),
                (AuditKind.ActFailed, "operator", "Segments/PutSegment", "bad", "EXPRESSION_INVALID"),
                (AuditKind.Act, "operator", "Privacy/EraseCustomer", "", ""),
                (AuditKind.ActFailed, "operator", "Privacy/EraseCustomer", "", "CUSTOMER_NOT_FOUND"),
            ],
            own.Select(record => (record.Kind, record.Actor, record.Method, record.Subject, record.Outcome)));
        using var other = await server.ClientOfAsync(Role.Admin, "other");
        Assert.Contains((AuditKind.Act, "default/operator", "Admin/CreateKey", "Reader"), (await AllAsync(other)).Select(record => (record.Kind, record.Actor, record.Method, record.Subject)));
    }

    [Fact]
    public async Task The_chain_goes_on_over_restarts_and_days_and_old_days_are_dropped()
    {
        var time = new ShiftedTime();
        await using var server = await GatewayFixture.StartAsync(time: time);
        await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "default", AuditDays = 2 } }, cancellationToken: Cancel);
        for (var day = 0; day < 6; day++)
        {
            await server.ProfileAsync("user_id", "ann", await server.PublishAsync(GatewayFixture.Event($"{day}", "Login", ("user_id", "ann"))));
            if (day % 2 == 0) await server.RestartAsync();
            time.Shift += TimeSpan.FromDays(1);
        }

        var records = await AllAsync(server.Client);
        var chain = await VerifiedAsync(server);

        // Reading the list is a record, too, and so is reading the blocks.
        Assert.Equal((records[0].Number, records[^1].Number + 2), (chain.First, chain.Last));
        Assert.True(chain.First > 1, "nothing was dropped");
        Assert.InRange(records[0].At.UnixMicros, (time.GetUtcNow() - TimeSpan.FromDays(4)).ToUnixTimeMilliseconds() * 1_000, long.MaxValue);
        Assert.Equal(records.Select(record => record.Number), Enumerable.Range(0, records.Count).Select(i => records[0].Number + i));
        Assert.Contains(records, record => record is { Kind: AuditKind.Writer, Outcome: AuditRecords.Ended });
    }

    [Fact]
    public async Task Pages_join_and_narrow()
    {
        await using var server = await GatewayFixture.StartAsync();
        for (var i = 0; i < 7; i++) await server.ProfileAsync("user_id", $"u{i}", await server.PublishAsync(GatewayFixture.Event($"{i}", "Login", ("user_id", $"u{i}"))));
        var all = (await server.Client.Audits.ListAuditRecordsAsync(new ListAuditRecordsRequest { Kind = AuditKind.Read, PageSize = 1_000 }, cancellationToken: Cancel)).Records.Where(record => record.Method == "Profiles/GetProfile").ToList();
        var paged = new List<AuditRecord>();
        var request = new ListAuditRecordsRequest { Kind = AuditKind.Read, PageSize = 2 };
        do
        {
            var page = await server.Client.Audits.ListAuditRecordsAsync(request, cancellationToken: Cancel);
            paged.AddRange(page.Records.Where(record => record.Method == "Profiles/GetProfile"));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0 && paged.Count < 100);

        Assert.Equal(7, all.Count);
        Assert.Equal(all, paged.Take(7));
        var until = new ListAuditRecordsRequest { From = all[2].At, Until = all[5].At, Kind = AuditKind.Read };
        Assert.Equal([2, 3, 4], (await server.Client.Audits.ListAuditRecordsAsync(until, cancellationToken: Cancel)).Records.Where(record => record.Method == "Profiles/GetProfile").Select(record => all.IndexOf(record)));
        await Calls.RefusedAsync(server.Client.Audits.ListAuditRecordsAsync(new ListAuditRecordsRequest { PageToken = "!" }, cancellationToken: Cancel), Code.InvalidArgument, "PAGE_TOKEN_MALFORMED");
        await Calls.RefusedAsync(server.Client.Audits.ListAuditRecordsAsync(new ListAuditRecordsRequest { Subject = new string('s', 129) }, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
    }

    [Fact]
    public async Task What_somebody_changes_in_the_store_is_seen()
    {
        await using var server = await GatewayFixture.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await server.ProfileAsync("user_id", "ann", await server.PublishAsync(GatewayFixture.Event($"{i}", "Login", ("user_id", "ann"))));
            await server.Gateway.Trail.FlushAsync("default");
        }

        await VerifiedAsync(server);
        var at = (await AllAsync(server.Client))[0].At.UnixMicros;
        await server.RestartAsync(async down =>
        {
            var key = AuditGrain.Prefix("default") + DateTimeOffset.UnixEpoch.AddMicroseconds(at).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
            var row = (await down.Stores.History.ReadAsync(key, 1, 1, Cancel))[0];
            var block = AuditBlock.Parser.ParseFrom(row.Bytes.Span);
            block.Entries[0].Subject = "c" + block.Entries[0].Subject[1..].ToUpperInvariant();
            Assert.True(await down.Stores.History.RewriteAsync(key, row.First, row.Count, block.ToByteArray(), Cancel));
        });
        var chain = new AuditChain();
        Assert.Contains("was changed", await WrongAsync(server, chain), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_nothing_can_be_written_acts_are_not_done()
    {
        await using var server = await GatewayFixture.StartAsync();
        await AllAsync(server.Client);
        var history = (MemoryHistory)server.Stores.History;
        history.Broken = true;
        using var calls = new RawCalls(server.Url);
        var act = RawCalls.Frame(new PutPurposeRequest { Purpose = new Purpose { Id = "late" } }.ToByteArray());

        // The server says itself that it gave the act up; a caller who cancels does not know when it hears of that.
        var reply = await calls.SendAsync("/cdp.v1.Admin/PutPurpose", act, $"Bearer {GatewayFixture.OperatorKey}", Cancel, "300m");
        Assert.Equal(Code.DeadlineExceeded, reply.Code);
        history.Broken = false;
        Assert.DoesNotContain((await server.Client.Admin.ListPurposesAsync(new ListPurposesRequest(), cancellationToken: Cancel)).Purposes, purpose => purpose.Id == "late");
    }

    private static async Task<List<AuditRecord>> AllAsync(Client.CdpClient client)
    {
        var all = new List<AuditRecord>();
        var request = new ListAuditRecordsRequest { PageSize = 1_000 };
        do
        {
            var page = await client.Audits.ListAuditRecordsAsync(request, cancellationToken: Cancel);
            all.AddRange(page.Records);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return all;
    }

    private static async Task<AuditChain> VerifiedAsync(GatewayFixture server)
    {
        var chain = new AuditChain();
        Assert.Null(await WrongAsync(server, chain));
        return chain;
    }

    private static async Task<string?> WrongAsync(GatewayFixture server, AuditChain chain)
    {
        await foreach (var response in server.Client.Audits.ReadAuditBlocksAsync(new ReadAuditBlocksRequest(), cancellationToken: Cancel))
        {
            foreach (var block in response.Blocks)
            {
                if (chain.Add(block.Span) is { } wrong) return wrong;
            }
        }

        return null;
    }
}
