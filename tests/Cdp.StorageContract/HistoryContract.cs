using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>What every history store does.</summary>
public abstract class HistoryContract
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new, empty store.</summary>
    protected abstract ValueTask<IStorage<IHistory>> NewAsync();

    [Fact]
    public async Task An_unknown_history_is_empty()
    {
        await using var storage = await NewAsync();
        Assert.Equal(0, await storage.Store.LengthAsync("key", Token));
        Assert.Empty(await storage.Store.ReadAsync("key", 0, 1000, Token));
        await storage.Store.DeleteAsync("key", Token);
    }

    [Fact]
    public async Task Slices_come_back_as_they_were_appended()
    {
        await using var storage = await NewAsync();
        HistorySliceRow[] slices = [new(0, 1, Bytes.Of("a")), new(1, 3, Bytes.Random(1, 5000)), new(4, 1, default), new(5, 100, Bytes.Of("d"))];
        foreach (var slice in slices) Assert.True(await storage.Store.AppendAsync("t/customer", slice.First, slice.Count, slice.Bytes, Token));
        for (var pass = 0; pass < 2; pass++)
        {
            Assert.Equal(105, await storage.Store.LengthAsync("t/customer", Token));
            Assert.Equal(slices.Select(Bytes.Show), (await storage.Store.ReadAsync("t/customer", 0, int.MaxValue, Token)).Select(Bytes.Show));
            await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task A_read_begins_with_the_slice_that_holds_the_entry()
    {
        await using var storage = await NewAsync();
        for (var i = 0; i < 5; i++) await storage.Store.AppendAsync("key", i * 10, 10, Bytes.Random(i, 100), Token);
        Assert.Equal([20L, 30], (await storage.Store.ReadAsync("key", 20, 299, Token)).Select(s => s.First));
        Assert.Equal([20L, 30, 40], (await storage.Store.ReadAsync("key", 29, 300, Token)).Select(s => s.First));
        Assert.Equal([40L], (await storage.Store.ReadAsync("key", 49, 0, Token)).Select(s => s.First));
        Assert.Empty(await storage.Store.ReadAsync("key", 50, 1000, Token));
        Assert.Empty(await storage.Store.ReadAsync("key", long.MaxValue, 1000, Token));
    }

    [Fact]
    public async Task An_append_that_expects_another_length_changes_nothing()
    {
        await using var storage = await NewAsync();
        Assert.False(await storage.Store.AppendAsync("key", 1, 1, Bytes.Of("bad"), Token));
        Assert.True(await storage.Store.AppendAsync("key", 0, 2, Bytes.Of("a"), Token));
        foreach (var expected in new long[] { 0, 1, 3 }) Assert.False(await storage.Store.AppendAsync("key", expected, 1, Bytes.Of("bad"), Token));
        await storage.ReopenAsync();
        foreach (var expected in new long[] { 0, 1, 3 }) Assert.False(await storage.Store.AppendAsync("key", expected, 1, Bytes.Of("bad"), Token));
        Assert.Equal("0+2|61", Bytes.Show(Assert.Single(await storage.Store.ReadAsync("key", 0, 1000, Token))));
    }

    [Fact]
    public async Task Appends_issued_without_awaiting_are_applied_in_order()
    {
        await using var storage = await NewAsync();
        var appends = Enumerable.Range(0, 500).Select(i => storage.Store.AppendAsync("key", i, 1, Bytes.Of($"{i}"), Token).AsTask()).ToList();
        Assert.All(await Task.WhenAll(appends), Assert.True);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
    }

    [Fact]
    public async Task Appends_that_nobody_awaits_stay_in_order_with_those_that_somebody_does()
    {
        await using var storage = await NewAsync();
        var appends = Enumerable.Range(0, 500).Select(i => i % 3 == 0
            ? storage.Store.AppendAsync("key", i, 1, Bytes.Of($"{i}"), Token).AsTask()
            : AppendTask.Begin(storage.Store, "key", i, Bytes.Of($"{i}"))).ToList();
        Assert.All(await Task.WhenAll(appends), Assert.True);
        Assert.False(await AppendTask.Begin(storage.Store, "key", 499, Bytes.Of("late")));
        await storage.ReopenAsync();
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
    }

    [Fact]
    public async Task A_deleted_history_is_gone_and_can_begin_anew()
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync("key", 0, 5, Bytes.Of("old"), Token);
        await storage.Store.AppendAsync("key2", 0, 1, Bytes.Of("other"), Token);
        await storage.Store.DeleteAsync("key", Token);
        Assert.Equal(0, await storage.Store.LengthAsync("key", Token));
        Assert.Empty(await storage.Store.ReadAsync("key", 0, 1000, Token));
        Assert.Equal(1, await storage.Store.LengthAsync("key2", Token));
        Assert.False(await storage.Store.AppendAsync("key", 5, 1, Bytes.Of("bad"), Token));
        Assert.True(await storage.Store.AppendAsync("key", 0, 1, Bytes.Of("new"), Token));
        await storage.ReopenAsync();
        Assert.Equal("new", Bytes.Text(Assert.Single(await storage.Store.ReadAsync("key", 0, 1000, Token)).Bytes));
    }

    [Fact]
    public async Task Of_sixteen_writers_who_expect_one_length_exactly_one_wins()
    {
        await using var storage = await NewAsync();
        for (var round = 0; round < 20; round++)
        {
            var expected = round;
            var won = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
                (Won: await storage.Store.AppendAsync("key", expected, 1, Bytes.Of($"{writer}"), Token), writer))));
            var winner = Assert.Single(won, w => w.Won);
            Assert.Equal($"{winner.writer}", Bytes.Text(Assert.Single(await storage.Store.ReadAsync("key", round, 1000, Token)).Bytes));
        }

        await storage.ReopenAsync();
        Assert.Equal(20, await storage.Store.LengthAsync("key", Token));
    }

    [Fact]
    public async Task Sixteen_writers_of_their_own_histories_do_not_meet()
    {
        await using var storage = await NewAsync();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) Assert.True(await storage.Store.AppendAsync($"{writer}", i, 1, Bytes.Of($"{writer}.{i}"), Token));
        })));
        await storage.ReopenAsync();
        for (var writer = 0; writer < 16; writer++)
        {
            Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{writer}.{i}"), (await storage.Store.ReadAsync($"{writer}", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
        }
    }

    [Fact]
    public async Task Any_sequence_of_calls_gives_what_the_simplest_store_gives() =>
        await Model.CheckAsync(async random =>
        {
            await using var storage = await NewAsync();
            var oracle = new MemoryHistory();
            for (var step = 0; step < 80; step++)
            {
                var key = $"t{random.Next(2)}/{random.Next(3)}";
                switch (random.Next(20))
                {
                    case < 11:
                        var expected = random.Next(5) == 0 ? random.Next(6) : await oracle.LengthAsync(key, Token);
                        var (count, slice) = (random.Next(1, 4), Bytes.Random(random.Next(), random.Next(15) == 0 ? 6000 : random.Next(80)));
                        Assert.Equal(await oracle.AppendAsync(key, expected, count, slice, Token), await storage.Store.AppendAsync(key, expected, count, slice, Token));
                        break;
                    case < 16:
                        var (from, bytes) = (random.Next(30), random.Next(2) == 0 ? random.Next(300) : 100_000);
                        Assert.Equal(
                            (await oracle.ReadAsync(key, from, bytes, Token)).Select(Bytes.Show),
                            (await storage.Store.ReadAsync(key, from, bytes, Token)).Select(Bytes.Show));
                        break;
                    case < 18:
                        Assert.Equal(await oracle.LengthAsync(key, Token), await storage.Store.LengthAsync(key, Token));
                        break;
                    case 18:
                        await oracle.DeleteAsync(key, Token);
                        await storage.Store.DeleteAsync(key, Token);
                        break;
                    default:
                        await storage.ReopenAsync();
                        break;
                }
            }
        });
}
