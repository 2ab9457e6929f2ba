using System.Diagnostics.Metrics;
using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

public sealed class SqliteStoreTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_directory_in_use_names_its_owners_process()
    {
        using var directory = new TemporaryDirectory();
        await using (await SqliteStore.OpenAsync(directory.Path))
        {
            var failure = await Assert.ThrowsAsync<StoreInUseException>(() => SqliteStore.OpenAsync(directory.Path));
            Assert.Contains($"process {Environment.ProcessId}, started ", failure.Message, StringComparison.Ordinal);
            Assert.Contains(Environment.MachineName, failure.Message, StringComparison.Ordinal);
        }

        await (await SqliteStore.OpenAsync(directory.Path)).DisposeAsync();
    }

    [Fact]
    public async Task The_lock_of_a_dead_process_is_taken_over()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["lock.owner"], "process 1, started long ago, on another host, and a text longer than ours will be, so that a rest of it would be seen", Token);
        await File.WriteAllTextAsync(directory["lock"], "", Token);
        await using var store = await SqliteStore.OpenAsync(directory.Path);
        var failure = await Assert.ThrowsAsync<StoreInUseException>(() => SqliteStore.OpenAsync(directory.Path));
        Assert.DoesNotContain("long ago", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a rest of it", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_number_of_partitions_is_kept()
    {
        using var directory = new TemporaryDirectory();
        await using (var store = await SqliteStore.OpenAsync(directory.Path)) Assert.Equal(16, store.Log.Partitions);
        var failure = await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 8 }));
        Assert.Contains("made with 16 partitions", failure.Message, StringComparison.Ordinal);
        await using (var store = await SqliteStore.OpenAsync(directory.Path)) Assert.Equal(16, store.Log.Partitions);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 0 }));
    }

    [Fact]
    public async Task Two_logs_have_two_epochs()
    {
        using TemporaryDirectory one = new(), two = new();
        await using SqliteStore a = await SqliteStore.OpenAsync(one.Path), b = await SqliteStore.OpenAsync(two.Path);
        Assert.NotEqual(a.Log.Epoch, b.Log.Epoch);
    }

    [Fact]
    public async Task Callers_never_go_on_on_the_writers_thread()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path);
        var names = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await store.Log.AppendAsync(i % 16, [Bytes.Record("t", "a")], Token).ConfigureAwait(false);
            return Thread.CurrentThread.Name ?? "";
        }));
        Assert.DoesNotContain(names, n => n.EndsWith("writer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_queued_when_a_store_closes_is_written_and_later_calls_fail()
    {
        using var directory = new TemporaryDirectory();
        var store = await SqliteStore.OpenAsync(directory.Path);
        var appends = Enumerable.Range(0, 300).Select(_ => store.Log.AppendAsync(0, [Bytes.Record("t", "a")], Token).AsTask()).ToList();
        await store.DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 300).Select(i => (long)i), await Task.WhenAll(appends));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.Log.AppendAsync(0, [Bytes.Record("t", "a")], Token).AsTask());
        Assert.Throws<ObjectDisposedException>(() => { _ = store.State.ReadAsync("kind", "key", Token).AsTask(); });
        await using var reopened = await SqliteStore.OpenAsync(directory.Path);
        Assert.Equal(300, await reopened.Log.EndAsync(0, Token));
    }

    [Fact]
    public async Task Concurrent_appends_share_commits_and_rows_and_many_tenants_fit()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1 });
        using var commits = new CommitCounter(store);
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => store.Log.AppendAsync(0, [Bytes.Record($"tenant {i % 700}", $"{i}")], Token).AsTask()));
        Assert.InRange(commits.Of("log"), 1, 1000);
        var records = await store.Log.ReadAsync(0, 0, int.MaxValue, Token);
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"tenant {i % 700}:{i}"), records.Select(r => $"{r.Record.Tenant}:{Bytes.Text(r.Record.Payload)}"));
    }

    [Fact]
    public async Task The_write_ahead_log_starts_over_while_writes_go_on()
    {
        using var directory = new TemporaryDirectory();
        const int LogBytes = 1 << 20;
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, CheckpointBytes = LogBytes });
        var payload = Bytes.Random(1, 100_000);
        for (var i = 0; i < 400; i++) await store.Log.AppendAsync(0, [new LogRecord("t", LogRecordFlags.None, 0, payload)], Token);
        Assert.InRange(new FileInfo(directory["log.db-wal"]).Length, 1, 400 * 100_000 / 2);
        Assert.Equal(400, (await store.Maintenance.VerifyLogAsync(Token)).Records);
    }

    /// <summary>Counts commits by the store's own instrument.</summary>
    private sealed class CommitCounter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, long> _commits = [];

        public CommitCounter(SqliteStore store)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == store && instrument.Name == "cdp.storage.commits") listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            {
                lock (_commits)
                {
                    var file = (string)tags[0].Value!;
                    _commits[file] = _commits.GetValueOrDefault(file) + value;
                }
            });
            _listener.Start();
        }

        public long Of(string file)
        {
            lock (_commits) return _commits.GetValueOrDefault(file);
        }

        public void Dispose() => _listener.Dispose();
    }
}
