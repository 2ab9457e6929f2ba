using System.Text;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Invariant 14: what is blanked is gone from the files, not only from the answers.</summary>
public sealed class EraseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 60)]
    [InlineData(3, 100)]
    [InlineData(4, 150)]
    [InlineData(5, 200)]
    [InlineData(6, 300)]
    [InlineData(7, 450)]
    [InlineData(8, 700)]
    [InlineData(9, 3000)]
    [InlineData(10, 30_000)]
    public async Task No_byte_of_a_blanked_payload_is_left_in_any_file(int seed, int maxPadding)
    {
        using var directory = new TemporaryDirectory();
        var random = new Random(seed);
        var written = new List<(int Partition, long Position, string Marker)>();
        var blanked = new HashSet<string>();
        await using var store = await SqliteStore.OpenAsync(directory.Path);
        for (var round = 0; round < 24; round++)
        {
            // Many partitions grow at the same time: where they share pages, SQLite moves rows about as it splits them.
            var appends = Enumerable.Range(0, 40).Select(async i =>
            {
                var partition = random.Next(16);
                var marker = Markers.Of((seed * 10_000) + written.Count + i);
                var record = Bytes.Record("tenant", new string('.', random.Next(maxPadding)) + marker + new string(',', random.Next(maxPadding)));
                return (partition, await store.Log.AppendAsync(partition, [record], Token), marker);
            });
            written.AddRange(await Task.WhenAll(appends.ToList()));
            if (round == 6) await store.Maintenance.CheckpointAsync(Token);
            if (round % 8 == 7) await BlankAsync(written.Where(_ => random.Next(4) == 0));
        }

        await BlankAsync(written.Where((_, i) => i % 9 != 0));
        var found = Markers.In(directory);
        Assert.NotEmpty(found);
        Assert.DoesNotContain(found, blanked.Contains);

        // Of the others there is no copy either, which an erasure to come would not reach.
        Assert.Equal(found.Distinct(), found);
        foreach (var (partition, position, marker) in written)
        {
            var text = Bytes.Text((await store.Log.ReadManyAsync([(partition, position)], Token))[0]!.Value.Payload);
            if (blanked.Contains(marker)) Assert.Equal("<left>", text);
            else Assert.Contains(marker, text, StringComparison.Ordinal);
        }

        var verified = await store.Maintenance.VerifyLogAsync(Token);
        Assert.Equal((written.Count, blanked.Count, 0), ((int)verified.Records, (int)verified.Blanked, verified.Damaged.Count));

        async Task BlankAsync(IEnumerable<(int Partition, long Position, string Marker)> records)
        {
            var some = records.ToList();
            blanked.UnionWith(some.Select(r => r.Marker));
            Assert.All(await Task.WhenAll(some.Select(r => store.Log.BlankAsync(r.Partition, r.Position, Bytes.Of("<left>"), Token).AsTask())), Assert.True);
        }
    }

    [Fact]
    public async Task A_deleted_history_is_gone_from_the_files_after_a_checkpoint()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path);
        for (var i = 0; i < 200; i++)
        {
            foreach (var key in new[] { "gone", "kept" }) await store.History.AppendAsync($"tenant/{key}", i, 1, Bytes.Of($"<{key}-{i}>" + new string('.', i % 50)), Token);
        }

        await store.History.DeleteAsync("tenant/gone", Token);
        await store.Maintenance.CheckpointAsync(Token);
        var bytes = Directory.GetFiles(directory.Path, "*.db*").Select(Files.Read).ToList();
        Assert.DoesNotContain(bytes, b => b.AsSpan().IndexOf("<gone-"u8) >= 0);
        Assert.Contains(bytes, b => b.AsSpan().IndexOf("<kept-199>"u8) >= 0);
    }

    [Theory]
    [InlineData(1, 40, 20_000)]
    [InlineData(2, 700, 20_000)]
    [InlineData(3, 3000, 200_000)]
    [InlineData(4, 30_000, 32 << 20)]
    public async Task No_byte_of_a_rewritten_slice_or_of_a_deleted_history_is_left_in_any_file(int seed, int maxPadding, int memtable)
    {
        const int Histories = 20;
        using var directory = new TemporaryDirectory();
        var random = new Random(seed);
        var written = new List<(string Key, long First, string Text)>();
        var lengths = new long[Histories];
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1, MemtableBytes = memtable });
        for (var round = 0; round < 12; round++)
        {
            // Many histories grow at the same time, so that SQLite moves rows about as it splits its pages.
            var appends = new List<Task<bool>>();
            for (var i = 0; i < 100; i++)
            {
                var history = random.Next(Histories);
                var slice = (Key: $"tenant/{history}", First: lengths[history], Text: new string('.', random.Next(maxPadding)) + $"<marker-{seed}-{round}-{i}>" + new string(',', random.Next(maxPadding)));
                appends.Add(store.History.AppendAsync(slice.Key, slice.First, 2, Bytes.Of(slice.Text), Token).AsTask());
                lengths[history] += 2;
                written.Add(slice);
            }

            Assert.All(await Task.WhenAll(appends), Assert.True);
            if (round % 4 == 3) await store.Maintenance.CheckpointAsync(Token);
        }

        var rewritten = written.Where((_, i) => i % 5 == 0).ToList();
        await RewriteAsync(rewritten.Take(rewritten.Count / 2));
        AssertGone(rewritten.Take(rewritten.Count / 2));

        // Again, with others: what is kept in memory must not bring anything back.
        await RewriteAsync(rewritten);
        await store.Maintenance.CheckpointAsync(Token);
        AssertGone(rewritten);
        foreach (var (key, first, text) in written)
        {
            var slice = (await store.History.ReadAsync(key, first, 0, Token))[0];
            Assert.Equal((first, rewritten.Contains((key, first, text)) ? "rewritten" : text), (slice.First, Bytes.Text(slice.Bytes)));
        }

        await store.History.DeleteAsync("tenant/0", Token);
        AssertGone(written.Where(w => w.Key == "tenant/0"));

        async Task RewriteAsync(IEnumerable<(string Key, long First, string Text)> slices) =>
            Assert.All(await Task.WhenAll(slices.Select(s => store.History.RewriteAsync(s.Key, s.First, 2, Bytes.Of("rewritten"), Token).AsTask())), Assert.True);

        void AssertGone(IEnumerable<(string Key, long First, string Text)> slices)
        {
            var files = Directory.GetFiles(directory.Path, "state.db*").Select(f => (f, Encoding.Latin1.GetString(Files.Read(f)))).ToList();
            foreach (var marker in slices.Select(s => s.Text.Trim('.', ',')))
            {
                foreach (var (file, bytes) in files) Assert.False(bytes.Contains(marker, StringComparison.Ordinal), $"{marker} is left in {file}.");
            }
        }
    }
}
