using System.Diagnostics.Metrics;
using System.Text;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Merges go on beside writes and reads, and nobody notices but the memory.</summary>
public sealed class MergeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readers_beside_merges_miss_nothing_that_was_acknowledged()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, MemtableBytes = 2000 });
        const int Keys = 8, Rounds = 150;
        var acknowledged = new int[Keys];
        var writers = Enumerable.Range(0, Keys).Select(key => Task.Run(async () =>
        {
            string? tag = null;
            for (var i = 0; i < Rounds; i++)
            {
                Assert.True(await store.History.AppendAsync($"h{key}", i, 1, Bytes.Of($"{key}.{i}"), Token));
                tag = await store.State.WriteAsync("kind", $"s{key}", Bytes.Of($"{i}"), tag, Token);
                Assert.NotNull(tag);
                await store.Customers.AddAsync("shop", $"{key}-{i:d4}", Token);
                Volatile.Write(ref acknowledged[key], i + 1);
            }
        })).ToList();
        var writing = Task.WhenAll(writers);
        var reads = 0;
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Run(async () =>
        {
#pragma warning disable CA5394 // Nothing secret.
            var random = new Random(seed);
            while (!writing.IsCompleted)
            {
                var key = random.Next(Keys);
                var least = Volatile.Read(ref acknowledged[key]);
                var from = random.Next(least + 1);
#pragma warning restore CA5394
                var slices = await store.History.ReadAsync($"h{key}", from, int.MaxValue, Token);
                Assert.True(slices.Count >= least - from, $"{slices.Count} slices from {from}, {least} were acknowledged.");
                Assert.Equal(Enumerable.Range(from, slices.Count).Select(i => $"{i}:{key}.{i}"), slices.Select(s => $"{s.First}:{Bytes.Text(s.Bytes)}"));
                Assert.True(await store.History.LengthAsync($"h{key}", Token) >= least);
                if (least > 0) Assert.True(int.Parse(Bytes.Text((await store.State.ReadAsync("kind", $"s{key}", Token)).Value), System.Globalization.CultureInfo.InvariantCulture) >= least - 1);
                var page = await store.Customers.PageAsync("shop", $"{key}-", least, Token);
                Assert.Equal(Enumerable.Range(0, least).Select(i => $"{key}-{i:d4}"), page);
                Interlocked.Increment(ref reads);
            }
        })).ToList();
        await writing;
        await Task.WhenAll(readers);
        Assert.True(reads > 10, $"Only {reads} reads happened beside the writes.");
    }

    [Fact]
    public async Task What_is_not_merged_yet_stays_within_two_memtables_and_a_transaction()
    {
        const int Memtable = 200_000, Transaction = 50_000, Value = 1000;
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, MemtableBytes = Memtable, TransactionBytes = Transaction });
        using var memtables = new Gauge(store, "cdp.storage.memtables");
        var most = 0L;
        for (var round = 0; round < 40; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(i => store.State.WriteAsync("kind", $"{round}-{i}", Bytes.Random(i, Value), null, Token).AsTask()));
            most = Math.Max(most, memtables.Read());
        }

        Assert.InRange(most, Memtable / 2, 2 * (Memtable + (2 * Transaction)));
        Assert.InRange(Directory.GetFiles(directory.Path, "state.db.journal-*").Sum(LengthOf), 1, 2 * (Memtable + (2 * Transaction)));
        for (var round = 0; round < 40; round++) Assert.Equal(Value, (await store.State.ReadAsync("kind", $"{round}-7", Token)).Value.Length);
    }

    [Fact]
    public async Task What_waits_before_the_queue_keeps_its_order_and_can_be_given_up()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, QueueBytes = 200 });
        var all = Enumerable.Range(0, 300).Select(i => store.History.AppendAsync("all", i, 1, Bytes.Of($"{i}"), Token).AsTask()).ToList();
        Assert.All(await Task.WhenAll(all), Assert.True);

        using var source = new CancellationTokenSource();
        var some = Enumerable.Range(0, 3000).Select(i => store.History.AppendAsync("some", i, 1, Bytes.Random(i, 2000), source.Token).AsTask()).ToList();
        await source.CancelAsync();
        var written = 0;
        foreach (var append in some)
        {
            try
            {
                Assert.True(await append);
                written++;
            }
            catch (OperationCanceledException)
            {
                // It was still waiting.
            }
        }

        Assert.InRange(written, 1, 2999);
        Assert.Equal(written, await store.History.LengthAsync("some", Token));
        Assert.True(await store.History.AppendAsync("some", written, 1, Bytes.Of("after"), Token));
    }

    [Fact]
    public async Task A_key_that_is_no_text_fails_alone()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1 });
        var before = store.Customers.AddAsync("shop", "a", Token).AsTask();
        var bad = store.Customers.AddAsync("shop", "\ud800", Token).AsTask();
        var after = store.Customers.AddAsync("shop", "b", Token).AsTask();
        await before;
        await after;
        await Assert.ThrowsAnyAsync<ArgumentException>(() => bad);
        Assert.Equal(["a", "b"], await store.Customers.PageAsync("shop", "", 9, Token));
    }

    [Fact]
    public async Task Who_removes_a_history_waits_for_no_merge_and_the_next_erasure_takes_its_bytes()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1 });
        foreach (var key in new[] { "removed", "erased" }) Assert.True(await store.History.AppendAsync(key, 0, 1, Bytes.Of($"<{key}>"), Token));

        await store.History.RemoveAsync("removed", Token);
        Assert.Equal(0, await store.History.LengthAsync("removed", Token));
        Assert.True(IsInFiles("<removed>"));

        await store.History.DeleteAsync("erased", Token);
        Assert.False(IsInFiles("<removed>"));

        bool IsInFiles(string marker) => Directory.GetFiles(directory.Path, "state.db*").Any(file => Files.Read(file).AsSpan().IndexOf(Bytes.Of(marker).Span) >= 0);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(20_000)]
    [InlineData(32 << 20)]
    public async Task What_was_deleted_or_cleared_is_gone_from_every_file_when_the_call_returns(int memtable)
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, MemtableBytes = memtable });
        var tags = new string?[20];
        for (var i = 0; i < 200; i++)
        {
            foreach (var key in new[] { "gone", "kept" }) Assert.True(await store.History.AppendAsync(key, i, 1, Bytes.Of($"<{key}-h{i}>" + new string('.', i % 50)), Token));
            tags[i % 20] = await store.State.WriteAsync("kind", $"{i % 20}", Bytes.Of($"<{(i % 2 == 0 ? "gone" : "kept")}-s{i}>" + new string('.', i % 7 * 900)), tags[i % 20], Token);
        }

        var writing = Task.Run(async () =>
        {
            for (var i = 200; i < 600; i++) Assert.True(await store.History.AppendAsync("kept", i, 1, Bytes.Of($"<kept-h{i}>"), Token));
        });
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => store.State.ClearAsync("kind", $"{2 * i}", tags[2 * i], Token).AsTask()).Append(store.History.DeleteAsync("gone", Token).AsTask()));
        AssertGone();
        await writing;
        AssertGone();
        for (var i = 0; i < 20; i++) Assert.Equal(i % 2 == 1, (await store.State.ReadAsync("kind", $"{i}", Token)).Exists);
        Assert.Equal(600, (await store.History.ReadAsync("kept", 0, int.MaxValue, Token)).Count);
        Assert.Equal(0, await store.History.LengthAsync("gone", Token));

        void AssertGone()
        {
            foreach (var file in Directory.GetFiles(directory.Path, "*.db*"))
            {
                byte[] bytes;
                try
                {
                    bytes = Files.Read(file);
                }
                catch (FileNotFoundException)
                {
                    // A merge was faster.
                    continue;
                }

                Assert.True(bytes.AsSpan().IndexOf("<gone-"u8) < 0, $"{file} has it still.");
            }
        }
    }

    [Fact]
    public async Task Texts_outside_the_basic_plane_come_in_the_same_order_from_memory_and_from_the_database()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1 });
        string[] ids = ["a", "\uffee", "\U0001F600", "\ue000", "z", "\u00e7"];
        foreach (var id in ids.Take(3)) await store.Customers.AddAsync("shop", id, Token);
        await store.Maintenance.CheckpointAsync(Token);
        foreach (var id in ids.Skip(3)) await store.Customers.AddAsync("shop", id, Token);
        var expected = ids.Order(Comparer<string>.Create((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)))).ToList();
        for (var size = 1; size <= 6; size++)
        {
            var found = new List<string>();
            while (await store.Customers.PageAsync("shop", found.LastOrDefault(""), size, Token) is { Count: > 0 } page) found.AddRange(page);
            Assert.Equal(expected, found);
        }
    }

    /// <summary>Reads an instrument of the store.</summary>
    private sealed class Gauge : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _last;

        public Gauge(SqliteStore store, string name)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == store && instrument.Name == name) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => _last = value);
            _listener.Start();
        }

        public long Read()
        {
            _last = 0;
            _listener.RecordObservableInstruments();
            return _last;
        }

        public void Dispose() => _listener.Dispose();
    }

    // A journal that was merged is deleted, perhaps after it was listed: it no longer counts.
    private static long LengthOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
