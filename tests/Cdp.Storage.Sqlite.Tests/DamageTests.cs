using Cdp.Grains.Ports;
using Cdp.StorageContract;
using Microsoft.Data.Sqlite;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>What a start and a read make of files that are not as they were written.</summary>
public sealed class DamageTests
{
    private const int FrameBytes = 4096 + 24;

    private static readonly SqliteStoreOptions Options = new() { Partitions = 2 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_prefix_of_the_write_ahead_log_gives_the_records_whose_commits_it_holds()
    {
        using var written = new TemporaryDirectory();
        var lengths = new List<long>();
        using var copy = new TemporaryDirectory();
        await using (var store = await SqliteStore.OpenAsync(written.Path, Options))
        {
            for (var i = 0; i < 6; i++)
            {
                await store.Log.AppendAsync(0, [Bytes.Record("t", $"record {i}")], Token);
                lengths.Add(new FileInfo(written["log.db-wal"]).Length);
            }

            foreach (var name in new[] { "log.db", "log.db-wal" }) File.Copy(written[name], copy[name]);
        }

        var (database, log) = (await File.ReadAllBytesAsync(copy["log.db"], Token), await File.ReadAllBytesAsync(copy["log.db-wal"], Token));
        var cuts = Enumerable.Range(0, (log.Length / FrameBytes) + 1).Select(f => 32 + (f * FrameBytes)).SelectMany(b => new[] { b - 1, b, b + 1, b + 24, b + 2000 })
            .Append(0).Where(c => c >= 0 && c <= log.Length);
        foreach (var cut in cuts)
        {
            await WriteAsync(log[..cut]);
            Assert.Equal(lengths.Count(l => l <= cut), await CountAsync());

            // The rest is there, but as some other bytes.
            if (cut == log.Length) continue;
            var garbled = (byte[])log.Clone();
            garbled[cut] ^= 0x5A;
            await WriteAsync(garbled);
            Assert.Equal(lengths.Count(l => l <= cut), await CountAsync());
        }

        async Task WriteAsync(byte[] wal)
        {
            foreach (var file in Directory.GetFiles(copy.Path)) File.Delete(file);
            await File.WriteAllBytesAsync(copy["log.db"], database, Token);
            await File.WriteAllBytesAsync(copy["log.db-wal"], wal, Token);
        }

        async Task<int> CountAsync()
        {
            await using var store = await SqliteStore.OpenAsync(copy.Path, Options);
            Assert.Empty(store.Recovery.Healed);
            var records = await store.Log.ReadAsync(0, 0, int.MaxValue, Token);
            Assert.Equal(Enumerable.Range(0, records.Count).Select(i => $"{i}:record {i}"), records.Select(r => $"{r.Position}:{Bytes.Text(r.Record.Payload)}"));
            Assert.Equal(records.Count, await store.Log.AppendAsync(0, [Bytes.Record("t", "next")], Token));
            return records.Count;
        }
    }

    [Fact]
    public async Task A_last_row_with_any_byte_changed_or_cut_off_is_healed_and_reported()
    {
        using var directory = new TemporaryDirectory();
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            await store.Log.AppendAsync(1, [Bytes.Record("t", "before")], Token);
            await store.Log.AppendAsync(1, [Bytes.Record("t", "one"), Bytes.Record("u", "two"), Bytes.Record("t", "three")], Token);
        }

        var sound = await File.ReadAllBytesAsync(directory["log.db"], Token);
        var block = ReadBlock(directory["log.db"], 1);
        for (var at = 0; at < block.Length; at++)
        {
            var garbled = (byte[])block.Clone();
            garbled[at] ^= 0x41;
            await CheckAsync(garbled);
            await CheckAsync(block[..at]);
        }

        async Task CheckAsync(byte[] damaged)
        {
            await File.WriteAllBytesAsync(directory["log.db"], sound, Token);
            WriteBlock(directory["log.db"], 1, damaged);
            for (var start = 0; start < 2; start++)
            {
                await using var store = await SqliteStore.OpenAsync(directory.Path, Options);
                if (start == 0)
                {
                    var healed = Assert.Single(store.Recovery.Healed);
                    Assert.Equal((1, 1L, 3), (healed.Partition, healed.First, healed.Count));
                    Assert.InRange(healed.Lost, 1, 3);
                }
                else
                {
                    Assert.Empty(store.Recovery.Healed);
                }

                // No position is given to another event; what is lost is blanked, and nothing reads as something else.
                Assert.Equal(4, await store.Log.EndAsync(1, Token));
                var records = await store.Log.ReadAsync(1, 0, int.MaxValue, Token);
                Assert.Equal("before", Bytes.Text(records[0].Record.Payload));
                Assert.All(records.Skip(1).Zip(["one", "two", "three"]), r => Assert.True(
                    r.First.Record.Flags.HasFlag(LogRecordFlags.Blanked) || Bytes.Text(r.First.Record.Payload) == r.Second));
                Assert.Empty((await store.Maintenance.VerifyLogAsync(Token)).Damaged);
            }
        }
    }

    [Fact]
    public async Task Damage_before_the_end_is_named_with_partition_and_position_and_never_passed_over()
    {
        using var directory = new TemporaryDirectory();
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            for (var i = 0; i < 4; i++) await store.Log.AppendAsync(1, [Bytes.Record("t", $"{i}a"), Bytes.Record("t", $"{i}b")], Token);
        }

        var block = ReadBlock(directory["log.db"], 2);
        block[^1] ^= 1;
        WriteBlock(directory["log.db"], 2, block);
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            Assert.Equal([0L, 1, 2], (await store.Log.ReadAsync(1, 0, int.MaxValue, Token)).Select(r => r.Position));
            var failure = await Assert.ThrowsAsync<LogDamagedException>(() => store.Log.ReadAsync(1, 3, int.MaxValue, Token).AsTask());
            Assert.Equal((1, 3L), (failure.Partition, failure.Position));
            Assert.Contains("partition 1 at position 3", failure.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<LogDamagedException>(() => store.Log.ReadManyAsync([(1, 3)], Token).AsTask());
            Assert.Equal([4L, 5, 6, 7], (await store.Log.ReadAsync(1, 4, int.MaxValue, Token)).Select(r => r.Position));
            var verified = await store.Maintenance.VerifyLogAsync(Token);
            Assert.Equal(3, Assert.Single(verified.Damaged).Position);
        }

        Execute(directory["log.db"], "DELETE FROM log_1 WHERE position = $position", 2, null);
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            Assert.Equal(2, (await store.Log.ReadAsync(1, 0, int.MaxValue, Token)).Count);
            Assert.Equal(2, (await Assert.ThrowsAsync<LogDamagedException>(() => store.Log.ReadAsync(1, 2, int.MaxValue, Token).AsTask())).Position);

            // A write that meets the damage fails alone.
            var blank = store.Log.BlankAsync(1, 2, default, Token).AsTask();
            var append = store.Log.AppendAsync(0, [Bytes.Record("t", "well")], Token).AsTask();
            await Assert.ThrowsAsync<LogDamagedException>(() => blank);
            Assert.Equal(0, await append);
        }
    }

    [Fact]
    public async Task Healed_rows_are_erased_too_and_with_them_what_was_kept_aside()
    {
        const int Rows = 60;
        int[] damaged = [50, 51, 52, 58, 59];
        using var directory = new TemporaryDirectory();
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            for (var i = 0; i < Rows; i++)
            {
                foreach (var partition in new[] { 0, 1 }) await store.Log.AppendAsync(partition, [Bytes.Record("t", new string('.', i * 7 % 300) + Markers.Of((partition * Rows) + i) + ".")], Token);
            }
        }

        var lengths = Enumerable.Range(0, Rows).Select(i => ReadBlock(directory["log.db"], i).Length).ToList();
        for (var i = 50; i < Rows; i++)
        {
            var block = ReadBlock(directory["log.db"], i);
            block[damaged.Contains(i) ? 0 : ^1] ^= 1;
            WriteBlock(directory["log.db"], i, block);

            // As long in the file as the 1 that was there.
            if (i % 3 == 0) Execute(directory["log.db"], "UPDATE log_1 SET count = 0 WHERE position = $position", i, null);
        }

        await using (var store = await SqliteStore.OpenAsync(directory.Path, Options))
        {
            Assert.Equal(Enumerable.Range(50, 10).Select(i => (1, (long)i, 1, 1)), store.Recovery.Healed.Select(h => (h.Partition, h.First, h.Count, h.Lost)));
            Assert.Equal(Rows, await store.Log.EndAsync(1, Token));
            Assert.Empty((await store.Maintenance.VerifyLogAsync(Token)).Damaged);
            await store.Maintenance.CheckpointAsync(Token);
            Assert.Equal(Enumerable.Range(0, 2 * Rows).Select(Markers.Of), Markers.In(directory).Order(StringComparer.Ordinal));

            for (var i = 0; i < Rows; i++) Assert.True(await store.Log.BlankAsync(1, i, default, Token));
            Assert.Equal(Enumerable.Range(0, Rows).Select(Markers.Of), Markers.In(directory).Order(StringComparer.Ordinal));
        }

        Assert.Equal(lengths, Enumerable.Range(0, Rows).Select(i => ReadBlock(directory["log.db"], i).Length));
    }

    [Fact]
    public async Task A_file_that_is_no_database_stops_the_start_with_its_name()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["log.db"], new string('?', 8192), Token);
        var failure = await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(directory.Path));
        Assert.Contains("log.db", failure.Message, StringComparison.Ordinal);
        Assert.Contains("restore it from a backup", failure.Message, StringComparison.Ordinal);
    }

    private static byte[] ReadBlock(string path, long position)
    {
        using var connection = Open(path);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT block FROM log_1 WHERE position = $position";
        command.Parameters.AddWithValue("$position", position);
        return (byte[])command.ExecuteScalar()!;
    }

    private static void WriteBlock(string path, long position, byte[] block) => Execute(path, "UPDATE log_1 SET block = $block WHERE position = $position", position, block);

    private static void Execute(string path, string sql, long position, byte[]? block)
    {
        using var connection = Open(path);
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts stand above.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Parameters.AddWithValue("$position", position);
        if (block is not null) command.Parameters.AddWithValue("$block", block);
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
