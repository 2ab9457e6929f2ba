using Cdp.Client;
using Cdp.Gateway.Admin;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Admin;

/// <summary>The end of a tenant: nothing of it is left, everything of the others is.</summary>
public sealed class TenantDeletionTests
{
    private const string Gone = "shop";
    private const string Neighbour = "shop-2";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Gone)]
    [InlineData("0")]
    [InlineData("tenants")]
    public async Task Everything_of_it_goes_and_nothing_else(string gone)
    {
        await using var server = await GatewayFixture.StartAsync();
        using var leaving = await LiveAsync(server, gone);
        using var staying = await LiveAsync(server, Neighbour);
        var (states, histories) = (StatesOf(server, Neighbour), HistoriesOf(server, Neighbour));
        Assert.InRange(StatesOf(server, gone).Count, 8, int.MaxValue);

        var deletion = await DeleteAsync(server, gone);

        Assert.Equal((gone, "operator"), (deletion.TenantId, deletion.RequestedBy));
        Assert.True(deletion.EndedAt.UnixMicros >= deletion.RequestedAt.UnixMicros);
        Assert.All(["log", "customer index", "histories", "states"], place => Assert.True(deletion.Places.Single(p => p.Place == place).Items > 0, place));
        await NothingIsLeftAsync(server, gone);

        // What customers have in memory is due to be kept: by now, or when they stop.
        await server.RestartAsync();
        await NothingIsLeftAsync(server, gone);
        Assert.Empty(states.Where(row => !IsCache(row)).Except(StatesOf(server, Neighbour)));
        Assert.Empty(histories.Except(HistoriesOf(server, Neighbour)));
        using var restarted = server.ClientWith(staying.Key);
        Assert.Equal(3, await CountAsync(restarted));
        Assert.DoesNotContain((await server.Client.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)).Tenants, tenant => tenant.Id == gone);
        Assert.Equal(deletion, await DeleteAsync(server, gone));
        return;

        // These are written anew.
        static bool IsCache(string row) => row.Split(' ')[0] is "customer" or "refold-sweep" or "segment-shard";
    }

    [Fact]
    public async Task Its_keys_are_refused_and_its_id_is_not_used_again()
    {
        await using var server = await GatewayFixture.StartAsync();
        using var leaving = await LiveAsync(server, Gone);
        await DeleteAsync(server, Gone);
        using var client = server.ClientWith(leaving.Key);
        await Calls.RefusedAsync(client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.Unauthenticated, "TENANT_DELETED");
        await RefusedForGoodAsync();
        await server.RestartAsync();
        using var again = server.ClientWith(leaving.Key);
        await Calls.RefusedAsync(again.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.Unauthenticated, "TENANT_DELETED");
        await RefusedForGoodAsync();

        async Task RefusedForGoodAsync()
        {
            await Calls.RefusedAsync(server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = Gone } }, cancellationToken: Cancel), Code.FailedPrecondition, "TENANT_DELETED");
            await Calls.RefusedAsync(server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = Gone, Roles = { Role.Reader } }, cancellationToken: Cancel), Code.FailedPrecondition, "TENANT_DELETED");
            Assert.Empty((await server.Client.Admin.ListKeysAsync(new ListKeysRequest { TenantId = Gone }, cancellationToken: Cancel)).Keys);
        }
    }

    [Fact]
    public async Task A_stream_that_was_open_takes_nothing_in_any_more_and_what_came_in_late_counts_for_nobody()
    {
        await using var server = await GatewayFixture.StartAsync();
        using var leaving = await LiveAsync(server, Gone);
        await using var stream = leaving.Client.Ingest.StreamEvents(cancellationToken: Cancel);
        await stream.WriteAsync(new StreamEventsRequest { Sequence = 1, Events = { GatewayFixture.Event("s1", "Login", ("user_id", "ann")) } }, Cancel);
        Assert.Equal(1, (await stream.ReadAsync(Cancel))!.Sequence);

        await DeleteAsync(server, Gone);

        await stream.WriteAsync(new StreamEventsRequest { Sequence = 2, Events = { GatewayFixture.Event("s2", "Login", ("user_id", "ann")) } }, Cancel);
        await Calls.RefusedAsync(stream.ReadAsync(Cancel), Code.Unauthenticated, "TENANT_DELETED");

        // As from a process that had not heard yet.
        var late = new LoggedEvent { ReceivedAt = 1, Source = "tests", Event = Google.Protobuf.MessageExtensions.ToByteString(GatewayFixture.Event("late", "Login", ("user_id", "ann"))), Keys = { new IdentifierKey { Key = "user_id:abc" } } };
        var end = await server.Host.Log.AppendAsync(0, [new AppendedEvent(new LogRecord(Gone, LogRecordFlags.None, 0, Google.Protobuf.MessageExtensions.ToByteArray(late)), late)], Cancel);
        await server.Host.Grains.Get<IPartition>("0").WaitApplied(new Cdp.Grains.V1.WaitAppliedRequest { Position = end + 1, Mirrored = true }, Cancel);
        Assert.Equal(["tenant"], StatesOf(server, Gone).Select(row => row[..row.IndexOf(' ', StringComparison.Ordinal)]));
        Assert.Empty(HistoriesOf(server, Gone));
    }

    [Fact]
    public async Task A_log_that_is_applied_again_from_its_start_brings_nothing_back()
    {
        await using var server = await GatewayFixture.StartAsync();
        using var leaving = await LiveAsync(server, Gone);
        using var staying = await LiveAsync(server, Neighbour);
        await DeleteAsync(server, Gone);

        await server.RestartWithoutAsync(PartitionGrain.StateKind);

        using var client = server.ClientWith(staying.Key);
        var token = await PublishAsync(client, GatewayFixture.Event("more", "Login", ("user_id", "ann")));
        Assert.Equal(4, await CountAsync(client, token));
        foreach (var partition in Enumerable.Range(0, 4))
        {
            var end = await server.Host.Log.EndAsync(partition, Cancel);
            await server.Host.Grains.Get<IPartition>($"{partition}").WaitApplied(new Cdp.Grains.V1.WaitAppliedRequest { Position = end, Mirrored = true }, Cancel);
        }

        await NothingIsLeftAsync(server, Gone);
    }

    [Fact]
    public async Task A_deletion_that_failed_says_so_and_goes_on_when_it_is_asked_for_again()
    {
        var ledger = new BrokenLedger();
        await using var server = await GatewayFixture.StartAsync();
        server.Erasures = ledger;
        await server.RestartAsync();
        using var leaving = await LiveAsync(server, Gone);
        await Calls.RefusedAsync(server.Client.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = Gone }, cancellationToken: Cancel), Code.Unavailable, "ERASURE_LEDGER_UNWRITABLE");
        var finding = (await server.Client.Operations.CheckUpAsync(new CheckUpRequest(), cancellationToken: Cancel)).Findings.First(f => f.Check == "tenants");
        Assert.Equal(Severity.Failure, finding.Severity);
        Assert.Contains("the disk is away", finding.Message, StringComparison.Ordinal);
        Assert.NotNull((await server.Client.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)).Tenants.Single(tenant => tenant.Id == Gone).Deletion);

        ledger.IsBroken = false;
        await DeleteAsync(server, Gone);

        var note = Assert.Single(ledger.Notes);
        Assert.Equal((Gone, true), (note.Tenant, note.WholeTenant));
        Assert.DoesNotContain((await server.Client.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)).Tenants, tenant => tenant.Id == Gone);
    }

    [Fact]
    public async Task It_is_the_operators_alone_and_not_possible_of_the_operators_own()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutTenantAsync(Gone);
        using var admin = await server.ClientOfAsync(Role.Admin, Gone);
        await Calls.RefusedAsync(admin.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = Gone }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
        await Calls.RefusedAsync(server.Client.Admin.DeleteTenantAsync(new DeleteTenantRequest(), cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        await Calls.RefusedAsync(server.Client.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = "default" }, cancellationToken: Cancel), Code.InvalidArgument, "TENANT_NEEDED");
        await Calls.RefusedAsync(server.Client.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = "nobody" }, cancellationToken: Cancel), Code.NotFound, "TENANT_UNKNOWN");
        Assert.Equal(Gone, (await admin.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)).Tenant.Id);
    }

    [Fact]
    public async Task A_store_that_cannot_list_what_it_keeps_refuses_before_anything_is_done()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutTenantAsync(Gone);
        var removal = new TenantRemoval(new GatewayPorts(server.Host.Grains, server.Host.Log, server.Host.Definitions, TimeProvider.System, NoStepObserver.Instance));
        var error = await Assert.ThrowsAsync<Cdp.Rpc.RpcException>(() => removal.DeleteAsync(Gone, "operator", Cancel).AsTask());
        Assert.Equal("STORE_CANNOT_LIST", error.Error.Reason);
        Assert.False((await server.Host.Definitions.GetAsync(Gone, Cancel))!.IsDeleted);
    }

    /// <summary>A tenant with a bit of everything.</summary>
    private static async Task<Living> LiveAsync(GatewayFixture server, string tenant)
    {
        await server.PutTenantAsync(tenant);
        var made = await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = tenant, Roles = { Role.Admin }, DefaultPurpose = "service" }, cancellationToken: Cancel);
        var client = server.ClientWith(made.Secret);
        await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = "all", Expression = "events.count > 0" } }, cancellationToken: Cancel);
        await client.Decisions.PutActionAsync(new PutActionRequest { Action = new Cdp.V1.Action { Id = "hello", Payloads = { new Payload { Channel = "web", Key = "k" } } } }, cancellationToken: Cancel);
        await client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = new Placement { Id = "home", Channel = "web" } }, cancellationToken: Cancel);
        var refused = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { GatewayFixture.Event("bad", "Login") } }, cancellationToken: Cancel);
        Assert.Single(refused.Refused);
        var token = await PublishAsync(
            client, GatewayFixture.Event("1", "Login", ("user_id", "ann"), ("email", $"ann@{tenant}.example")), GatewayFixture.Event("2", "Login", ("cookie", "ck-ann")),
            GatewayFixture.Event("3", "Login", ("cookie", "ck-ann"), ("user_id", "ann")), GatewayFixture.Event("4", "Login", ("user_id", "bob")));
        Assert.Equal(3, await CountAsync(client, token));
        await client.Decisions.DecideAsync(new DecideRequest { Placement = "home", Identifiers = { new Identifier { Namespace = "user_id", Value = "ann" } }, Purpose = "service" }, cancellationToken: Cancel);
        return new Living(client, made.Secret);
    }

    private static async Task<string> PublishAsync(CdpClient client, params Event[] events)
    {
        var sent = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, cancellationToken: Cancel);
        Assert.Empty(sent.Refused);
        return sent.Token;
    }

    private static async Task<long> CountAsync(CdpClient client, string token = "") => (await client.Profiles.GetProfileAsync(
        new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "ann"), Purpose = "service", Fields = { "activity" }, AfterToken = token }, cancellationToken: Cancel)).Profile.Activity.EventCount;

    private static async Task<TenantDeletion> DeleteAsync(GatewayFixture server, string tenant) =>
        (await server.Client.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = tenant }, cancellationToken: Cancel)).Deletion;

    /// <summary>The states of a tenant, those of partitions and of the list of tenants not among them.</summary>
    private static List<string> StatesOf(GatewayFixture server, string tenant) =>
        [.. server.States.All().Where(row => Is(row.Split(' ', 3)[1], tenant) && row.Split(' ')[0] is var kind && (kind == TenantGrain.StateKind || TenantKinds.AreTenants(kind))).Order(StringComparer.Ordinal)];

    private static List<string> HistoriesOf(GatewayFixture server, string tenant) =>
        [.. ((MemoryHistory)server.Stores.History).All().Where(row => Is(row.Split(' ', 2)[0], tenant)).Order(StringComparer.Ordinal)];

    private static bool Is(string key, string tenant) => key == tenant || key.StartsWith($"{tenant}/", StringComparison.Ordinal);

    /// <summary>Nothing but the line that says that there was one, and positions of the log.</summary>
    private static async Task NothingIsLeftAsync(GatewayFixture server, string tenant)
    {
        Assert.Empty(HistoriesOf(server, tenant));
        var left = Assert.Single(StatesOf(server, tenant));
        Assert.StartsWith("tenant ", left, StringComparison.Ordinal);
        Assert.DoesNotContain("Etc/UTC", left, StringComparison.Ordinal);
        Assert.Empty(await server.Stores.Customers.PageAsync(tenant, "", 10, Cancel));
        for (var partition = 0; partition < server.Stores.Log.Partitions; partition++)
        {
            foreach (var (_, record) in await server.Stores.Log.ReadAsync(partition, 0, int.MaxValue, Cancel))
                Assert.Equal(record.Tenant == tenant, Cdp.Grains.Customers.ErasedEvents.IsWhollyErased(record));
        }
    }

    private sealed record Living(CdpClient Client, string Key) : IDisposable
    {
        public void Dispose() => Client.Dispose();
    }

    private sealed class BrokenLedger : IErasureLedger
    {
        public bool IsBroken { get; set; } = true;

        public List<ErasureNote> Notes { get; } = [];

        public ValueTask NoteAsync(ErasureNote note, CancellationToken cancellationToken)
        {
            if (IsBroken) throw new ErasureLedgerException("the disk is away", new IOException("away"));
            Notes.Add(note);
            return default;
        }
    }
}
