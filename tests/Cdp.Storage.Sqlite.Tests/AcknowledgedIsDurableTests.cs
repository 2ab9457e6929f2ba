using System.ComponentModel;
using System.Diagnostics;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Invariant 1: a flush to disk lies between a commit's write and its acknowledgement, and a kill loses nothing.</summary>
public sealed class AcknowledgedIsDurableTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_acknowledgement_comes_after_the_flush_of_what_it_acknowledges()
    {
        using var directory = new TemporaryDirectory();
        var trace = directory["trace"];
        await RunAsync(AppendingChild.StartInfo(directory["data"], 25, 1, 32 << 20, Strace(trace, "fsync,fdatasync,write,pwrite64,pwritev")));
        var lines = await File.ReadAllLinesAsync(trace, Token);
        foreach (var (file, ack) in new[] { ("log.db-wal", AppendingChild.LogAck), (".journal-00000000000000000001", AppendingChild.HistoryAck) })
        {
            var read = FlushTrace.Read(lines, file, ack);
            Assert.Empty(read.Unflushed);
            Assert.Equal(25, read.Acknowledgements);
            Assert.True(read.Writes >= 25, $"{read.Writes} writes of {file} were recorded: too few.");
            Assert.True(read.Flushes >= 25, $"{read.Flushes} flushes of {file} were recorded: too few.");
        }
    }

    [Fact]
    public async Task Pages_that_are_moved_reach_the_disk_bit_by_bit_so_that_no_acknowledgement_waits_behind_all_of_them()
    {
        using var directory = new TemporaryDirectory();
        var trace = directory["trace"];
        await RunAsync(AppendingChild.StartInfo([MovingChild.Command, directory["data"]], Strace(trace, "pwrite64,sync_file_range")));
        var (steps, written, most) = (0, 0, 0);
        foreach (var line in await File.ReadAllLinesAsync(trace, Token))
        {
            if (!line.Contains("/log.db>", StringComparison.Ordinal)) continue;
            if (line.Contains("sync_file_range(", StringComparison.Ordinal)) (steps, written) = (steps + 1, 0);
            else most = Math.Max(most, ++written);
        }

        Assert.InRange(steps, (MovingChild.Pages / 32) - 2, MovingChild.Pages);

        // Those of the schema come without a rest, and before the first.
        Assert.InRange(most, 1, 64);
    }

    [Fact]
    public async Task A_failure_of_the_disk_that_a_step_finds_fails_the_checkpoint_and_the_next_one_moves_everything()
    {
        // Whoever flushes the file afterwards is not told of it a second time.
        using var directory = new TemporaryDirectory();
        var trace = directory["trace"];
        string[] strace = [.. Strace(trace, "sync_file_range"), "-e", "inject=sync_file_range:error=EIO:when=3"];
        Assert.Equal("1 failures\n", await RunAsync(AppendingChild.StartInfo([MovingChild.Command, directory["data"]], strace)));
        Assert.Contains(await File.ReadAllLinesAsync(trace, Token), line => line.Contains("EIO", StringComparison.Ordinal));
        await using var store = await SqliteStore.OpenAsync(directory["data"]);
        for (var position = 0; position < 2 * MovingChild.Pages; position++)
        {
            var record = (await store.Log.ReadManyAsync([(0, position)], Token))[0];
            Assert.StartsWith($"{position % MovingChild.Pages}.", Bytes.Text(record!.Value.Payload), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""
        [pid 7] pwrite64(5</d/log.db-wal>, "x", 1, 0) = 1
        [pid 8] write(1<pipe:[1]>, "ack-log 0", 9) = 9
        [pid 7] fdatasync(5</d/log.db-wal>) = 0
        """)]
    [InlineData("""
        7     pwrite64(5</d/log.db-wal>, "x", 1, 0) = 1
        12345 write(1<pipe:[1]>, "ack-log 0", 9) = 9
        """)]
    [InlineData("""
        [pid 7] fdatasync(5</d/log.db-wal> <unfinished ...>
        [pid 9] pwrite64(5</d/log.db-wal>, "x", 1, 0) = 1
        [pid 7] <... fdatasync resumed>) = 0
        [pid 8] write(1<pipe:[1]>, "ack-log 0", 9) = 9
        """)]
    [InlineData("""
        [pid 7] pwrite64(5</d/log.db-wal>, "x", 1, 0) = 1
        [pid 7] fdatasync(5</d/state.db-wal>) = 0
        [pid 8] write(1<pipe:[1]>, "ack-log 0", 9) = 9
        """)]
    [InlineData("""
        [pid 7] pwrite64(5</d/log.db-wal>, "x", 1, 0) = 1
        [pid 7] fdatasync(5</d/log.db-wal>) = -1 EIO (Input/output error)
        [pid 8] write(1<pipe:[1]>, "ack-log 0", 9) = 9
        """)]
    public void A_recording_without_the_flush_is_told(string recording) =>
        Assert.Single(FlushTrace.Read(recording.Split('\n').Select(l => l.Trim()), "log.db-wal", "ack-log").Unflushed);

    [Theory]
    [InlineData(32 << 20)]
    [InlineData(20_000)]
    [InlineData(1000)]
    public async Task A_killed_process_loses_nothing_that_it_acknowledged(int memtable)
    {
        using var directory = new TemporaryDirectory();
        var acknowledged = new List<string[]>();
        for (var round = 0; round < 6; round++)
        {
            using var child = Process.Start(AppendingChild.StartInfo(directory.Path, count: 1_000_000, writers: 6, memtable))!;
            var wanted = 1 + (round * 67);
            while (await child.StandardOutput.ReadLineAsync(Token) is { } line)
            {
                acknowledged.Add(line.Split(' '));
                if (--wanted == 0) child.Kill();
            }

            await child.WaitForExitAsync(Token);
            Assert.True(wanted <= 0, await child.StandardError.ReadToEndAsync(Token));
            await CheckAsync(directory.Path, acknowledged);
        }
    }

    private static async Task CheckAsync(string directory, List<string[]> acknowledged)
    {
        await using var store = await SqliteStore.OpenAsync(directory);
        Assert.Empty(store.Recovery.Healed);
        var rewritten = acknowledged.Where(a => a[0] == AppendingChild.RewriteAck).Select(a => (a[1], a[2])).ToHashSet();
        foreach (var ack in acknowledged)
        {
            if (ack[0] == AppendingChild.LogAck)
            {
                var record = (await store.Log.ReadManyAsync([(Number(ack[1]), Number(ack[2]))], Token))[0];
                Assert.Equal(ack[3], Bytes.Text(record!.Value.Payload));
            }
            else if (ack[0] == AppendingChild.HistoryAck)
            {
                var slice = (await store.History.ReadAsync(ack[1], Number(ack[2]), 0, Token))[0];
                Assert.Equal(Number(ack[2]), slice.First);
                var found = Bytes.Text(slice.Bytes);

                // A rewrite may have been durable already, but not acknowledged.
                var isRewritten = rewritten.Contains((ack[1], ack[2])) || (AppendingChild.Rewrites(Number(ack[1].Split('/')[1]), Number(ack[2])) && found != ack[3]);
                Assert.Equal(isRewritten ? AppendingChild.Rewritten(ack[3]) : ack[3], found);
            }
        }

        foreach (var state in acknowledged.Where(a => a[0] == AppendingChild.StateAck).GroupBy(a => a[1], StringComparer.Ordinal))
        {
            // The next write may have been durable already, but not acknowledged.
            var row = await store.State.ReadAsync("kind", state.Key, Token);
            var (last, found) = (state.Last(), Bytes.Text(row.Value));
            Assert.True(row.Tag == last[2] ? found == last[3] : Entry(found) == Entry(last[3]) + 1, $"{found} was found, {last[3]} acknowledged.");
        }

        for (var partition = 0; partition < store.Log.Partitions; partition++)
        {
            var records = await store.Log.ReadAsync(partition, 0, int.MaxValue, Token);
            Assert.Equal(Enumerable.Range(0, records.Count).Select(i => (long)i), records.Select(r => r.Position));
            Assert.Equal(records.Count, await store.Log.EndAsync(partition, Token));
        }
    }

    private static int Entry(string name) => Number(name.Split('.')[1]);

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string[] Strace(string trace, string calls) => ["strace", "-f", "-y", "-s", "64", "-e", "trace=" + calls, "-o", trace];

    private static async Task<string> RunAsync(ProcessStartInfo start)
    {
        Process child;
        try
        {
            child = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("strace, which records system calls, is not installed.");
            return string.Empty;
        }

        using (child)
        {
            var error = child.StandardError.ReadToEndAsync(Token);
            var printed = await child.StandardOutput.ReadToEndAsync(Token);
            await child.WaitForExitAsync(Token);
            if (child.ExitCode != 0 && (await error).Contains("ptrace", StringComparison.OrdinalIgnoreCase)) Assert.Skip("strace may not trace here: " + await error);
            Assert.True(child.ExitCode == 0, await error);
            return printed;
        }
    }
}
