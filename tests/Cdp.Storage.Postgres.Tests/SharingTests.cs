using Cdp.StorageContract;

namespace Cdp.Storage.Postgres.Tests;

/// <summary>Several processes on one store, and those who want it alone.</summary>
public sealed class SharingTests(Databases databases)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_wants_a_store_alone_is_told_who_has_it()
    {
        var options = await databases.NewStoreAsync();
        await using (await PostgresStore.OpenAsync(databases.Database, options, Token))
        {
            var failure = await Assert.ThrowsAsync<StoreInUseException>(() => PostgresStore.OpenAsync(databases.Database, options, Token));
            Assert.Contains($"cdp {Environment.MachineName}:{Environment.ProcessId}", failure.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<StoreInUseException>(() => PostgresStore.OpenAsync(databases.Database, options with { Alone = false }, Token));

            // Another schema is another store.
            await (await PostgresStore.OpenAsync(databases.Database, await databases.NewStoreAsync(), Token)).DisposeAsync();
        }

        await using (await PostgresStore.OpenAsync(databases.Database, options with { Alone = false }, Token))
        {
            await (await PostgresStore.OpenAsync(databases.Database, options with { Alone = false }, Token)).DisposeAsync();
            await Assert.ThrowsAsync<StoreInUseException>(() => PostgresStore.OpenAsync(databases.Database, options, Token));
        }

        await (await PostgresStore.OpenAsync(databases.Database, options, Token)).DisposeAsync();
    }

    [Fact]
    public async Task Who_lost_its_lock_writes_nothing_once_another_has_the_store()
    {
        var options = await databases.NewStoreAsync(new() { Partitions = 1, StateWriters = 1 });
        await using var first = await PostgresStore.OpenAsync(databases.Database, options, Token);
        await first.Log.AppendAsync(0, [Bytes.Record("t", "a")], Token);
        Assert.True(await first.History.AppendAsync("key", 0, 1, Bytes.Of("a"), Token));

        // The connection that holds the lock breaks; the others stand.
        await databases.RunAsync($"""
            SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = (hashtext('{options.Schema}')::bigint & 4294967295)::oid
            """);
        PostgresStore? second = null;
        while (second is null)
        {
            try
            {
                second = await PostgresStore.OpenAsync(databases.Database, options, Token);
            }
            catch (StoreInUseException)
            {
                // The server has not noticed yet.
                await Task.Yield();
            }
        }

        await using (second)
        {
            foreach (var write in new Func<Task>[]
            {
                () => first.Log.AppendAsync(0, [Bytes.Record("t", "late")], Token).AsTask(),
                () => first.History.AppendAsync("key", 1, 1, Bytes.Of("late"), Token).AsTask(),
                () => first.State.WriteAsync("kind", "key", Bytes.Of("late"), null, Token).AsTask(),
                () => first.Customers.AddAsync("t", "late", Token).AsTask(),
                () => first.Log.BlankAsync(0, 0, default, Token).AsTask(),
            })
            {
                var failure = await Assert.ThrowsAsync<StorageException>(write);
                Assert.Contains("opened by another process", failure.Message, StringComparison.Ordinal);
            }

            Assert.Equal(1, await second.Log.EndAsync(0, Token));
            Assert.Equal(1, await second.History.LengthAsync("key", Token));
            Assert.True(await second.History.AppendAsync("key", 1, 1, Bytes.Of("b"), Token));
        }
    }

    [Fact]
    public async Task Three_processes_leave_dense_positions_and_each_append_in_one_piece()
    {
        const int Partitions = 3;
        var options = await databases.NewStoreAsync(new() { Partitions = Partitions, Alone = false, LogWriters = 2 });
        var stores = await OpenAsync(options, 3);
        var appended = await Task.WhenAll(Enumerable.Range(0, 12).Select(writer => Task.Run(async () =>
        {
            var log = stores[writer % 3].Log;
            var mine = new List<(int Partition, long First, string Name, int Count)>();
            for (var i = 0; i < 60; i++)
            {
                var (partition, name, count) = ((writer + i) % Partitions, $"{writer}.{i}.", 1 + (i % 4));
                var first = await log.AppendAsync(partition, [.. Enumerable.Range(0, count).Select(n => Bytes.Record("t", $"{name}{n}"))], Token);

                // What returned is read at once, by whichever process.
                Assert.Equal(name + "0", Bytes.Text((await stores[(writer + 1) % 3].Log.ReadManyAsync([(partition, first)], Token))[0]!.Value.Payload));
                mine.Add((partition, first, name, count));
            }

            return mine;
        })));
        for (var partition = 0; partition < Partitions; partition++)
        {
            var records = await stores[0].Log.ReadAsync(partition, 0, int.MaxValue, Token);
            Assert.Equal(Enumerable.Range(0, records.Count).Select(i => (long)i), records.Select(r => r.Position));
            var expected = appended.SelectMany(a => a).Where(a => a.Partition == partition).ToList();
            Assert.Equal(expected.Sum(a => a.Count), records.Count);
            foreach (var (_, first, name, count) in expected)
                Assert.Equal(Enumerable.Range(0, count).Select(i => $"{name}{i}"), records.Skip((int)first).Take(count).Select(r => Bytes.Text(r.Record.Payload)));
        }

        await CloseAsync(stores);
    }

    [Fact]
    public async Task A_reader_never_sees_a_position_before_those_below_it()
    {
        var options = await databases.NewStoreAsync(new() { Partitions = 1, Alone = false, LogWriters = 1 });
        var stores = await OpenAsync(options, 3);
        var writing = Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++) await store.Log.AppendAsync(0, [Bytes.Record("t", $"{i}")], Token);
        })));
        for (var next = 0L; next < 300;)
        {
            var page = await stores[0].Log.ReadAsync(0, next, 1 << 20, Token);
            Assert.Equal(Enumerable.Range(0, page.Count).Select(i => next + i), page.Select(r => r.Position));
            next += page.Count;
        }

        await writing;
        await CloseAsync(stores);
    }

    [Fact]
    public async Task Of_two_processes_who_expect_one_length_exactly_one_wins()
    {
        var options = await databases.NewStoreAsync(new() { Alone = false });
        var stores = await OpenAsync(options, 2);
        for (var round = 0; round < 40; round++)
        {
            var expected = round;
            var won = await Task.WhenAll(stores.Select((store, i) => Task.Run(async () =>
                (Won: await store.History.AppendAsync("key", expected, 1, Bytes.Of($"{i}"), Token), i))));
            var winner = Assert.Single(won, w => w.Won);
            Assert.Equal($"{winner.i}", Bytes.Text(Assert.Single(await stores[1 - winner.i].History.ReadAsync("key", round, 1000, Token)).Bytes));
        }

        await CloseAsync(stores);
    }

    [Fact]
    public async Task A_refused_append_does_not_refuse_the_next_one_that_fits()
    {
        var options = await databases.NewStoreAsync(new() { Alone = false, StateWriters = 1, WritePatience = TimeSpan.FromMilliseconds(200) });
        var stores = await OpenAsync(options, 2);
        Assert.True(await stores[1].History.AppendAsync("key", 0, 7, Bytes.Of("theirs"), Token));

        // In one transaction: the first expects too little, the second, which follows it, what there is.
        var appends = new (long Expected, int Count)[] { (5, 2), (7, 1), (8, 1) }
            .Select(a => stores[0].History.AppendAsync("key", a.Expected, a.Count, Bytes.Of($"{a.Expected}"), Token).AsTask()).ToList();
        var owned = await Task.WhenAll(appends);
        Assert.Equal([false, true, true], owned);
        Assert.Equal(["0+7", "7+1", "8+1"], (await stores[1].History.ReadAsync("key", 0, 1000, Token)).Select(s => $"{s.First}+{s.Count}"));
        await CloseAsync(stores);
    }

    [Fact]
    public async Task Processes_that_delete_and_append_leave_no_history_with_a_gap()
    {
        var options = await databases.NewStoreAsync(new() { Alone = false, StateWriters = 1 });
        var stores = await OpenAsync(options, 2);
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                var length = await stores[0].History.LengthAsync("key", Token);
                await stores[0].History.AppendAsync("key", length, 1, Bytes.Of("a"), Token);
            }
        });
        for (var i = 0; i < 40; i++) await stores[1].History.DeleteAsync("key", Token);
        await appending;
        var slices = await stores[1].History.ReadAsync("key", 0, int.MaxValue, Token);
        Assert.Equal(await stores[1].History.LengthAsync("key", Token), slices.Count);
        Assert.Equal(Enumerable.Range(0, slices.Count).Select(i => (long)i), slices.Select(s => s.First));
        await CloseAsync(stores);
    }

    [Fact]
    public async Task Processes_that_write_the_same_states_all_come_to_an_end()
    {
        var options = await databases.NewStoreAsync(new() { Alone = false, StateWriters = 1 });
        var stores = await OpenAsync(options, 3);
        var won = await Task.WhenAll(stores.Select((store, n) => Task.Run(async () =>
        {
            var wins = 0;
            for (var round = 0; round < 10; round++)
            {
                var keys = Enumerable.Range(0, 30).Select(i => $"{(n == 1 ? 29 - i : i)}").ToList();
                var rows = await store.State.ReadManyAsync("kind", keys, Token);
                var written = await Task.WhenAll(keys.Select((key, i) => store.State.WriteAsync("kind", key, Bytes.Of($"{n}"), rows[i].Tag, Token).AsTask()));
                wins += written.Count(tag => tag is not null);
            }

            return wins;
        })));
        Assert.True(won.Sum() >= 30, $"{string.Join(", ", won)} writes won");
        await CloseAsync(stores);
    }

    private async Task<IReadOnlyList<PostgresStore>> OpenAsync(PostgresStoreOptions options, int processes)
    {
        var stores = new List<PostgresStore>();
        for (var i = 0; i < processes; i++) stores.Add(await PostgresStore.OpenAsync(databases.Database, options, Token));
        return stores;
    }

    private static async Task CloseAsync(IReadOnlyList<PostgresStore> stores)
    {
        foreach (var store in stores) await store.DisposeAsync();
    }
}
