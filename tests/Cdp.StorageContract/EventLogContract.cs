using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>What every event log does.</summary>
public abstract class EventLogContract
{
    protected const int Partitions = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new, empty log with <see cref="Partitions"/> partitions.</summary>
    protected abstract ValueTask<IStorage<IEventLog>> NewAsync();

    [Fact]
    public async Task A_new_log_is_empty()
    {
        await using var storage = await NewAsync();
        Assert.Equal(Partitions, storage.Store.Partitions);
        for (var p = 0; p < Partitions; p++)
        {
            Assert.Equal(0, await storage.Store.EndAsync(p, Token));
            Assert.Empty(await storage.Store.ReadAsync(p, 0, 1000, Token));
        }
    }

    [Fact]
    public async Task Positions_are_dense_from_zero_in_each_partition()
    {
        await using var storage = await NewAsync();
        var log = storage.Store;
        Assert.Equal(0, await log.AppendAsync(1, Records("a", 3), Token));
        Assert.Equal(3, await log.AppendAsync(1, Records("b", 2), Token));
        Assert.Equal(0, await log.AppendAsync(2, Records("c", 1), Token));
        Assert.Equal(5, await log.EndAsync(1, Token));
        Assert.Equal(1, await log.EndAsync(2, Token));
        Assert.Equal(
            ["0:a0", "1:a1", "2:a2", "3:b0", "4:b1"],
            (await log.ReadAsync(1, 0, 1000, Token)).Select(r => $"{r.Position}:{Bytes.Text(r.Record.Payload)}"));
    }

    [Fact]
    public async Task Everything_of_a_record_comes_back()
    {
        await using var storage = await NewAsync();
        LogRecord[] records =
        [
            new("shop", LogRecordFlags.None, 7, Bytes.Random(1, 300)),
            new("shop", LogRecordFlags.Refused, 0, Bytes.Random(2, 1)),
            new("größer ✓", LogRecordFlags.None, uint.MaxValue, Bytes.Random(3, 40_000)),
            new("", LogRecordFlags.None, 1, default),
        ];
        await storage.Store.AppendAsync(0, records, Token);
        for (var pass = 0; pass < 2; pass++)
        {
            Assert.Equal(records.Select(r => Bytes.Show(r)), (await storage.Store.ReadAsync(0, 0, int.MaxValue, Token)).Select(r => Bytes.Show(r.Record)));
            Assert.Equal(records.Select(r => Bytes.Show(r)), (await storage.Store.ReadManyAsync([(0, 0), (0, 1), (0, 2), (0, 3)], Token)).Select(Bytes.Show));
            await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task An_append_of_nothing_changes_nothing()
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync(0, Records("a", 2), Token);
        Assert.Equal(2, await storage.Store.AppendAsync(0, [], Token));
        Assert.Equal(2, await storage.Store.EndAsync(0, Token));
    }

    [Fact]
    public async Task A_read_starts_anywhere_and_stops_at_its_bytes_but_returns_at_least_one()
    {
        await using var storage = await NewAsync();
        var log = storage.Store;
        await log.AppendAsync(0, [.. Enumerable.Range(0, 50).Select(i => new LogRecord("t", LogRecordFlags.None, 0, Bytes.Random(i, 1000)))], Token);
        Assert.Equal([17L, 18, 19], (await log.ReadAsync(0, 17, 3999, Token)).Select(r => r.Position));
        Assert.Equal([17L, 18, 19, 20], (await log.ReadAsync(0, 17, 4000, Token)).Select(r => r.Position));
        Assert.Equal([49L], (await log.ReadAsync(0, 49, 0, Token)).Select(r => r.Position));
        Assert.Empty(await log.ReadAsync(0, 50, 1000, Token));
        Assert.Empty(await log.ReadAsync(0, long.MaxValue, 1000, Token));
    }

    [Fact]
    public async Task Single_records_come_in_the_order_asked_and_missing_ones_as_null()
    {
        await using var storage = await NewAsync();
        var log = storage.Store;
        await log.AppendAsync(0, Records("a", 3), Token);
        await log.AppendAsync(3, Records("b", 1), Token);
        var found = await log.ReadManyAsync([(0, 2), (3, 0), (0, 3), (0, 0), (1, 0), (0, -1), (0, 2), (0, long.MaxValue)], Token);
        Assert.Equal(["a2", "b0", null, "a0", null, null, "a2", null], found.Select(r => r is { } x ? Bytes.Text(x.Payload) : null));
        Assert.Empty(await log.ReadManyAsync([], Token));
    }

    [Fact]
    public async Task A_blanked_record_keeps_its_position_and_the_others_their_content()
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync(0, Records("a", 5), Token);
        Assert.True(await storage.Store.BlankAsync(0, 2, default, Token));
        for (var pass = 0; pass < 2; pass++)
        {
            var records = await storage.Store.ReadAsync(0, 0, 1000, Token);
            Assert.Equal(["a0", "a1", "", "a3", "a4"], records.Select(r => Bytes.Text(r.Record.Payload)));
            Assert.Equal([false, false, true, false, false], records.Select(r => r.Record.Flags.HasFlag(LogRecordFlags.Blanked)));
            Assert.Equal("tenant", records[2].Record.Tenant);
            Assert.Equal("tenant|Blanked|0|", Bytes.Show((await storage.Store.ReadManyAsync([(0, 2)], Token))[0]));
            Assert.Equal(5, await storage.Store.EndAsync(0, Token));
            await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task Blanking_twice_is_blanking_once_and_keeps_other_flags()
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync(0, [new LogRecord("t", LogRecordFlags.Refused, 9, Bytes.Of("secret"))], Token);
        Assert.True(await storage.Store.BlankAsync(0, 0, default, Token));
        Assert.True(await storage.Store.BlankAsync(0, 0, default, Token));
        Assert.Equal("t|Refused, Blanked|9|", Bytes.Show((await storage.Store.ReadManyAsync([(0, 0)], Token))[0]));
    }

    [Fact]
    public async Task A_blanked_record_leaves_what_it_is_told_to_and_never_more_than_it_held()
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync(0, [.. Records("before", 1), new LogRecord("t", LogRecordFlags.None, 7, Bytes.Of("header and secret")), .. Records("after", 1)], Token);
        await Assert.ThrowsAsync<ArgumentException>(() => storage.Store.BlankAsync(0, 1, Bytes.Of("more than the record held"), Token).AsTask());
        Assert.Equal("header and secret", Bytes.Text((await storage.Store.ReadManyAsync([(0, 1)], Token))[0]!.Value.Payload));

        Assert.True(await storage.Store.BlankAsync(0, 1, Bytes.Of("header"), Token));
        Assert.True(await storage.Store.BlankAsync(0, 1, Bytes.Of("header"), Token));
        for (var pass = 0; pass < 2; pass++)
        {
            Assert.Equal(["before0", "header", "after0"], (await storage.Store.ReadAsync(0, 0, 1000, Token)).Select(r => Bytes.Text(r.Record.Payload)));
            Assert.Equal("t|Blanked|7|686561646572", Bytes.Show((await storage.Store.ReadManyAsync([(0, 1)], Token))[0]));
            await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task Blanking_what_is_not_there_says_so()
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync(0, Records("a", 1), Token);
        Assert.False(await storage.Store.BlankAsync(0, 1, default, Token));
        Assert.False(await storage.Store.BlankAsync(0, -1, default, Token));
        Assert.False(await storage.Store.BlankAsync(1, 0, default, Token));
    }

    [Fact]
    public async Task A_log_goes_on_where_it_was_left()
    {
        await using var storage = await NewAsync();
        var epoch = storage.Store.Epoch;
        await storage.Store.AppendAsync(0, Records("a", 2), Token);
        await storage.ReopenAsync();
        Assert.Equal(epoch, storage.Store.Epoch);
        Assert.Equal(Partitions, storage.Store.Partitions);
        Assert.Equal(2, await storage.Store.EndAsync(0, Token));
        Assert.Equal(2, await storage.Store.AppendAsync(0, Records("b", 1), Token));
        Assert.Equal(["a0", "a1", "b0"], (await storage.Store.ReadAsync(0, 0, 1000, Token)).Select(r => Bytes.Text(r.Record.Payload)));
    }

    [Fact]
    public async Task Other_partitions_than_its_own_are_refused()
    {
        await using var storage = await NewAsync();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => storage.Store.AppendAsync(Partitions, Records("a", 1), Token).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => storage.Store.ReadAsync(-1, 0, 1, Token).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => storage.Store.ReadAsync(0, -1, 1, Token).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => storage.Store.EndAsync(Partitions, Token).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => storage.Store.BlankAsync(Partitions, 0, default, Token).AsTask());
    }

    [Fact]
    public async Task Sixteen_writers_leave_dense_positions_and_each_append_in_one_piece()
    {
        await using var storage = await NewAsync();
        var appended = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            var mine = new List<(int Partition, long First, string Name)>();
            for (var i = 0; i < 40; i++)
            {
                var partition = (writer + i) % Partitions;
                var name = $"{writer}.{i}.";
                var first = await storage.Store.AppendAsync(partition, Records(name, 1 + (i % 5)), Token);

                // What returned is read at once.
                Assert.Equal(name + "0", Bytes.Text((await storage.Store.ReadManyAsync([(partition, first)], Token))[0]!.Value.Payload));
                mine.Add((partition, first, name));
            }

            return mine;
        })));
        await storage.ReopenAsync();
        for (var partition = 0; partition < Partitions; partition++)
        {
            var records = await storage.Store.ReadAsync(partition, 0, int.MaxValue, Token);
            Assert.Equal(Enumerable.Range(0, records.Count).Select(i => (long)i), records.Select(r => r.Position));
            Assert.Equal(records.Count, await storage.Store.EndAsync(partition, Token));
            var expected = appended.SelectMany(a => a).Where(a => a.Partition == partition).ToList();
            foreach (var (_, first, name) in expected)
            {
                var count = 1 + (int.Parse(name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture) % 5);
                Assert.Equal(Enumerable.Range(0, count).Select(i => $"{name}{i}"), records.Skip((int)first).Take(count).Select(r => Bytes.Text(r.Record.Payload)));
            }

            Assert.Equal(expected.Sum(a => 1 + (int.Parse(a.Name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture) % 5)), records.Count);
        }
    }

    [Fact]
    public async Task Any_sequence_of_calls_gives_what_the_simplest_log_gives() =>
        await Model.CheckAsync(async random =>
        {
            await using var storage = await NewAsync();
            var oracle = new MemoryEventLog(Partitions);
            for (var step = 0; step < 40; step++)
            {
                var partition = random.Next(Partitions);
                var position = (long)random.Next(-1, 40);
                switch (random.Next(12))
                {
                    case < 5:
                        LogRecord[] records = [.. Enumerable.Range(0, random.Next(6)).Select(_ => new LogRecord(
                            $"t{random.Next(3)}", (LogRecordFlags)random.Next(2), (uint)random.Next(3), Bytes.Random(random.Next(), random.Next(20) == 0 ? 20_000 : random.Next(100))))];
                        Assert.Equal(await oracle.AppendAsync(partition, records, Token), await storage.Store.AppendAsync(partition, records, Token));
                        break;
                    case < 8:
                        var (from, bytes) = (Math.Max(0, position), random.Next(2) == 0 ? random.Next(500) : 100_000);
                        Assert.Equal(
                            (await oracle.ReadAsync(partition, from, bytes, Token)).Select(Bytes.Show),
                            (await storage.Store.ReadAsync(partition, from, bytes, Token)).Select(Bytes.Show));
                        break;
                    case 8:
                        (int, long)[] positions = [.. Enumerable.Range(0, random.Next(10)).Select(_ => (random.Next(Partitions), (long)random.Next(-1, 40)))];
                        Assert.Equal(
                            (await oracle.ReadManyAsync(positions, Token)).Select(Bytes.Show),
                            (await storage.Store.ReadManyAsync(positions, Token)).Select(Bytes.Show));
                        break;
                    case 9:
                        Assert.Equal(await oracle.EndAsync(partition, Token), await storage.Store.EndAsync(partition, Token));
                        break;
                    case 10:
                        var left = Bytes.Random(random.Next(), random.Next(60));
                        Assert.Equal(await BlankAsync(oracle, partition, position, left), await BlankAsync(storage.Store, partition, position, left));
                        break;
                    default:
                        await storage.ReopenAsync();
                        break;
                }
            }
        });

    private static async Task<string> BlankAsync(IEventLog log, int partition, long position, ReadOnlyMemory<byte> remainder)
    {
        try
        {
            return await log.BlankAsync(partition, position, remainder, Token) ? "blanked" : "nothing there";
        }
        catch (ArgumentException)
        {
            return "too much left";
        }
    }

    private static LogRecord[] Records(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Bytes.Record("tenant", $"{name}{i}"))];
}
