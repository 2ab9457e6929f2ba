using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Gateway.Operations;
using Cdp.Gateway.Tests.Keys;
using Cdp.Grains.Audit;
using Cdp.Grains.Partitions;
using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Operations;

/// <summary>A check-up finds what is wrong, says what to do, and is quiet about what is well.</summary>
public sealed class CheckUpTests : IAsyncLifetime
{
    private readonly ShiftedTime _time = new();
    private readonly TestFacts _facts = new();
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GatewayFixture.StartAsync(time: _time);
        _server.Facts = _facts;
        await _server.RestartAsync();
        await _server.Client.Operations.CreateBackupAsync(new CreateBackupRequest(), cancellationToken: Cancel);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_server_that_is_well_is_said_to_be()
    {
        await _server.ProfileAsync("user_id", "ann", await _server.PublishAsync(GatewayFixture.Event("1", "Login", ("user_id", "ann"))));
        var found = await FindingsAsync();
        Assert.All(found, finding => Assert.True(finding.Severity == Severity.Ok, finding.ToString()));
        Assert.Equal(["audit", "backups", "dead-letters", "disk", "journal", "keys", "listeners", "partitions", "retention", "tenants", "tls"], found.Select(finding => finding.Check).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(30, Severity.Ok)]
    [InlineData(20, Severity.Warning)]
    [InlineData(2, Severity.Failure)]
    [InlineData(-1, Severity.Failure)]
    public async Task A_certificate_that_ends_is_told_in_time(int days, Severity severity)
    {
        _facts.Certificate = _time.GetUtcNow() + TimeSpan.FromDays(days) + TimeSpan.FromHours(1);
        Assert.Equal(severity, (await OneAsync("tls")).Severity);
    }

    [Theory]
    [InlineData(0.5, Severity.Ok)]
    [InlineData(0.19, Severity.Warning)]
    [InlineData(0.04, Severity.Failure)]
    public async Task A_disk_that_fills_is_told_in_time(double free, Severity severity)
    {
        _facts.Free = free;
        Assert.Equal(severity, (await OneAsync("disk")).Severity);
    }

    [Fact]
    public async Task Events_that_should_have_been_erased_are_told()
    {
        await _server.ProfileAsync("user_id", "ann", await _server.PublishAsync(GatewayFixture.Event("1", "Login", ("user_id", "ann"))));
        Assert.Contains("for good", (await OneAsync("retention")).Message, StringComparison.Ordinal);
        await _server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "default", EventDays = 10 } }, cancellationToken: Cancel);
        Finding finding;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while ((finding = await OneAsync("retention")).Severity == Severity.Unknown) await timer.WaitForNextTickAsync(Cancel);
        Assert.Equal(Severity.Ok, finding.Severity);
        Assert.StartsWith("1 tenants keep events for a limited time", finding.Message, StringComparison.Ordinal);

        // One that began today and has not ended since.
        await _server.RestartAsync(async down =>
        {
            var row = await down.States.ReadAsync(RefoldSweepGrain.StateKind, "default", Cancel);
            var place = RefoldSweepState.Parser.ParseFrom(row.Value.Span);
            place.ForgottenAt -= (long)TimeSpan.FromDays(3).TotalMicroseconds;
            Assert.NotNull(await down.States.WriteAsync(RefoldSweepGrain.StateKind, "default", place.ToByteArray(), row.Tag, Cancel));
        });
        finding = await OneAsync("retention");
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Contains("3 days", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clear_text_for_others_than_this_machine_is_told()
    {
        _facts.Listening = [new Listener("gRPC", "0.0.0.0:7878", IsLocal: false, IsEncrypted: false), new Listener("HTTP/1.1", "0.0.0.0:7879", IsLocal: false, IsEncrypted: true)];
        Assert.Equal([Severity.Warning, Severity.Ok], (await FindingsAsync()).Where(finding => finding.Check == "listeners").Select(finding => finding.Severity));
    }

    [Fact]
    public async Task A_journal_that_is_not_merged_is_told()
    {
        _facts.Pending = new JournalFacts(300L << 20, _time.GetUtcNow() - TimeSpan.FromHours(2));
        Assert.Equal(Severity.Warning, (await OneAsync("journal")).Severity);
    }

    [Fact]
    public async Task Old_and_broad_keys_are_told()
    {
        await _server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Writer } }, cancellationToken: Cancel);
        await _server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Writer }, Source = "shop", SourceBound = true }, cancellationToken: Cancel);
        for (var i = 0; i < 5; i++) await _server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Admin } }, cancellationToken: Cancel);
        Assert.Equal(
            ["default: 6 keys have the role admin.", "default: 1 write keys may publish events of any source, channel and type."],
            (await FindingsAsync()).Where(finding => finding.Check == "keys").Select(finding => finding.Message));
        _time.Shift += TimeSpan.FromDays(366);
        Assert.Contains((await FindingsAsync()).Where(finding => finding.Check == "keys"), finding => finding.Message.StartsWith("default: the secret of key operator is 366 days old", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Dead_letters_are_told()
    {
        var wrong = GatewayFixture.Event("", "Login", ("user_id", "ann"));
        await _server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { wrong } }, cancellationToken: Cancel);
        await _server.ProfileAsync("user_id", "ann", await _server.PublishAsync(GatewayFixture.Event("1", "Login", ("user_id", "ann"))));
        while ((await OneAsync("dead-letters")).Severity == Severity.Ok) await Task.Yield();
        Assert.Equal("1 events count for nobody.", (await OneAsync("dead-letters")).Message);

        // Taken in again, it is nobody's business any more.
        var letter = Assert.Single((await _server.Client.Events.ListDeadLettersAsync(new ListDeadLettersRequest { WithContent = true }, cancellationToken: Cancel)).DeadLetters);
        letter.Event.Id = "2";
        var retried = await _server.Client.Events.RetryDeadLettersAsync(new RetryDeadLettersRequest { Retries = { new DeadLetterRetry { Id = letter.Id, Repaired = letter.Event } } }, cancellationToken: Cancel);
        Assert.True(Assert.Single(retried.Results).Accepted);
        Assert.Equal(Severity.Ok, (await OneAsync("dead-letters")).Severity);
    }

    [Fact]
    public async Task A_partition_that_is_behind_is_told_with_the_age_of_the_oldest_event()
    {
        var history = (MemoryHistory)_server.Stores.History;
        _server.HasFaults = true;
        await _server.Gateway.Trail.FlushAsync("default");
        history.Broken = true;
        await _server.PublishAsync(GatewayFixture.Event("1", "Login", ("user_id", "ann")));
        _time.Shift += TimeSpan.FromMinutes(2);
        var statuses = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => _server.Host.Grains.Get<IPartition>($"{n}").GetStatus(new GetPartitionStatusRequest { WithOldest = true }, Cancel).AsTask()));
        var waits = UnixTime.Micros(_time.GetUtcNow()) - Assert.Single(statuses, status => status.OldestReceivedAt > 0).OldestReceivedAt;
        history.Broken = false;
        Assert.InRange(waits, 120_000_000, 180_000_000);
    }

    [Theory]
    [InlineData(25, Severity.Ok)]
    [InlineData(27, Severity.Warning)]
    [InlineData(24 * 8, Severity.Failure)]
    public async Task Backups_that_are_old_are_told(int hours, Severity severity)
    {
        _time.Shift += TimeSpan.FromHours(hours);
        Assert.Equal(severity, (await OneAsync("backups")).Severity);
    }

    [Fact]
    public async Task No_backups_are_told()
    {
        _server.Backups = new MemoryBackups { Refusal = BackupRefusal.Off };
        await _server.RestartAsync();
        Assert.Equal(("No directory of backups is configured.", Severity.Warning), (await OneAsync("backups")) is var off ? (off.Message, off.Severity) : default);
        _server.Backups = new MemoryBackups();
        await _server.RestartAsync();
        Assert.Equal(Severity.Warning, (await OneAsync("backups")).Severity);
        _server.Backups = null;
        await _server.RestartAsync();
        Assert.Equal(Severity.Unknown, (await OneAsync("backups")).Severity);
    }

    [Fact]
    public async Task An_audit_log_that_somebody_changed_is_told()
    {
        await _server.ProfileAsync("user_id", "ann", await _server.PublishAsync(GatewayFixture.Event("1", "Login", ("user_id", "ann"))));
        await _server.Gateway.Trail.FlushAsync("default");
        await _server.RestartAsync(async down =>
        {
            var key = AuditGrain.Prefix("default") + _time.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture);
            var row = (await down.Stores.History.ReadAsync(key, 0, 1, Cancel))[0];
            var block = AuditBlock.Parser.ParseFrom(row.Bytes.Span);
            block.Entries[0].Before++;
            Assert.True(await down.Stores.History.RewriteAsync(key, row.First, row.Count, block.ToByteArray(), Cancel));
        });
        Assert.Equal(Severity.Failure, (await OneAsync("audit")).Severity);
    }

    private async Task<Finding> OneAsync(string check) => Assert.Single(await FindingsAsync(), finding => finding.Check == check);

    private async Task<IReadOnlyList<Finding>> FindingsAsync() => (await _server.Client.Operations.CheckUpAsync(new CheckUpRequest(), cancellationToken: Cancel)).Findings;

    /// <summary>A server that is well, until a test says otherwise.</summary>
    private sealed class TestFacts : IServerFacts
    {
        public string Version => "1";

        public IReadOnlyList<Listener> Listening { get; set; } = [new("gRPC", "127.0.0.1:7878", IsLocal: true, IsEncrypted: false)];

        public IReadOnlyList<Listener> Listeners => Listening;

        public DateTimeOffset? Certificate { get; set; }

        public double Free { get; set; } = 0.9;

        public JournalFacts? Pending { get; set; } = new(1 << 20, DateTimeOffset.UnixEpoch);

        public DateTimeOffset? CertificateEnds() => Certificate;

        public IReadOnlyList<Volume> Volumes() => [new Volume("data", "/data", (long)(Free * 1e12), (long)1e12)];

        public JournalFacts? Journal() => Pending;
    }
}
