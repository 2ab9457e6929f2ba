using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Crash.Tests;

/// <summary>Backups of a real server under load, restored elsewhere, by processes that are killed.</summary>
public sealed class BackupKillTests
{
    private const int Backups = 4;

    private static readonly string[] Secrets = ["anna@example.org", "ck-anna", "measles", "ev-anna"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backup_under_load_has_every_event_that_was_acknowledged_before_once()
    {
        using var directory = new TemporaryDirectory();
        var run = new CrashRun(directory["data"], seed: 23);
        var acknowledged = new List<IReadOnlyList<MadeEvent>>();
        var seen = new List<IReadOnlyList<string>>();
        await using (var child = Serve(directory["data"], directory))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            Assert.Equal(0, await run.SendAsync(() => client, BackUpAsync, Backups, Token));

            async Task BackUpAsync()
            {
                acknowledged.Add(run.Ledger.Events);
                seen.Add(run.Ledger.Seen(acknowledged[^1].SelectMany(made => made.Nodes).Distinct(StringComparer.Ordinal)));
                await client.Operations.CreateBackupAsync(new CreateBackupRequest { Name = $"b{acknowledged.Count}" }, cancellationToken: Token);
            }
        }

        for (var i = Backups; i > 0; i -= Backups - 1)
        {
            var (backup, data) = (Path.Combine(directory["backups"], $"b{i}"), directory[$"restored-{i}"]);
            await SucceedAsync("verify", backup);
            await SucceedAsync("restore", backup, "--data", data);
            await using (var child = CdpProcess.Serve(data))
            {
                using var client = CdpProcess.Connect((await child.Address)!);
                var request = new TraceEventRequest();
                foreach (var made in acknowledged[i - 1])
                {
                    (request.EventId, request.Source, request.Identifier) = (made.Event.Id, made.Event.Source, made.Event.Identifiers[0]);
                    var traced = await client.Events.TraceEventAsync(request, cancellationToken: Token);
                    Assert.True(traced.State is EventState.Applied or EventState.Pending, $"backup {i}: {made.Event.Id} is {traced.State}");
                }

                // An id that a read told leads to its customer, merged or not.
                foreach (var id in seen[i - 1]) await ReadAsync(client, new CustomerRef { CustomerId = id }, "");
                var comparison = await run.ResendAsync(client, Token);
                TestContext.Current.TestOutputHelper?.WriteLine($"backup {i}: {acknowledged[i - 1].Count} of {run.Ledger.Acknowledged} events were acknowledged before, {seen[i - 1].Count} ids seen; {comparison.Customers} customers");
                Assert.True(comparison.IsClean, string.Join('\n', comparison.Differences));
                await child.SignalAsync("TERM", Token);
                await child.WaitAsync(Token);
            }

            await SucceedAsync("replay", "--from-log", "--compare", "--data", data);
        }
    }

    [Fact]
    public async Task A_restore_and_its_erasures_go_on_after_a_kill_at_any_step()
    {
        using var directory = new TemporaryDirectory();
        await using (var child = Serve(directory["data"], directory))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            await LiveAsync(client);
            await client.Operations.CreateBackupAsync(new CreateBackupRequest { Name = "before" }, cancellationToken: Token);
            foreach (var email in new[] { "anna@example.org", "eve@example.org" })
                await client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = Ref("email", email) }, cancellationToken: Token);
        }

        var backup = Path.Combine(directory["backups"], "before");
        foreach (var step in RecoverySteps.ByRestores)
        {
            var data = directory[step];
            await using (var killed = CdpProcess.Start(["restore", backup, "--data", data], new CdpProcessOptions { Environment = new Dictionary<string, string> { ["CDP_CRASH_AT"] = $"{step}:1" } }))
                Assert.Equal(CdpProcess.Killed, await killed.WaitAsync(Token));
            Assert.Equal(step == RecoverySteps.RestoreMoved, Directory.Exists(data));
            if (step != RecoverySteps.RestoreMoved) await SucceedAsync("restore", backup, "--data", data);
            await GoneAsync(data, crashAt: null);
        }

        foreach (var step in (string[])[RecoverySteps.ErasureListed, RecoverySteps.ErasureReceipted, RecoverySteps.ErasureRepeated, RecoverySteps.ErasuresRepeated])
        {
            var data = directory[step];
            await SucceedAsync("restore", backup, "--data", data);
            await GoneAsync(data, $"{step}:1");
        }

        var last = directory[RecoverySteps.ErasureListed];
        await SucceedAsync("replay", "--from-log", "--data", last);
        Assert.Empty(HeldFiles.Holding(last, "replayed", Secrets));
        await GoneAsync(last, crashAt: null);
    }

    /// <summary>Starts a server on what was restored, kills it at a step, and sees that after the next start nobody who was erased is there.</summary>
    private static async Task GoneAsync(string data, string? crashAt)
    {
        if (crashAt is not null)
        {
            await using var killed = CdpProcess.Serve(data, crashAt);
            Assert.Null(await killed.Address);
            Assert.Equal(CdpProcess.Killed, await killed.WaitAsync(Token));
        }

        await using var child = CdpProcess.Serve(data);
        using var client = CdpProcess.Connect((await child.Address)!);
        foreach (var gone in (CustomerRef[])[Ref("email", "anna@example.org"), Ref("cookie", "ck-anna"), Ref("email", "eve@example.org")])
            Assert.Equal(Code.NotFound, (await Assert.ThrowsAsync<CallException>(() => ReadAsync(client, gone, ""))).StatusCode);
        Assert.Equal(1, (await ReadAsync(client, Ref("email", "bob@example.org"), "")).Activity.EventCount);
        Assert.Empty(HeldFiles.Holding(data, crashAt ?? "restored", Secrets));
        Assert.Empty(Directory.GetFiles(data, "erase-again*"));
    }

    private static CdpProcess Serve(string data, TemporaryDirectory directory) =>
        CdpProcess.Serve(data, partitions: 4, settings: new Dictionary<string, string> { ["Cdp__BackupDirectory"] = directory["backups"] });

    private static async Task SucceedAsync(params string[] arguments)
    {
        await using var child = CdpProcess.Start(arguments, new CdpProcessOptions());
        Assert.True(await child.WaitAsync(Token) == 0, child.Output);
    }

    private static async Task LiveAsync(CdpClient client)
    {
        var events = Enumerable.Range(0, 50).Select(i => Event($"ev-anna-{i}", ("cookie", "ck-anna")));
        var signed = Event("ev-anna-sign", ("email", "anna@example.org"), ("cookie", "ck-anna"));
        signed.Traits = new TraitChanges { Set = { ["illness"] = new Value { StringValue = "measles" } } };
        var token = await Dying.PublishAsync(client, [.. events, signed, Event("ev-eve", ("email", "eve@example.org")), Event("ev-bob", ("email", "bob@example.org"))]);
        Assert.Equal(51, (await ReadAsync(client, Ref("email", "anna@example.org"), token)).Activity.EventCount);
    }

    private static Event Event(string id, params (string Namespace, string Value)[] identifiers)
    {
        var made = new Event { Id = id, Type = "Product Viewed", Source = "tests", Channel = "web" };
        made.Identifiers.AddRange(identifiers.Select(i => new Identifier { Namespace = i.Namespace, Value = i.Value }));
        return made;
    }

    private static async Task<Profile> ReadAsync(CdpClient client, CustomerRef customer, string token) => (await client.Profiles.GetProfileAsync(
        new GetProfileRequest { Customer = customer, Purpose = "service", Fields = { "activity" }, AfterToken = token }, cancellationToken: Token)).Profile;

    private static CustomerRef Ref(string ns, string value) => new() { Identifier = new Identifier { Namespace = ns, Value = value } };
}
