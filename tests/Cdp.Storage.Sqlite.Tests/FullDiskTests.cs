using System.Diagnostics;
using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>A full disk fails what does not fit, says so, and is over once there is room.</summary>
public sealed class FullDiskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_go_on_once_there_is_room_in_the_file()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { MaxPages = 60 });
        var tags = new List<string>();
        StorageException? full = null;
        while (full is null)
        {
            try
            {
                tags.Add((await store.State.WriteAsync("kind", $"{tags.Count}", Bytes.Random(tags.Count, 10_000), null, Token))!);
            }
            catch (StorageException e)
            {
                full = e;
            }
        }

        Assert.True(full.IsFull);
        Assert.Contains("no room left", full.Message, StringComparison.Ordinal);
        Assert.Contains("state.db", full.Message, StringComparison.Ordinal);
        Assert.False((await store.State.ReadAsync("kind", $"{tags.Count}", Token)).Exists);
        for (var i = 0; i < tags.Count; i++) Assert.Equal(tags[i], (await store.State.ReadAsync("kind", $"{i}", Token)).Tag);

        // The other file is not concerned.
        Assert.Equal(0, await store.Log.AppendAsync(0, [Bytes.Record("t", "a")], Token));

        for (var i = 0; i < 3; i++) Assert.True(await store.State.ClearAsync("kind", $"{i}", tags[i], Token));
        Assert.NotNull(await store.State.WriteAsync("kind", "again", Bytes.Random(1, 10_000), null, Token));
    }

    [Fact]
    public async Task A_full_disk_loses_nothing_and_is_over_without_a_restart()
    {
        using var directory = new TemporaryDirectory();
        if (!Mount(directory.Path)) Assert.Skip("A small file system cannot be mounted here (it needs Linux and root).");
        try
        {
            await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = 1 });
            var ballast = directory["ballast"];
            await File.WriteAllBytesAsync(ballast, new byte[2 << 20], Token);
            var acknowledged = new List<(long Position, int Seed)>();
            StorageException? full = null;
            for (var seed = 0; full is null; seed++)
            {
                try
                {
                    acknowledged.Add((await store.Log.AppendAsync(0, [Record(seed)], Token), seed));
                }
                catch (StorageException e)
                {
                    full = e;
                }
            }

            Assert.True(full.IsFull, full.Message);
            await Assert.ThrowsAsync<StorageException>(() => store.Log.AppendAsync(0, [Record(-1)], Token).AsTask());
            File.Delete(ballast);
            for (var seed = 10_000; seed < 10_010; seed++) acknowledged.Add((await store.Log.AppendAsync(0, [Record(seed)], Token), seed));
            Assert.Equal(Enumerable.Range(0, acknowledged.Count).Select(i => (long)i), acknowledged.Select(a => a.Position));
            foreach (var (position, seed) in acknowledged)
            {
                Assert.Equal(Bytes.Show(Record(seed)), Bytes.Show((await store.Log.ReadManyAsync([(0, position)], Token))[0]));
            }
        }
        finally
        {
            // Lazily: a process that another test starts at this moment may hold the files for an instant.
            Run("umount", "-l", directory.Path);
        }
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(32 << 20)]
    public async Task A_full_disk_takes_no_state_back_and_is_over_without_a_restart(int memtable)
    {
        using var directory = new TemporaryDirectory();
        if (!Mount(directory.Path)) Assert.Skip("A small file system cannot be mounted here (it needs Linux and root).");
        try
        {
            var options = new SqliteStoreOptions { Partitions = 1, MemtableBytes = memtable, TransactionBytes = 50_000, CheckpointBytes = 100_000 };
            var tags = new List<string>();
            var length = 0;
            await using (var store = await SqliteStore.OpenAsync(directory.Path, options))
            {
                var ballast = directory["ballast"];
                await File.WriteAllBytesAsync(ballast, new byte[2 << 20], Token);
                var full = await FillAsync(store);
                Assert.True(full.IsFull, full.Message);
                Assert.Contains("state.db", full.Message, StringComparison.Ordinal);
                Assert.Contains("no room left", full.Message, StringComparison.Ordinal);
                await Assert.ThrowsAsync<StorageException>(() => FillAsync(store, throws: true));
                await CheckAsync(store);
                File.Delete(ballast);
                await WriteAsync(store);
                await CheckAsync(store);
            }

            await using (var store = await SqliteStore.OpenAsync(directory.Path, options)) await CheckAsync(store);

            async Task<StorageException> FillAsync(SqliteStore store, bool throws = false)
            {
                while (true)
                {
                    try
                    {
                        await WriteAsync(store);
                    }
                    catch (StorageException e) when (!throws)
                    {
                        return e;
                    }
                }
            }

            async Task WriteAsync(SqliteStore store)
            {
                tags.Add((await store.State.WriteAsync("kind", $"{tags.Count}", Bytes.Random(tags.Count, 20_000), null, Token))!);
                Assert.True(await store.History.AppendAsync("history", length, 1, Bytes.Random(length, 20_000), Token));
                length++;
            }

            async Task CheckAsync(SqliteStore store)
            {
                for (var i = 0; i < tags.Count; i++)
                {
                    var row = await store.State.ReadAsync("kind", $"{i}", Token);
                    Assert.Equal((tags[i], Convert.ToHexString(Bytes.Random(i, 20_000).Span)), (row.Tag, Convert.ToHexString(row.Value.Span)));
                }

                Assert.False((await store.State.ReadAsync("kind", $"{tags.Count}", Token)).Exists);
                Assert.Equal(
                    Enumerable.Range(0, length).Select(i => Bytes.Show(new HistorySliceRow(i, 1, Bytes.Random(i, 20_000)))),
                    (await store.History.ReadAsync("history", 0, int.MaxValue, Token)).Select(Bytes.Show));
            }
        }
        finally
        {
            Run("umount", "-l", directory.Path);
        }
    }

    private static LogRecord Record(int seed) => new("t", LogRecordFlags.None, 0, Bytes.Random(seed, 20_000));

    private static bool Mount(string path) => OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
