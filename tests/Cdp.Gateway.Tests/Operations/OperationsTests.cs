using Cdp.Client;
using Cdp.Gateway.Operations;
using Cdp.Grains.Ports;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Operations;

/// <summary>What the front door says of backups, and of erasures that cannot be noted for their sake.</summary>
public sealed class OperationsTests : IAsyncLifetime
{
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private MemoryBackups Backups => (MemoryBackups)_server.Backups!;

    public async ValueTask InitializeAsync() => _server = await GatewayFixture.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_backup_is_made_and_listed()
    {
        Assert.Equal("nightly-1", (await CreateAsync("nightly-1")).Backup.Name);
        await CreateAsync("");
        Assert.Equal(["nightly-1", "made-1"], (await ListAsync()).Backups.Select(backup => backup.Name));
    }

    [Theory]
    [InlineData("../elsewhere")]
    [InlineData("a/b")]
    [InlineData(".")]
    [InlineData("a.partial")]
    [InlineData("ä")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task A_name_that_leads_elsewhere_is_refused(string name)
    {
        var error = await Assert.ThrowsAsync<CallException>(() => CreateAsync(name));
        Assert.Equal((Code.InvalidArgument, "BACKUP_NAME_INVALID", "name"), (error.StatusCode, error.Reason, Assert.Single(error.FieldViolations).Field));
    }

    [Theory]
    [InlineData(BackupRefusal.Running, "BACKUP_RUNNING", Code.FailedPrecondition)]
    [InlineData(BackupRefusal.NameTaken, "BACKUP_NAME_TAKEN", Code.AlreadyExists)]
    [InlineData(BackupRefusal.Off, "BACKUPS_OFF", Code.FailedPrecondition)]
    public async Task A_refusal_has_its_reason(BackupRefusal refusal, string reason, Code code)
    {
        Backups.Refusal = refusal;
        var error = await Assert.ThrowsAsync<CallException>(() => CreateAsync("a"));
        Assert.Equal((code, reason), (error.StatusCode, error.Reason));
        if (refusal == BackupRefusal.Off) Assert.Equal(reason, (await Assert.ThrowsAsync<CallException>(ListAsync)).Reason);
    }

    [Fact]
    public async Task A_disk_that_fails_and_a_store_with_means_of_its_own_are_told()
    {
        Backups.Failure = new IOException("the disk is full");
        var failed = await Assert.ThrowsAsync<CallException>(() => CreateAsync("a"));
        Assert.Equal("BACKUP_FAILED", failed.Reason);
        Assert.Contains("the disk is full", failed.Message, StringComparison.Ordinal);

        _server.Backups = null;
        await _server.RestartAsync();
        Assert.Equal("BACKUPS_ELSEWHERE", (await Assert.ThrowsAsync<CallException>(() => CreateAsync("a"))).Reason);
        Assert.Equal("BACKUPS_ELSEWHERE", (await Assert.ThrowsAsync<CallException>(ListAsync)).Reason);
    }

    [Fact]
    public async Task An_erasure_that_cannot_be_noted_has_not_ended_and_its_repetition_ends_it()
    {
        var ledger = new MemoryLedger { Fails = true };
        (_server.Erasures, _server.HasFaults) = (ledger, true);
        await _server.RestartAsync();
        var token = await _server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("email", "ann@example.org")));
        var id = (await _server.ProfileAsync("email", "ann@example.org", token)).CustomerId;
        var error = await Assert.ThrowsAsync<CallException>(() => EraseAsync(id));
        Assert.Equal((Code.Unavailable, "ERASURE_LEDGER_UNWRITABLE"), (error.StatusCode, error.Reason));

        ledger.Fails = false;
        var receipt = (await EraseAsync(id)).Receipt;
        var note = Assert.Single(ledger.Notes);
        Assert.Equal((receipt.Tenant, receipt.Id, receipt.ErasedAt.UnixMicros), (note.Tenant, note.Receipt, note.ErasedAt));
        Assert.Equal([id], note.Customers);
        Assert.DoesNotContain("ann", Assert.Single(note.Keys), StringComparison.Ordinal);
        Assert.Equal(receipt, (await EraseAsync(id)).Receipt);
        Assert.Single(ledger.Notes);
    }

    private Task<CreateBackupResponse> CreateAsync(string name) => _server.Client.Operations.CreateBackupAsync(new CreateBackupRequest { Name = name }, cancellationToken: Cancel);

    private Task<ListBackupsResponse> ListAsync() => _server.Client.Operations.ListBackupsAsync(new ListBackupsRequest(), cancellationToken: Cancel);

    private Task<EraseCustomerResponse> EraseAsync(string id) =>
        _server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = new CustomerRef { CustomerId = id } }, cancellationToken: Cancel);

    private sealed class MemoryLedger : IErasureLedger
    {
        public bool Fails { get; set; }

        public List<ErasureNote> Notes { get; } = [];

        public ValueTask NoteAsync(ErasureNote note, CancellationToken cancellationToken)
        {
            if (Fails) throw new ErasureLedgerException("full", new IOException());
            Notes.Add(note);
            return default;
        }
    }
}
