using System.Diagnostics;
using System.Text;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>A copy of a store that is in use is the store at one moment after the copy was asked for.</summary>
public sealed class LiveCopyTests
{
    private const int Writers = 8;
    private const int Partitions = 4;
    private const int Rounds = 8;
    private const int Filling = 20_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(20_000, 20_000)]
    [InlineData(20_000, 16 << 20)]
    [InlineData(200_000, 100_000)]
    [InlineData(32 << 20, 16 << 20)]
    public async Task A_copy_has_all_that_was_acknowledged_before_and_of_each_writer_a_prefix(int memtable, int checkpoint)
    {
        using TemporaryDirectory directory = new(), copies = new();
        await FillAsync(directory.Path);
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { MemtableBytes = memtable, CheckpointBytes = checkpoint });
        var writers = Enumerable.Range(0, Writers).Select(number => new Writer(store, number)).ToList();
        using var over = new CancellationTokenSource();
        var writing = Task.WhenAll(writers.Select(writer => Task.Run(() => writer.RunAsync(over.Token), Token)));
        for (var round = 0; round < Rounds; round++)
        {
            await Task.WhenAny(writing, Task.WhenAll(writers.Select(writer => writer.OneMoreAsync())));
            var acknowledged = writers.Select(writer => writer.Acknowledged).ToList();
            var path = copies[$"{round}"];
            Directory.CreateDirectory(path);
            var ends = await store.CopyAsync(path, Token);

            var check = await StoreCheck.RunAsync(path, Token);
            Assert.Empty(check.Damages);
            Assert.Equal(ends, check.Ends);
            await using var copy = await SqliteStore.OpenAsync(path);
            Assert.Equal(Bytes.Random(7, 2_000).ToArray(), (await copy.State.ReadAsync("filling", $"{7 + (round * 2_000)}", Token)).Value.ToArray());
            Assert.Equal((store.Log.Epoch, Partitions), (copy.Log.Epoch, copy.Log.Partitions));
            Assert.Empty(copy.Recovery.Healed);
            Assert.Equal(0, copy.Recovery.Journal.TornBytes);
            for (var i = 0; i < Writers; i++) await writers[i].CheckAsync(copy, ends, acknowledged[i]);
        }

        await over.CancelAsync();
        await writing;
        await store.DisposeAsync();
        await using var reopened = await SqliteStore.OpenAsync(directory.Path);
        Assert.Empty(reopened.Recovery.Healed);
    }

    [Fact]
    public async Task An_erasure_does_not_wait_for_a_copy_and_nothing_of_it_is_in_a_later_one()
    {
        using TemporaryDirectory directory = new(), copies = new();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = Partitions, MemtableBytes = 100_000 });
        var position = new Dictionary<string, (int, long)>();
        for (var person = 0; person < 40; person++)
        {
            var secret = $"<secret-{person}>";
            position[secret] = (person % Partitions, await store.Log.AppendAsync(person % Partitions, [Bytes.Record("t", secret + new string('.', 900))], Token));
            for (var i = 0; i < 30; i++) await store.History.AppendAsync($"t/{person}", i, 1, Bytes.Of(secret + new string('.', 20 * i)), Token);
            await store.History.AppendAsync($"t/record", person, 1, Bytes.Of(secret + "....."), Token);
        }

        using var over = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(number => new Writer(store, number)).ToList();
        var writing = Task.WhenAll(writers.Select(writer => Task.Run(() => writer.RunAsync(over.Token), Token)));
        var copying = Task.Run(
            async () =>
            {
                for (var round = 0; !over.IsCancellationRequested; round++)
                {
                    Directory.CreateDirectory(copies[$"during-{round}"]);
                    await store.CopyAsync(copies[$"during-{round}"], Token);
                    Directory.Delete(copies[$"during-{round}"], recursive: true);
                }
            },
            Token);
        var longest = TimeSpan.Zero;
        for (var person = 0; person < 40; person += 2)
        {
            var started = Stopwatch.GetTimestamp();
            var (partition, at) = position[$"<secret-{person}>"];
            Assert.True(await store.Log.BlankAsync(partition, at, Bytes.Of("left"), Token));
            await store.History.DeleteAsync($"t/{person}", Token);
            Assert.True(await store.History.RewriteAsync("t/record", person, 1, Bytes.Of("gone"), Token));
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(started).Ticks));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"the longest erasure took {longest.TotalMilliseconds:0} ms");
        Assert.True(longest < TimeSpan.FromSeconds(5), $"{longest}");
        var later = copies["later"];
        Directory.CreateDirectory(later);
        await Task.WhenAny(copying, over.CancelAsync());
        await copying;
        await store.CopyAsync(later, Token);
        await writing;
        foreach (var path in Directory.GetFiles(later))
        {
            var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path, Token));
            for (var person = 0; person < 40; person += 2) Assert.False(text.Contains($"<secret-{person}>", StringComparison.Ordinal), $"{person} is in {Path.GetFileName(path)}");
        }

        await using var copy = await SqliteStore.OpenAsync(later);
        for (var person = 1; person < 40; person += 2)
        {
            Assert.Equal(30, await copy.History.LengthAsync($"t/{person}", Token));
            var slices = await copy.History.ReadAsync("t/record", person, 0, Token);
            Assert.StartsWith($"<secret-{person}>", Bytes.Text(slices[0].Bytes), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task One_copy_at_a_time_and_a_failed_one_is_no_hindrance()
    {
        using TemporaryDirectory directory = new(), copies = new();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1 });
        await store.History.AppendAsync("a", 0, 1, Bytes.Of("1"), Token);
        await Assert.ThrowsAnyAsync<IOException>(() => store.CopyAsync(copies["absent"], Token));
        foreach (var name in new[] { "1", "2", "3" }) Directory.CreateDirectory(copies[name]);
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.CopyAsync(copies["1"], given.Token));
        await store.CopyAsync(copies["2"], Token);
        await store.CopyAsync(copies["3"], Token);
        await using var copy = await SqliteStore.OpenAsync(copies["3"]);
        Assert.Equal(1, await copy.History.LengthAsync("a", Token));
    }

    [Theory]
    [InlineData("log.db")]
    [InlineData("state.db")]
    [InlineData("state.db.journal-*")]
    public async Task A_check_finds_bytes_that_changed_and_names_the_file(string damaged)
    {
        using TemporaryDirectory directory = new(), copies = new();
        var path = copies["copy"];
        Directory.CreateDirectory(path);
        await using (var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, MemtableBytes = 20_000 }))
        {
            for (var i = 0; i < 300; i++)
            {
                await store.Log.AppendAsync(0, [Bytes.Record("t", new string('p', 200))], Token);
                await store.History.AppendAsync("a", i, 1, Bytes.Of(new string('h', 100)), Token);
            }

            await store.CopyAsync(path, Token);
        }

        Assert.Empty((await StoreCheck.RunAsync(path, Token)).Damages);
        var file = Assert.Single(Directory.GetFiles(path, damaged));
        var bytes = await File.ReadAllBytesAsync(file, Token);

        // A tree's page is damaged in its structure: SQLite has no checksums, which is why a backup's manifest has.
        var at = damaged == "state.db" ? 4096 : bytes.Length - 300;
        bytes.AsSpan(at, 8).Fill(0x5A);
        await File.WriteAllBytesAsync(file, bytes, Token);
        Assert.Contains((await StoreCheck.RunAsync(path, Token)).Damages, damage => damage.File == Path.GetFileName(file));
    }

    /// <summary>Gives a store so many pages that merges happen while they are copied.</summary>
    private static async Task FillAsync(string path)
    {
        await using var store = await SqliteStore.OpenAsync(path, new SqliteStoreOptions { Partitions = Partitions });
        foreach (var chunk in Enumerable.Range(0, Filling).Chunk(2_000))
            await Task.WhenAll(chunk.Select(i => store.State.WriteAsync("filling", $"{i}", Bytes.Random(i % 2_000, 2_000), null, Token).AsTask()));
        await store.Maintenance.CheckpointAsync(Token);
    }

    /// <summary>Writes one thing after the other, each after the one before was acknowledged.</summary>
    private sealed class Writer(SqliteStore store, int number)
    {
        private readonly string _key = $"t/writer-{number}";
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _acknowledged;

        public long Acknowledged => Volatile.Read(ref _acknowledged);

        public Task OneMoreAsync() => Volatile.Read(ref _more).Task;

        public async Task RunAsync(CancellationToken over)
        {
            var partition = number % Partitions;
            string? tag = null;
            for (var i = 0L; !over.IsCancellationRequested; i++)
            {
                var position = await store.Log.AppendAsync(partition, [Bytes.Record("t", $"{number}:{i}")], CancellationToken.None);
                Assert.True(await store.History.AppendAsync(_key, i, 1, Bytes.Of($"{i}:{position}" + new string('.', (int)(i % 50) * 10)), CancellationToken.None));
                tag = await store.State.WriteAsync("kind", _key, Bytes.Of($"{i + 1}" + new string('.', (int)(i % 7) * 30)), tag, CancellationToken.None);
                await store.Customers.AddAsync("t", $"{number:00}-{i:000000}", CancellationToken.None);
                Volatile.Write(ref _acknowledged, i + 1);
                Interlocked.Exchange(ref _more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        }

        public async Task CheckAsync(SqliteStore copy, long[] ends, long acknowledged)
        {
            var length = await copy.History.LengthAsync(_key, Token);
            var state = await copy.State.ReadAsync("kind", _key, Token);
            var written = state.Exists ? long.Parse(Bytes.Text(state.Value).TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture) : 0;
            Assert.True(length >= acknowledged, $"{length} of {acknowledged}");
            Assert.InRange(written, length - 1, length);
            Assert.True(written >= acknowledged, $"{written} of {acknowledged}");
            var last = acknowledged == 0 ? "" : $"{number:00}-{acknowledged - 1:000000}";
            if (last.Length > 0) Assert.Contains(last, await copy.Customers.PageAsync("t", last[..^1], 10, Token));

            // What a history refers to is in the log.
            var next = 0L;
            while (await copy.History.ReadAsync(_key, next, 1 << 20, Token) is { Count: > 0 } slices)
            {
                foreach (var slice in slices)
                {
                    var parts = Bytes.Text(slice.Bytes).TrimEnd('.').Split(':');
                    Assert.Equal($"{next}", parts[0]);
                    var position = long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
                    Assert.True(position < ends[number % Partitions]);
                    if (next % 20 == 0) Assert.Equal($"{number}:{next}", Bytes.Text((await copy.Log.ReadManyAsync([(number % Partitions, position)], Token))[0]!.Value.Payload));
                    next++;
                }
            }

            Assert.Equal(length, next);
        }
    }
}
