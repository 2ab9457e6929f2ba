using System.Text;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Invariant 14: what is blanked is gone from the files, not only from the answers.</summary>
public sealed class EraseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 700)]
    [InlineData(3, 3000)]
    [InlineData(4, 30_000)]
    public async Task No_byte_of_a_blanked_payload_is_left_in_any_file(int seed, int maxPadding)
    {
        using var directory = new TemporaryDirectory();
        var random = new Random(seed);
        var written = new List<(int Partition, long Position, string Marker)>();
        await using var store = await SqliteStore.OpenAsync(directory.Path);
        for (var round = 0; round < 12; round++)
        {
            // Many partitions grow at the same time, so that SQLite moves rows about as it splits its pages.
            var appends = Enumerable.Range(0, 40).Select(async i =>
            {
                var partition = random.Next(16);
                var marker = $"<marker-{seed}-{round}-{i}>";
                var record = Bytes.Record("tenant", new string('.', random.Next(maxPadding)) + marker + new string(',', random.Next(maxPadding)));
                return (partition, await store.Log.AppendAsync(partition, [record], Token), marker);
            });
            foreach (var append in appends.ToList()) written.Add(await append);
            if (round == 6) await store.Maintenance.CheckpointAsync(Token);
        }

        var blanked = written.Where((_, i) => i % 9 == 0).ToList();
        await Task.WhenAll(blanked.Select(b => store.Log.BlankAsync(b.Partition, b.Position, Bytes.Of("<left>"), Token).AsTask()));

        var files = Directory.GetFiles(directory.Path, "*.db*").Select(f => (f, Read(f))).ToList();
        Assert.Contains(files, f => f.f.EndsWith("log.db", StringComparison.Ordinal) && f.Item2.AsSpan().IndexOf(Encoding.UTF8.GetBytes(written[1].Marker)) >= 0);
        foreach (var (file, bytes) in files)
        {
            foreach (var (_, _, marker) in blanked) Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(marker)) < 0, $"{marker} is left in {file}.");
        }

        foreach (var (partition, position, marker) in written.Except(blanked))
        {
            Assert.Contains(marker, Bytes.Text((await store.Log.ReadManyAsync([(partition, position)], Token))[0]!.Value.Payload), StringComparison.Ordinal);
        }

        foreach (var (partition, position, _) in blanked)
        {
            Assert.Equal("<left>", Bytes.Text((await store.Log.ReadManyAsync([(partition, position)], Token))[0]!.Value.Payload));
        }

        var verified = await store.Maintenance.VerifyLogAsync(Token);
        Assert.Equal((written.Count, blanked.Count, 0), ((int)verified.Records, (int)verified.Blanked, verified.Damaged.Count));
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
        var bytes = Directory.GetFiles(directory.Path, "*.db*").Select(Read).ToList();
        Assert.DoesNotContain(bytes, b => b.AsSpan().IndexOf("<gone-"u8) >= 0);
        Assert.Contains(bytes, b => b.AsSpan().IndexOf("<kept-199>"u8) >= 0);
    }

    private static byte[] Read(string path)
    {
        // The store has it open.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
