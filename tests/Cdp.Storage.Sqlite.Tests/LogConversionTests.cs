using System.Globalization;
using Cdp.StorageContract;
using Microsoft.Data.Sqlite;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>A log of the first format, in which all partitions share a table, is converted when it is opened.</summary>
public sealed class LogConversionTests
{
    private const int Partitions = 17;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 200)]
    [InlineData(3, 450)]
    [InlineData(4, 5000)]
    public async Task Records_positions_and_name_stay_and_nothing_is_left_of_what_was_or_will_be_blanked(int seed, int maxPadding)
    {
        using TemporaryDirectory made = new(), directory = new();
        var (epoch, written) = await WriteAsync(made, seed, maxPadding);
        MakeFormat1(made["log.db"], directory["log.db"]);

        // Rows that were moved before and blanked since: their old copies are what the first format could not clear.
        var before = written.Where((_, i) => i % 4 < 2).ToList();
        await using (var store = await SqliteStore.OpenAsync(made.Path))
        {
            await Task.WhenAll(before.Select(w => store.Log.BlankAsync(w.Partition, w.Position, default, Token).AsTask()));
        }

        CopyRows(made["log.db"], directory["log.db"], "UPDATE log SET block = $block WHERE id = $id");
        TestContext.Current.TestOutputHelper?.WriteLine($"{Markers.In(directory).Intersect(before.Select(w => w.Marker)).Count()} are left before the conversion");
        var check = await StoreCheck.RunAsync(directory.Path, Token);
        Assert.DoesNotContain(check.Damages, d => d.File == "log.db");
        Assert.Equal(written.Count, check.Records);

        var after = written.Where((_, i) => i % 4 == 2).ToList();
        var ends = Enumerable.Range(0, Partitions).Select(p => (long)written.Count(w => w.Partition == p)).ToArray();
        Assert.Equal(ends, check.Ends);
        for (var start = 0; start < 2; start++)
        {
            await using var store = await SqliteStore.OpenAsync(directory.Path);
            Assert.Equal((epoch, Partitions), (store.Log.Epoch, store.Log.Partitions));
            Assert.Empty(store.Recovery.Healed);
            if (start == 0)
            {
                // The file alone has everything: the write-ahead log was cut.
                var found = Markers.In(directory);
                Assert.Equal(found.Distinct(), found);
                Assert.DoesNotContain(found, before.Select(w => w.Marker).Contains);
                Assert.Contains(written[3].Marker, found);
                await Task.WhenAll(after.Select(w => store.Log.BlankAsync(w.Partition, w.Position, Bytes.Of("<left>"), Token).AsTask()));
            }

            Assert.DoesNotContain(Markers.In(directory), before.Concat(after).Select(w => w.Marker).Contains);
            for (var partition = 0; partition < Partitions; partition++) Assert.Equal(ends[partition] + start, await store.Log.EndAsync(partition, Token));
            foreach (var (partition, position, marker) in written)
            {
                var text = Bytes.Text((await store.Log.ReadManyAsync([(partition, position)], Token))[0]!.Value.Payload);
                if (before.Contains((partition, position, marker))) Assert.Equal("", text);
                else if (after.Contains((partition, position, marker))) Assert.Equal("<left>", text);
                else Assert.Contains(marker, text, StringComparison.Ordinal);
            }

            Assert.Empty((await store.Maintenance.VerifyLogAsync(Token)).Damaged);
            for (var partition = 0; partition < Partitions; partition++) Assert.Equal(ends[partition] + start, await store.Log.AppendAsync(partition, [Bytes.Record("t", "next")], Token));
        }

        Assert.DoesNotContain((await StoreCheck.RunAsync(directory.Path, Token)).Damages, d => d.File == "log.db");
    }

    [Fact]
    public async Task Without_room_the_file_is_left_as_it_was_and_the_start_says_so()
    {
        using TemporaryDirectory made = new(), directory = new();
        var (epoch, written) = await WriteAsync(made, seed: 5, maxPadding: 3000);
        MakeFormat1(made["log.db"], directory["log.db"]);
        var bytes = await File.ReadAllBytesAsync(directory["log.db"], Token);
        var full = await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { MaxPages = (bytes.Length / 4096) + 3 }));
        Assert.True(full.IsFull);
        Assert.Contains("no room to convert it to format 2", full.Message, StringComparison.Ordinal);
        Assert.Equal(written.Count, (await StoreCheck.RunAsync(directory.Path, Token)).Records);
        await using var store = await SqliteStore.OpenAsync(directory.Path);
        Assert.Equal((epoch, written.Count), (store.Log.Epoch, (int)(await store.Maintenance.VerifyLogAsync(Token)).Records));
    }

    [Fact]
    public async Task Rows_that_were_healed_before_are_still_kept_aside_and_those_of_no_partition_too()
    {
        using TemporaryDirectory made = new(), directory = new();
        await WriteAsync(made, seed: 6, maxPadding: 100);
        MakeFormat1(made["log.db"], directory["log.db"]);
        Execute(directory["log.db"], "INSERT INTO quarantine VALUES ($id, 3, x'0102', 'why')", ("$id", Id(2, 7)));
        Execute(directory["log.db"], "INSERT INTO log VALUES ($id, 1, x'03')", ("$id", Id(Partitions, 8)));
        await (await SqliteStore.OpenAsync(directory.Path)).DisposeAsync();
        using var connection = Open(directory["log.db"]);
        var rows = Query(connection, "SELECT partition || ' ' || position || ' ' || count || ' ' || hex(block) || ' ' || reason FROM quarantine ORDER BY rowid");
        Assert.Equal(["2 7 3 0102 why", "17 8 1 03 it is of no partition"], rows.Select(r => r[0]));
    }

    [Fact]
    public async Task A_format_that_is_not_known_is_named_by_a_start_and_by_a_check()
    {
        using var directory = new TemporaryDirectory();
        await (await SqliteStore.OpenAsync(directory.Path)).DisposeAsync();
        Execute(directory["log.db"], "UPDATE meta SET format = 7");
        const string Says = "log.db has format 7; this program reads formats 1 and 2.";
        Assert.Contains(Says, (await Assert.ThrowsAsync<StorageException>(() => SqliteStore.OpenAsync(directory.Path))).Message, StringComparison.Ordinal);
        Assert.Contains((await StoreCheck.RunAsync(directory.Path, Token)).Damages, d => d.File == "log.db" && d.What.Contains(Says, StringComparison.Ordinal));
    }

    private static async Task<(string Epoch, List<(int Partition, long Position, string Marker)> Written)> WriteAsync(TemporaryDirectory directory, int seed, int maxPadding)
    {
        var random = new Random(seed);
        await using var store = await SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions { Partitions = Partitions });
        var written = new List<(int, long, string)>();
        for (var round = 0; round < 90; round++)
        {
            // The last partition stays empty.
            var appends = Enumerable.Range(0, 15).Select(async i =>
            {
                var (partition, marker) = (random.Next(Partitions - 1), Markers.Of(written.Count + i));
                var record = Bytes.Record("tenant", new string('.', random.Next(maxPadding)) + marker + new string(',', random.Next(maxPadding)));
                return (partition, await store.Log.AppendAsync(partition, [record], Token), marker);
            });
            written.AddRange(await Task.WhenAll(appends.ToList()));
        }

        return (store.Log.Epoch, written);
    }

    /// <summary>Writes the rows of a log in the first format, a few rows of each partition by turns, as they grew.</summary>
    private static void MakeFormat1(string from, string to)
    {
        using var source = Open(from);
        using var target = Open(to);
        Execute(target, "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL");
        Execute(target, """
            CREATE TABLE meta (format INTEGER NOT NULL, partitions INTEGER NOT NULL, epoch TEXT NOT NULL);
            CREATE TABLE log (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, block BLOB NOT NULL);
            CREATE TABLE quarantine (id INTEGER NOT NULL, count INTEGER NOT NULL, block BLOB NOT NULL, reason TEXT NOT NULL);
            """);
        var meta = Assert.Single(Query(source, "SELECT partitions, epoch FROM meta"));
        Execute(target, "INSERT INTO meta VALUES (1, $partitions, $epoch)", ("$partitions", meta[0]), ("$epoch", meta[1]));
        CopyRows(from, to, "INSERT INTO log VALUES ($id, $count, $block)");
    }

    /// <summary>Puts each row of a log into one of the first format.</summary>
    private static void CopyRows(string from, string to, string sql)
    {
        using var source = Open(from);
        using var target = Open(to);
        Execute(target, "PRAGMA secure_delete = ON; PRAGMA synchronous = OFF");
        var union = string.Join(" UNION ALL ", Enumerable.Range(0, Partitions).Select(p => string.Create(CultureInfo.InvariantCulture, $"SELECT {p} AS p, position, count, block FROM log_{p}")));
        foreach (var row in Query(source, $"SELECT * FROM ({union}) ORDER BY position / 4, p, position"))
        {
            Execute(target, sql, ("$id", Id((int)(long)row[0], (long)row[1])), ("$count", row[2]), ("$block", row[3]));
        }
    }

    private static long Id(int partition, long position) => ((long)partition << 48) | position;

    private static void Execute(string path, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var connection = Open(path);
        Execute(connection, sql, values);
    }

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts stand above.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }

    private static List<object[]> Query(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts stand above.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<object[]>();
        while (reader.Read())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
