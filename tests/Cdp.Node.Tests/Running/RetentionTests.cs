using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.Node.Hosting;
using Cdp.Node.Replay;
using Cdp.Node.Tests.Commands;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Cdp.V1;

namespace Cdp.Node.Tests.Running;

/// <summary>
/// Events that were kept long enough are in no answer any more and in no file; what is kept for longer stays, and neither a
/// replay, nor a resend, nor a restored backup brings them back.
/// </summary>
public sealed class RetentionTests : IDisposable
{
    private const int Customers = 20;
    private static readonly string[] Secrets = ["haemorrhoids", "broken-and-secret"];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Old_events_are_in_no_answer_and_in_no_file_any_more()
    {
        await LiveAsync(Data);
        Assert.Empty(HeldFiles.Missing(_folder.Path, Secrets));
        var digests = new HashSet<string>();
        await using (var node = await StartAsync(Data, days: 31, backups: true))
        {
            await ForgottenAsync(node);
            await AssertForgottenAsync(node);
            Assert.Empty(HeldFiles.Holding(_folder.Path, "forgotten", Secrets));
            var sent = await node.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Views() } }, cancellationToken: Cancel);
            Assert.Empty(sent.Refused);
            await node.SettleAsync();
            await AssertForgottenAsync(node);
            await node.Client.Operations.CreateBackupAsync(new CreateBackupRequest { Name = "after" }, cancellationToken: Cancel);
        }

        Assert.Empty(HeldFiles.Holding(_folder.Path, "stopped", Secrets));
        foreach (var options in (ReplayOptions[])[new() { Compare = true }, new() { FromLog = true }, new() { FromLog = true, Seed = 3 }])
        {
            var replayed = await ReplayAsync(options);
            Assert.Empty(replayed.Different);
            digests.Add(replayed.Digest);
        }

        Assert.Single(digests);
        await using (var node = await StartAsync(Data, days: 32)) await AssertForgottenAsync(node, isReplayed: true);
        Assert.Empty(HeldFiles.Holding(_folder.Path, "replayed", Secrets));
    }

    [Fact]
    public async Task A_backup_from_before_is_brought_up_to_date_when_it_is_started()
    {
        await LiveAsync(Data, backup: "before");
        using var cdp = new CommandLine();
        Assert.True(await cdp.RunAsync("restore", _folder.File("backups/before"), "--data", _folder.File("restored")) == 0, cdp.Error);
        await using var node = await StartAsync(_folder.File("restored"), days: 31);
        await ForgottenAsync(node);
        await AssertForgottenAsync(node);
    }

    [Fact]
    public async Task On_PostgreSQL_too()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync("fsync=off");
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, partitions: 4, epoch: null, Cancel);
        await LiveAsync(server.Url);
        await using var node = await StartAsync(server.Url, days: 31);
        await ForgottenAsync(node);
        await AssertForgottenAsync(node);
    }

    private Task<RunningNode> StartAsync(string data, int days, bool backups = false) =>
        RunningNode.StartAsync(data, new ShiftedTime(TimeSpan.FromDays(days)), backups: backups ? _folder.File("backups") : null, beside: _folder.File("beside"));

    /// <summary>A server on which customers viewed, ordered, and said who they are; and which keeps views for thirty days.</summary>
    private async Task LiveAsync(string data, string? backup = null)
    {
        await using var node = await StartAsync(data, days: 0, backups: backup is not null);
        var tenant = (await node.Client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)).Tenant;
        tenant.EventDays = 30;
        await node.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = tenant }, cancellationToken: Cancel);
        await node.Client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = "Order Completed", EventDays = -1 } }, cancellationToken: Cancel);
        await node.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = "viewers", Expression = "events[\"Product Viewed\"].count > 0" } }, cancellationToken: Cancel);
        var request = new PublishEventsRequest { Events = { Views() } };
        for (var i = 0; i < Customers; i++)
        {
            request.Events.Add(Event(i, "order", "Order Completed"));
            var said = Event(i, "said", "signup");
            (said.Kind, said.Traits) = (EventKind.Identify, new TraitChanges { Set = { ["first_name"] = new Value { StringValue = "Anna" } } });
            request.Events.Add(said);
        }

        var broken = Event(0, "broken", "");
        broken.Properties["note"] = new Value { StringValue = "broken-and-secret" };
        request.Events.Add(broken);
        Assert.Single((await node.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel)).Refused);
        await node.SettleAsync();
        Assert.Equal((3, 1), ((await ProfileAsync(node, 0)).Activity.EventCount, (await ProfileAsync(node, 0)).Traits.Count));
        Assert.Equal(Customers, await MembersAsync(node, await node.TokenAsync()));
        if (backup is not null) await node.Client.Operations.CreateBackupAsync(new CreateBackupRequest { Name = backup }, cancellationToken: Cancel);
    }

    private static IEnumerable<Event> Views() => Enumerable.Range(0, Customers).Select(i =>
    {
        var view = Event(i, "view", "Product Viewed");
        view.Properties["page"] = new Value { StringValue = "/help/haemorrhoids" };
        return view;
    });

    private static Event Event(int customer, string what, string type) => new()
    {
        Id = $"{what}-{customer}", Kind = EventKind.Track, Type = type, Source = "tests", Channel = "web", OccurredAt = new Timestamp { UnixMicros = 1_767_225_600_000_000 + customer },
        Identifiers = { new Identifier { Namespace = "user_id", Value = $"u-{customer}" } },
    };

    /// <summary>Waits until <c>cdp doctor</c> says that all customers were visited.</summary>
    private static async Task ForgottenAsync(RunningNode node)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await node.Client.Operations.CheckUpAsync(new CheckUpRequest(), cancellationToken: Cancel)).Findings.Single(found => found.Check == "retention") is { Severity: not Severity.Ok } finding)
        {
            Assert.True(finding.Severity is Severity.Unknown or Severity.Warning, finding.ToString());
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    /// <param name="node">The server.</param>
    /// <param name="isReplayed">Whether its dead letters are from the log alone: of what is gone there is none.</param>
    private static async Task AssertForgottenAsync(RunningNode node, bool isReplayed = false)
    {
        for (var i = 0; i < Customers; i++)
        {
            var profile = await ProfileAsync(node, i);
            Assert.Equal((2, "Anna"), (profile.Activity.EventCount, Assert.Single(profile.Traits).Value.StringValue));
            var events = await node.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = Ref(i), Purpose = "service" }, cancellationToken: Cancel);
            Assert.Equal([$"order-{i}", $"said-{i}"], events.Events.Select(e => e.Event.Id).Order(StringComparer.Ordinal));
        }

        Assert.Equal(0, await MembersAsync(node));
        var trace = await node.Client.Events.TraceEventAsync(new TraceEventRequest { EventId = "view-3", Source = "tests", WithContent = true, Identifier = Ref(3).Identifier }, cancellationToken: Cancel);
        Assert.Equal((EventState.Erased, null), (trace.State, trace.Event));
        if (isReplayed) return;
        var letter = Assert.Single((await node.Client.Events.ListDeadLettersAsync(new ListDeadLettersRequest { WithContent = true }, cancellationToken: Cancel)).DeadLetters);
        Assert.True(letter.ContentGone, letter.ToString());
    }

    private static async Task<Profile> ProfileAsync(RunningNode node, int customer) =>
        (await node.Client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = Ref(customer), Purpose = "service", Fields = { "traits.*", "activity" } }, cancellationToken: Cancel)).Profile;

    private static async Task<long> MembersAsync(RunningNode node, string after = "") =>
        (await node.Client.Segments.CountMembersAsync(new CountMembersRequest { Segment = "viewers", AfterToken = after }, cancellationToken: Cancel)).Members;

    private static CustomerRef Ref(int customer) => new() { Identifier = new Identifier { Namespace = "user_id", Value = $"u-{customer}" } };

    private async Task<ReplayReport> ReplayAsync(ReplayOptions options)
    {
        await using var store = await NodeStore.OpenAsync(NodeStore.At(Data, new NodeOptions()), Cancel);
        return await new Replayer(store, options, TimeProvider.System, _ => { }, (remedy, error) => Assert.Fail($"{remedy}: {error}"), NoStepObserver.Instance).RunAsync(Cancel);
    }
}
