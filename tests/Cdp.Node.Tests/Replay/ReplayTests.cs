using Cdp.CrashKit;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Node.Commands;
using Cdp.Node.Replay;
using Cdp.Node.Tests.Running;
using Cdp.State.V1;
using Cdp.Storage;
using Cdp.Storage.Sqlite;

namespace Cdp.Node.Tests.Replay;

/// <summary>A customer is the fold of its history: whatever else is lost comes back, with the same ids and the same bytes.</summary>
public sealed class ReplayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_replay_gives_the_same_ids_and_bytes_in_any_interleaving(int seed)
    {
        var before = await MakeAsync(seed, events: 1500);

        var first = await ReplayAsync(new ReplayOptions { Compare = true });
        Assert.Equal(first.DigestBefore, first.Digest);
        Assert.Empty(first.Different);
        Assert.True(first.Merged > 5, $"only {first.Merged} merges: the traffic shows too little");
        Assert.Equal(before, await ObserveAsync());

        foreach (var interleaving in new int?[] { null, 1, 2, 3 })
        {
            var again = await ReplayAsync(new ReplayOptions { FromLog = true, Seed = interleaving });
            Assert.Equal(
                (first.Digest, first.Customers, first.Merged, first.Events, first.Decisions, 0),
                (again.Digest, again.Customers, again.Merged, again.Events, again.Decisions, again.NewDecisions));
        }

        Assert.Equal(before, await ObserveAsync());
    }

    [Fact]
    public async Task A_node_goes_on_where_a_replay_left_it()
    {
        await MakeAsync(seed: 5, events: 400);
        await ReplayAsync(new ReplayOptions { FromLog = true, Seed = 4 });

        var grown = await MakeAsync(seed: 6, events: 400);

        var report = await ReplayAsync(new ReplayOptions { Compare = true });
        Assert.Equal(report.DigestBefore, report.Digest);
        Assert.Equal(grown, await ObserveAsync());
        Assert.Equal(report.Digest, (await ReplayAsync(new ReplayOptions { FromLog = true, Seed = 5 })).Digest);
    }

    [Theory]
    [InlineData("history-appended:40")]
    [InlineData("merge-sealed:2")]
    [InlineData("merge-absorbed:3")]
    [InlineData("position-committing:2")]
    [InlineData("snapshot-writing:30")]
    public async Task A_killed_replay_is_not_served_and_can_be_run_again(string step)
    {
        await MakeAsync(seed: 9, events: 600);
        var expected = await ReplayAsync(new ReplayOptions());

        Assert.Equal(CdpProcess.Killed, await KilledAsync(step));

        var refused = await Assert.ThrowsAsync<StorageException>(() => RunningNode.StartAsync(_folder.Path));
        Assert.Contains("cdp replay", refused.Message, StringComparison.Ordinal);

        // Also without --from-log: the histories are gone, and come back from the log.
        Assert.Equal(expected.Digest, (await ReplayAsync(new ReplayOptions())).Digest);
        await using var node = await RunningNode.StartAsync(_folder.Path);
    }

    [Fact]
    public async Task An_erased_event_stays_erased_in_every_interleaving_and_when_it_is_sent_again()
    {
        var before = await MakeAsync(seed: 21, events: 800);
        var erased = await EraseAsync(every: 5);

        var expected = await ReplayAsync(new ReplayOptions());
        foreach (var interleaving in new int?[] { null, 1, 2 })
        {
            var again = await ReplayAsync(new ReplayOptions { FromLog = true, Seed = interleaving });
            Assert.Equal((expected.Digest, expected.Events, 0), (again.Digest, again.Events, again.NewDecisions));
        }

        Assert.NotEqual(before, await ObserveAsync());
        await MakeAsync(seed: 21, events: 800);

        var records = await RecordsAsync();
        Assert.True(records.Count(r => erased.Contains(r.Id)) > 1.5 * erased.Count, "hardly anything was sent again");
        Assert.All(records, r => Assert.Equal(erased.Contains(r.Id), r.Erased));
    }

    [Fact]
    public async Task Data_in_use_is_refused_with_the_name_of_its_process()
    {
        await using var node = await RunningNode.StartAsync(_folder.Path);

        var (code, _, error) = await CommandAsync("replay", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains($"process {Environment.ProcessId}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_prints_a_digest_and_its_exit_code_says_whether_it_is_the_expected_one()
    {
        await MakeAsync(seed: 11, events: 200);

        var (code, text, _) = await CommandAsync("replay", "--data", _folder.Path, "--compare", "--json");
        Assert.Equal(ExitCode.Success, code);
        var digest = System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("digest").GetString()!;
        Assert.Equal(64, digest.Length);

        (code, text, _) = await CommandAsync("replay", "--data", _folder.Path, "--from-log", "--seed", "3", "--expect", digest);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains(digest, text, StringComparison.Ordinal);

        (code, _, var error) = await CommandAsync("replay", "--data", _folder.Path, "--expect", new string('0', 64));
        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains(digest, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_data_nothing_is_made()
    {
        var nowhere = _folder.File("nowhere");
        var (code, _, error) = await CommandAsync("replay", "--data", nowhere);
        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains(nowhere, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(nowhere));
        (code, _, _) = await CommandAsync("replay", "--data", _folder.Path, "--seed", "3");
        Assert.Equal(ExitCode.Usage, code);
    }

    private Task<SortedDictionary<string, string>> MakeAsync(int seed, int events) => Shop.MakeAsync(_folder.Path, seed, events);

    private Task<SortedDictionary<string, string>> ObserveAsync() => Shop.ObserveAsync(_folder.Path);

    /// <summary>Erases all copies of every n-th event; returns which events they are.</summary>
    private async Task<HashSet<(string Tenant, ulong, ulong)>> EraseAsync(int every)
    {
        var records = await RecordsAsync();
        var erased = records.Select(r => r.Id).Distinct().Where((_, i) => i % every == 0).ToHashSet();
        await using var store = await SqliteStore.OpenAsync(_folder.Path);
        foreach (var record in records.Where(r => erased.Contains(r.Id)))
            Assert.True(await ErasedEvents.EraseAsync(store.Log, record.Partition, record.Position, Cancel));
        return erased;
    }

    /// <summary>The log's records that count.</summary>
    private async Task<List<((string Tenant, ulong, ulong) Id, int Partition, long Position, bool Erased)>> RecordsAsync()
    {
        await using var store = await SqliteStore.OpenAsync(_folder.Path);
        var found = new List<((string, ulong, ulong), int, long, bool)>();
        for (var partition = 0; partition < store.Log.Partitions; partition++)
        {
            foreach (var (position, record) in await store.Log.ReadAsync(partition, 0, int.MaxValue, Cancel))
            {
                if (record.Flags.HasFlag(LogRecordFlags.Refused)) continue;
                var logged = LoggedEvent.Parser.ParseFrom(record.Payload.Span);
                Assert.Equal(logged.Erased, logged.Event.IsEmpty);
                found.Add(((record.Tenant, logged.IdHashHigh, logged.IdHashLow), partition, position, logged.Erased));
            }
        }

        return found;
    }

    private async Task<ReplayReport> ReplayAsync(ReplayOptions options)
    {
        await using var store = await SqliteStore.OpenAsync(_folder.Path);
        return await new Replayer(
            store, options, TimeProvider.System, _ => { }, (remedy, error) => Assert.Fail($"{remedy}: {error}"), NoStepObserver.Instance).RunAsync(Cancel);
    }

    /// <summary>Replays from the log in another process that kills itself at a step; returns its exit code.</summary>
    private async Task<int> KilledAsync(string step)
    {
        var options = new CdpProcessOptions { Environment = new Dictionary<string, string> { [CrashAt.Variable] = step } };
        await using var process = CdpProcess.Start(["replay", "--data", _folder.Path, "--from-log"], options);
        return await process.WaitAsync(Cancel);
    }

    private static async Task<(int Code, string Out, string Error)> CommandAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var context = new CommandContext
        {
            Out = output,
            Error = error,
            OpenInput = () => Stream.Null,
            Variable = _ => null,
            Time = TimeProvider.System,
            Connect = _ => throw new InvalidOperationException("A replay needs no server."),
        };
        var code = await CommandRunner.RunAsync(RootCommandFactory.Create(context, ReplayCommand.Create(context)), context, args, Cancel);
        return (code, output.ToString(), error.ToString());
    }
}
