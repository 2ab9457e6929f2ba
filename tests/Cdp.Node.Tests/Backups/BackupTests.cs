using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Node.Hosting;
using Cdp.Node.Tests.Commands;
using Cdp.Node.Tests.Running;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Cdp.V1;
using Npgsql;

namespace Cdp.Node.Tests.Backups;

/// <summary>Backups of a server that goes on, and what comes back from them: everything but who was erased.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CommandLine _cdp = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Data => _folder.File("data");

    private string Backups => _folder.File("backups");

    private string Restored => _folder.File("restored");

    public void Dispose()
    {
        _cdp.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_acknowledged_before_a_backup_comes_back_and_later_tokens_are_refused()
    {
        string later;
        await using (var node = await StartAsync(Data))
        {
            var token = await PublishAsync(node, "1", ("email", "ann@example.org"), ("cookie", "ck-ann"));
            await ReadAsync(node, "email", "ann@example.org", token);
            await PublishAsync(node, "2", ("cookie", "ck-ann"));
            var made = (await CreateAsync(node, "one")).Backup;
            Assert.Equal((2, 4), (made.LogRecords, made.Partitions.Count));
            Assert.Equal(made, Assert.Single((await node.Client.Operations.ListBackupsAsync(new ListBackupsRequest(), cancellationToken: Cancel)).Backups));
            Assert.Equal("BACKUP_NAME_TAKEN", (await Assert.ThrowsAsync<CallException>(() => CreateAsync(node, "one"))).Reason);
            later = await PublishAsync(node, "3", ("cookie", "ck-ann"));
        }

        Assert.True(await _cdp.RunAsync("verify", Path.Combine(Backups, "one")) == 0, _cdp.Error);
        Assert.Contains("whole and unchanged", _cdp.Out, StringComparison.Ordinal);
        await RestoreAsync("one");
        await using (var node = await StartAsync(Restored))
        {
            Assert.Equal(2, (await ReadAsync(node, "email", "ann@example.org", await node.TokenAsync())).Activity.EventCount);
            Assert.Equal("TOKEN_OF_ANOTHER_LOG", (await Assert.ThrowsAsync<CallException>(() => ReadAsync(node, "cookie", "ck-ann", later))).Reason);
            Assert.Equal(3, (await ReadAsync(node, "cookie", "ck-ann", await PublishAsync(node, "3", ("cookie", "ck-ann")))).Activity.EventCount);
        }
    }

    [Fact]
    public async Task Who_was_erased_after_a_backup_does_not_come_back_with_it_be_it_one_customer_or_still_two()
    {
        string receipt;
        await using (var node = await StartAsync(Data))
        {
            await PublishAsync(node, "a1", ("email", "ann@example.org"));
            await PublishAsync(node, "a2", ("cookie", "ck-ann"));
            await PublishAsync(node, "b1", ("email", "bob@example.org"));
            await node.SettleAsync();
            await CreateAsync(node, "before");

            // Only now it turns out that two are one.
            await ReadAsync(node, "cookie", "ck-ann", await PublishAsync(node, "a3", ("email", "ann@example.org"), ("cookie", "ck-ann")));
            receipt = (await EraseAsync(node, "email", "ann@example.org")).Receipt.Id;
        }

        Assert.Empty(HeldFiles.Missing(Path.Combine(Backups, "before"), "ann@example.org"));
        Assert.DoesNotContain("ann", await File.ReadAllTextAsync(Path.Combine(Backups, "erasures.jsonl"), Cancel), StringComparison.Ordinal);
        await RestoreAsync("before");
        Assert.Contains("1 noted", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal(1, await _cdp.RunAsync("copy", "--from", Restored, "--to", _folder.File("copy")));
        Assert.Contains("not started yet", _cdp.Error, StringComparison.Ordinal);
        await using (var node = await StartAsync(Restored))
        {
            await GoneAsync(node, "email", "ann@example.org");
            await GoneAsync(node, "cookie", "ck-ann");
            Assert.Equal(1, (await ReadAsync(node, "email", "bob@example.org", "")).Activity.EventCount);
            Assert.Empty(HeldFiles.Holding(Restored, "erased", "ann@example.org", "ck-ann"));
            Assert.False(File.Exists(Path.Combine(Restored, "erase-again.jsonl")));
            Assert.Equal(receipt, (await node.Client.Privacy.GetErasureReceiptAsync(new GetErasureReceiptRequest { Id = receipt }, cancellationToken: Cancel)).Receipt.Id);

            // What is sent again is known; who comes with the same identifier is somebody new, also to a later restore.
            await GoneAsync(node, "email", "ann@example.org", await PublishAsync(node, "a1", ("email", "ann@example.org")));
            Assert.Equal(1, (await ReadAsync(node, "email", "ann@example.org", await PublishAsync(node, "new", ("email", "ann@example.org")))).Activity.EventCount);
            await CreateAsync(node, "after");
        }

        Directory.Delete(Restored, recursive: true);
        await RestoreAsync("after");
        await using (var node = await StartAsync(Restored))
        {
            Assert.Equal(1, (await ReadAsync(node, "email", "ann@example.org", "")).Activity.EventCount);
            await GoneAsync(node, "cookie", "ck-ann");
        }
    }

    [Fact]
    public async Task Who_comes_anew_after_a_restore_of_a_backup_from_before_is_not_taken_for_who_was_erased()
    {
        await using (var node = await StartAsync(Data))
        {
            await PublishAsync(node, "b1", ("email", "bob@example.org"));
            await CreateAsync(node, "empty");
            await ReadAsync(node, "email", "ann@example.org", await PublishAsync(node, "a1", ("email", "ann@example.org")));
            await EraseAsync(node, "email", "ann@example.org");
        }

        await RestoreAsync("empty");
        await using (var node = await StartAsync(Restored))
        {
            Assert.Equal(1, (await ReadAsync(node, "email", "bob@example.org", "")).Activity.EventCount);
            await ReadAsync(node, "email", "ann@example.org", await PublishAsync(node, "a9", ("email", "ann@example.org")));
            await CreateAsync(node, "with-ann");
        }

        Directory.Delete(Restored, recursive: true);
        await RestoreAsync("with-ann");
        await using (var node = await StartAsync(Restored)) Assert.Equal(1, (await ReadAsync(node, "email", "ann@example.org", "")).Activity.EventCount);
    }

    [Fact]
    public async Task Erasures_from_before_the_directory_was_configured_are_noted_at_the_start_and_before_a_backup()
    {
        await using (var node = await RunningNode.StartAsync(Data))
        {
            await ReadAsync(node, "email", "ann@example.org", await PublishAsync(node, "a1", ("email", "ann@example.org")));
            await EraseAsync(node, "email", "ann@example.org");
            Assert.Equal("BACKUPS_OFF", (await Assert.ThrowsAsync<CallException>(() => CreateAsync(node, ""))).Reason);
        }

        var ledger = Path.Combine(Backups, "erasures.jsonl");
        await using (var node = await StartAsync(Data)) Assert.Single(await File.ReadAllLinesAsync(ledger, Cancel));
        var noted = await File.ReadAllTextAsync(ledger, Cancel);
        await using (var node = await StartAsync(Data))
        {
            await ReadAsync(node, "email", "eve@example.org", await PublishAsync(node, "e1", ("email", "eve@example.org")));
            await EraseAsync(node, "email", "eve@example.org");
            var lines = await File.ReadAllLinesAsync(ledger, Cancel);
            Assert.Equal((2, noted.Trim()), (lines.Length, lines[0]));
        }

        // A line that a crash cut short was never promised; a whole one that is damaged stops whoever reads it.
        await File.AppendAllTextAsync(ledger, "{\"tenant\":\"de", Cancel);
        await using (var node = await StartAsync(Data)) Assert.Equal(2, (await File.ReadAllLinesAsync(ledger, Cancel)).Length);
        await using (var node = await StartAsync(Data)) await CreateAsync(node, "one");
        await File.AppendAllTextAsync(ledger, "{\"tenant\":7}\n", Cancel);
        Assert.Equal(1, await _cdp.RunAsync("restore", Path.Combine(Backups, "one"), "--data", Restored));
        Assert.Contains("line 3", _cdp.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Restored));
    }

    [Fact]
    public async Task A_tenant_that_was_deleted_after_a_backup_does_not_come_back_with_it()
    {
        await using (var node = await StartAsync(Data))
        {
            await PublishAsync(node, "b1", ("email", "bob@example.org"));
            await node.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "shop" } }, cancellationToken: Cancel);
            var key = await node.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "shop", Roles = { Role.Admin }, DefaultPurpose = "service" }, cancellationToken: Cancel);
            using var client = node.ClientWith(key.Secret);
            var made = new Event { Id = "a1", Type = "Product Viewed", Source = "tests", Channel = "web", Identifiers = { new Identifier { Namespace = "email", Value = "ann@example.org" } } };
            await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Cancel);
            await CreateAsync(node, "before");
            await DeleteAsync(node);
        }

        Assert.Empty(HeldFiles.Holding(Data, "erased", "ann@example.org"));
        Assert.Empty(HeldFiles.Missing(Path.Combine(Backups, "before"), "ann@example.org"));
        var ledger = Path.Combine(Backups, "erasures.jsonl");
        Assert.Contains("\"whole_tenant\":true", Assert.Single(await File.ReadAllLinesAsync(ledger, Cancel)), StringComparison.Ordinal);
        await RestoreAsync("before");
        await using (var node = await StartAsync(Restored))
        {
            Assert.Empty(HeldFiles.Holding(Restored, "erased", "ann@example.org"));
            Assert.Equal(1, (await ReadAsync(node, "email", "bob@example.org", "")).Activity.EventCount);
            Assert.Equal("restore", (await DeleteAsync(node)).RequestedBy);
        }

        // A lost ledger is written anew from what is left of the tenant.
        File.Delete(ledger);
        await using (var node = await StartAsync(Data)) Assert.Contains("\"tenant\":\"shop\"", Assert.Single(await File.ReadAllLinesAsync(ledger, Cancel)), StringComparison.Ordinal);

        static async Task<TenantDeletion> DeleteAsync(RunningNode node) =>
            (await node.Client.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = "shop" }, cancellationToken: Cancel)).Deletion;
    }

    [Fact]
    public async Task A_database_that_was_restored_by_its_own_means_is_told_by_hand_who_was_erased()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync("fsync=off");
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, partitions: 4, epoch: null, Cancel);
        await using (var node = await StartAsync(server.Url))
        {
            await PublishAsync(node, "a1", ("email", "ann@example.org"));
            await PublishAsync(node, "b1", ("email", "bob@example.org"));
            await node.SettleAsync();
            Assert.Equal("BACKUPS_ELSEWHERE", (await Assert.ThrowsAsync<CallException>(() => CreateAsync(node, "one"))).Reason);
        }

        // As pg_dump and pg_restore would; who made the tables may still be connected.
        NpgsqlConnection.ClearAllPools();
        await using (var connection = new NpgsqlConnection(server.ConnectionString.Replace("Database=postgres", "Database=template1", StringComparison.Ordinal)))
        {
            await connection.OpenAsync(Cancel);
            await using var copy = new NpgsqlCommand("CREATE DATABASE restored TEMPLATE postgres", connection);
            await copy.ExecuteNonQueryAsync(Cancel);
        }

        await using (var node = await StartAsync(server.Url)) await EraseAsync(node, "email", "ann@example.org");
        Directory.CreateDirectory(Restored);
        File.Copy(Path.Combine(Backups, "erasures.jsonl"), Path.Combine(Restored, "erase-again.jsonl"));
        await using (var node = await RunningNode.StartAsync(server.Url.Replace("/postgres", "/restored", StringComparison.Ordinal), beside: Restored))
        {
            await GoneAsync(node, "email", "ann@example.org");
            Assert.Equal(1, (await ReadAsync(node, "email", "bob@example.org", "")).Activity.EventCount);
        }

        Assert.False(File.Exists(Path.Combine(Restored, "erase-again.jsonl")));
    }

    [Fact]
    public async Task A_restore_overwrites_nothing_and_asks_for_the_erasures()
    {
        await using (var node = await StartAsync(Data)) await CreateAsync(node, "one");
        var one = Path.Combine(Backups, "one");
        Assert.Equal(1, await _cdp.RunAsync("restore", one, "--data", Data));
        Assert.Contains("not empty", _cdp.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cdp.RunAsync("restore", Backups, "--data", Restored, "--without-erasures"));
        Assert.Contains("no manifest.json", _cdp.Error, StringComparison.Ordinal);

        var elsewhere = _folder.File("elsewhere.jsonl");
        File.Move(Path.Combine(Backups, "erasures.jsonl"), elsewhere);
        Assert.Equal(1, await _cdp.RunAsync("restore", one, "--data", Restored));
        Assert.Contains("--without-erasures", _cdp.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _cdp.RunAsync("restore", one, "--data", Restored, "--without-erasures", "--erasures", elsewhere));
        Assert.False(Directory.Exists(Restored));
        Assert.True(await _cdp.RunAsync("restore", one, "--data", Restored, "--without-erasures") == 0, _cdp.Error);
        Assert.False(File.Exists(Path.Combine(Restored, "erase-again.jsonl")));
        Directory.CreateDirectory(_folder.File("empty"));
        Assert.True(await _cdp.RunAsync("restore", one + Path.DirectorySeparatorChar, "--data", _folder.File("empty"), "--erasures", elsewhere, "--json") == 0, _cdp.Error);
        Assert.Contains("\"noted_erasures\": 0", _cdp.Out, StringComparison.Ordinal);
        await using (await RunningNode.StartAsync(_folder.File("empty")))
        {
        }
    }

    [Fact]
    public async Task A_directory_of_backups_is_one_server_s_and_no_part_of_the_data()
    {
        await using var node = await StartAsync(Data);
        var taken = await Assert.ThrowsAsync<SettingException>(() => RunningNode.StartAsync(_folder.File("other"), backups: Backups));
        Assert.Contains("BackupDirectory", taken.Message, StringComparison.Ordinal);
        foreach (var inside in new[] { "data", "data/backups", "data/../data/b" })
            Assert.Contains("BackupDirectory", Assert.Throws<SettingException>(() => (new NodeOptions { DataDirectory = Data, BackupDirectory = _folder.File(inside) }).Checked()).Message, StringComparison.Ordinal);
        Assert.NotNull((new NodeOptions { DataDirectory = Data, BackupDirectory = _folder.File("data-backups") }).Checked());
    }

    [Fact]
    public async Task A_damaged_backup_is_told_with_its_file_and_is_not_restored()
    {
        await using (var node = await StartAsync(Data))
        {
            await PublishAsync(node, "1", ("email", "ann@example.org"));
            await CreateAsync(node, "one");
        }

        var one = Path.Combine(Backups, "one");
        foreach (var path in Directory.GetFiles(one))
        {
            var sound = await File.ReadAllBytesAsync(path, Cancel);
            var damaged = (byte[])sound.Clone();
            damaged[sound.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(path, damaged, Cancel);
            Assert.Equal(1, await _cdp.RunAsync("verify", one, "--json"));
            Assert.Contains(Path.GetFileName(path), _cdp.Error, StringComparison.Ordinal);
            Assert.Equal(1, await _cdp.RunAsync("restore", one, "--data", Restored));
            Assert.False(Directory.Exists(Restored));
            await File.WriteAllBytesAsync(path, sound, Cancel);
        }

        var moved = Path.Combine(one, "log.db");
        File.Move(moved, _folder.File("log.db"));
        Assert.Equal(1, await _cdp.RunAsync("verify", one));
        Assert.Contains("log.db: it is missing", _cdp.Error, StringComparison.Ordinal);
        File.Move(_folder.File("log.db"), moved);
        Assert.True(await _cdp.RunAsync("verify", one) == 0, _cdp.Error);
    }

    private Task<RunningNode> StartAsync(string data) => RunningNode.StartAsync(data, backups: Backups);

    private async Task RestoreAsync(string name) => Assert.True(await _cdp.RunAsync("restore", Path.Combine(Backups, name), "--data", Restored) == 0, _cdp.Error);

    private static Task<CreateBackupResponse> CreateAsync(RunningNode node, string name) =>
        node.Client.Operations.CreateBackupAsync(new CreateBackupRequest { Name = name }, cancellationToken: Cancel);

    private static async Task<string> PublishAsync(RunningNode node, string id, params (string Namespace, string Value)[] identifiers)
    {
        var made = new Event { Id = id, Type = "Product Viewed", Source = "tests", Channel = "web" };
        made.Identifiers.AddRange(identifiers.Select(i => new Identifier { Namespace = i.Namespace, Value = i.Value }));
        var sent = await node.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Cancel);
        Assert.Empty(sent.Refused);
        return sent.Token;
    }

    private static async Task<Profile> ReadAsync(RunningNode node, string ns, string value, string token) => (await node.Client.Profiles.GetProfileAsync(
        new GetProfileRequest { Customer = Ref(ns, value), Purpose = "service", Fields = { "activity" }, AfterToken = token }, cancellationToken: Cancel)).Profile;

    private static async Task GoneAsync(RunningNode node, string ns, string value, string token = "") =>
        Assert.Equal("CUSTOMER_NOT_FOUND", (await Assert.ThrowsAsync<CallException>(() => ReadAsync(node, ns, value, token))).Reason);

    private static Task<EraseCustomerResponse> EraseAsync(RunningNode node, string ns, string value) =>
        node.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = Ref(ns, value) }, cancellationToken: Cancel);

    private static CustomerRef Ref(string ns, string value) => new() { Identifier = new Identifier { Namespace = ns, Value = value } };
}
