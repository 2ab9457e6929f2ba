using Cdp.Grains.Ports;
using Cdp.StorageContract;
using Microsoft.Data.Sqlite;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>The journal of the state recovers from every prefix of its writes, and says when it is not one.</summary>
public sealed class JournalTests
{
    private const int Commits = 6;

    private static readonly SqliteStoreOptions Options = new() { Partitions = 1 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_prefix_of_the_journal_gives_the_commits_that_it_holds_whole()
    {
        using TemporaryDirectory written = new(), copy = new();
        var (journal, ends) = await WriteAsync(written, copy);
        for (var cut = 0; cut <= journal.Length; cut++)
        {
            await CheckAsync(journal[..cut], ends.Count(e => e <= cut));

            // The length is there, the bytes are not. A block is only written when the header is on disk.
            if (cut % 7 == 0 && cut >= 32) await CheckAsync([.. journal[..cut], .. new byte[Math.Min(journal.Length - cut, 100)]], ends.Count(e => e <= cut));
        }

        async Task CheckAsync(byte[] bytes, int commits)
        {
            await Files.ReplaceAsync(written, copy, bytes);
            for (var start = 0; start < 2; start++)
            {
                await using var store = await SqliteStore.OpenAsync(copy.Path, Options);
                Assert.Equal(commits, store.Recovery.Journal.Blocks);
                await AssertHasAsync(store, commits);
            }

            // What is written now follows what was kept, and is found again.
            await using (var store = await SqliteStore.OpenAsync(copy.Path, Options)) Assert.True(await store.History.AppendAsync("next", 0, 1, Bytes.Of("n"), Token));
            await using (var store = await SqliteStore.OpenAsync(copy.Path, Options))
            {
                Assert.Equal(commits + 1, store.Recovery.Journal.Blocks);
                Assert.Equal(0, store.Recovery.Journal.TornBytes);
                await AssertHasAsync(store, commits);
                Assert.Equal(1, await store.History.LengthAsync("next", Token));
            }
        }
    }

    [Fact]
    public async Task Any_byte_changed_in_the_last_commit_takes_that_commit_alone()
    {
        using TemporaryDirectory written = new(), copy = new();
        var (journal, ends) = await WriteAsync(written, copy);
        for (var at = ends[^2]; at < journal.Length; at++)
        {
            var garbled = (byte[])journal.Clone();
            garbled[at] ^= 0x41;
            await Files.ReplaceAsync(written, copy, garbled);
            await using var store = await SqliteStore.OpenAsync(copy.Path, Options);
            Assert.Equal((Commits - 1, journal.Length - ends[^2]), (store.Recovery.Journal.Blocks, store.Recovery.Journal.TornBytes));
            await AssertHasAsync(store, Commits - 1);
        }
    }

    [Fact]
    public async Task Damage_before_the_last_commit_stops_the_start_with_the_files_name()
    {
        using TemporaryDirectory written = new(), copy = new();
        var (journal, ends) = await WriteAsync(written, copy);
        for (var at = 0; at < ends[^2]; at += 5)
        {
            var garbled = (byte[])journal.Clone();
            garbled[at] ^= 0x41;
            await Files.ReplaceAsync(written, copy, garbled);
            var failure = await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(copy.Path, Options));
            Assert.Contains(".journal-", failure.Message, StringComparison.Ordinal);
            Assert.Contains("backup", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_value_that_looks_like_the_journal_is_only_a_value()
    {
        using TemporaryDirectory written = new(), copy = new();
        var (journal, _) = await WriteAsync(written, copy);
        using TemporaryDirectory one = new(), cut = new();
        await using (var store = await SqliteStore.OpenAsync(one.Path, Options))
        {
            await store.State.WriteAsync("kind", "key", journal, null, Token);
            await Files.CopyAsync(one, cut);
        }

        var path = Files.Journal(cut);
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path, Token))[..^1], Token);
        await using var torn = await SqliteStore.OpenAsync(cut.Path, Options);
        Assert.Equal(0, torn.Recovery.Journal.Blocks);
        Assert.False((await torn.State.ReadAsync("kind", "key", Token)).Exists);
    }

    [Fact]
    public async Task A_journal_of_another_copy_of_the_database_is_refused()
    {
        using TemporaryDirectory directory = new(), old = new();
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            await store.Maintenance.CheckpointAsync(Token);
            await Files.CopyAsync(directory, old);
            await store.State.WriteAsync("kind", "key", Bytes.Of("v"), null, Token);
            await store.Maintenance.CheckpointAsync(Token);
            await store.State.WriteAsync("kind", "key2", Bytes.Of("v"), null, Token);
        }

        File.Copy(old["state.db"], directory["state.db"], overwrite: true);
        var failure = await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(directory.Path, Options));
        Assert.Contains("not of one copy", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_end_in_good_order_leaves_the_journal_and_a_checkpoint_empties_it()
    {
        using var directory = new TemporaryDirectory();
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            Assert.Equal(new JournalRecovery(0, 0, 0, 0), store.Recovery.Journal);
            await store.State.WriteAsync("kind", "key", Bytes.Of("v"), null, Token);
        }

        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            Assert.Equal(new JournalRecovery(1, 1, 1, 0), store.Recovery.Journal);
            await store.Maintenance.CheckpointAsync(Token);
            Assert.Equal(32, new FileInfo(Files.Journal(directory)).Length);
        }

        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            Assert.Equal(new JournalRecovery(0, 0, 0, 0), store.Recovery.Journal);
            Assert.True((await store.State.ReadAsync("kind", "key", Token)).Exists);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Another_format_is_refused_and_left_as_it_is(int format)
    {
        using var directory = new TemporaryDirectory();
        Execute(directory["state.db"], $"CREATE TABLE meta (format INTEGER NOT NULL, starts INTEGER NOT NULL); INSERT INTO meta VALUES ({format}, 7)");
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var failure = await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(directory.Path, Options));
            Assert.Contains($"has format {format}; this program reads format 4.", failure.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Writes six commits of every kind of change, and copies the files as a crash would leave them.</summary>
    private static async Task<(byte[] Journal, List<long> Ends)> WriteAsync(TemporaryDirectory directory, TemporaryDirectory copy)
    {
        var ends = new List<long>();
        await using var store = await SqliteStore.OpenAsync(directory.Path, Options);
        for (var i = 0; i < Commits; i++)
        {
            switch (i % 3)
            {
                case 0:
                    Assert.NotNull(await store.State.WriteAsync("kind", $"{i}", Bytes.Random(i, 12), null, Token));
                    break;
                case 1:
                    Assert.True(await store.History.AppendAsync("history", i / 3, 1, Bytes.Random(i, 12), Token));
                    break;
                default:
                    await store.Customers.AddAsync("shop", $"c{i}", Token);
                    break;
            }

            ends.Add(new FileInfo(Files.Journal(directory)).Length);
        }

        await Files.CopyAsync(directory, copy);
        var journal = await File.ReadAllBytesAsync(Files.Journal(copy), Token);
        Assert.Equal(journal.Length, ends[^1]);

        // The source becomes the copy: closing the store may change the other files.
        await store.DisposeAsync();
        foreach (var path in Directory.GetFiles(directory.Path)) File.Delete(path);
        await Files.CopyAsync(copy, directory);
        return (journal, ends);
    }

    private static async Task AssertHasAsync(SqliteStore store, int commits)
    {
        for (var i = 0; i < Commits; i += 3)
        {
            var row = await store.State.ReadAsync("kind", $"{i}", Token);
            Assert.Equal(i < commits, row.Exists);
            if (row.Exists) Assert.Equal(Bytes.Random(i, 12).ToArray(), row.Value.ToArray());
        }

        Assert.Equal((commits + 1) / 3, await store.History.LengthAsync("history", Token));
        Assert.Equal(
            Enumerable.Range(0, (commits + 1) / 3).Select(i => Bytes.Show(new HistorySliceRow(i, 1, Bytes.Random((3 * i) + 1, 12)))),
            (await store.History.ReadAsync("history", 0, int.MaxValue, Token)).Select(Bytes.Show));
        Assert.Equal(Enumerable.Range(0, commits / 3).Select(i => $"c{(3 * i) + 2}"), await store.Customers.PageAsync("shop", "", 10, Token));
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts stand above.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
