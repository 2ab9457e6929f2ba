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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_history_that_was_deleted_or_removed_is_gone_and_can_begin_anew(bool erased)
    {
        await using var storage = await NewAsync();
        await storage.Store.AppendAsync("key", 0, 5, Bytes.Of("old"), Token);
        await storage.Store.AppendAsync("key2", 0, 1, Bytes.Of("other"), Token);
        await (erased ? storage.Store.DeleteAsync("key", Token) : storage.Store.RemoveAsync("key", Token));
        Assert.Equal(0, await storage.Store.LengthAsync("key", Token));
        Assert.Empty(await storage.Store.ReadAsync("key", 0, 1000, Token));
        Assert.Equal(1, await storage.Store.LengthAsync("key2", Token));
        Assert.False(await storage.Store.AppendAsync("key", 5, 1, Bytes.Of("bad"), Token));
        Assert.True(await storage.Store.AppendAsync("key", 0, 1, Bytes.Of("new"), Token));
        await storage.ReopenAsync();
        Assert.Equal("new", Bytes.Text(Assert.Single(await storage.Store.ReadAsync("key", 0, 1000, Token)).Bytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(300)]
    [InlineData(20_000)]
    [InlineData(600_000)]
    public async Task A_rewritten_slice_reads_as_it_was_rewritten_wherever_it_stands(int length)
    {
        await using var storage = await NewAsync();
        var slices = Enumerable.Range(0, 9).Select(i => new HistorySliceRow(i * 3, 3, Bytes.Random(i, length))).ToList();
        foreach (var slice in slices) Assert.True(await storage.Store.AppendAsync("key", slice.First, slice.Count, slice.Bytes, Token));
        int[] lengths = [length, length / 2, 0];
        for (var pass = 0; pass < lengths.Length; pass++)
        {
            foreach (var i in new[] { 0, 4, 8 })
            {
                slices[i] = slices[i] with { Bytes = Bytes.Random(100 + pass, lengths[pass]) };
                Assert.True(await storage.Store.RewriteAsync("key", slices[i].First, slices[i].Count, slices[i].Bytes, Token));
                Assert.True(await storage.Store.RewriteAsync("key", slices[i].First, slices[i].Count, slices[i].Bytes, Token));
            }

            Assert.Equal(slices.Select(Bytes.Show), (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(Bytes.Show));
            if (pass == 1) await storage.ReopenAsync();
            Assert.Equal(Bytes.Show(slices[4]), Bytes.Show((await storage.Store.ReadAsync("key", 13, 0, Token))[0]));
        }

        Assert.Equal(27, await storage.Store.LengthAsync("key", Token));
        Assert.True(await storage.Store.AppendAsync("key", 27, 1, Bytes.Of("after"), Token));
        await storage.ReopenAsync();
        Assert.Equal([.. slices.Select(Bytes.Show), "27+1|6166746572"], (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(Bytes.Show));
    }

    [Fact]
    public async Task A_slice_of_many_entries_is_rewritten_as_one()
    {
        await using var storage = await NewAsync();
        Assert.True(await storage.Store.AppendAsync("key", 0, 1, Bytes.Of("a"), Token));
        Assert.True(await storage.Store.AppendAsync("key", 1, 100_000, Bytes.Random(1, 5000), Token));
        Assert.True(await storage.Store.AppendAsync("key", 100_001, 1, Bytes.Of("b"), Token));
        Assert.True(await storage.Store.RewriteAsync("key", 1, 100_000, Bytes.Of("less"), Token));
        Assert.Equal(["0+1|61", "1+100000|6C657373", "100001+1|62"], (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(Bytes.Show));
        Assert.Equal(100_002, await storage.Store.LengthAsync("key", Token));
    }

    [Fact]
    public async Task What_is_no_slice_or_would_grow_is_not_rewritten()
    {
        await using var storage = await NewAsync();
        Assert.False(await storage.Store.RewriteAsync("key", 0, 1, Bytes.Of("a"), Token));
        HistorySliceRow[] slices = [new(0, 2, Bytes.Of("ab")), new(2, 3, Bytes.Random(1, 3000)), new(5, 1, Bytes.Of("c")), new(6, 1, default), new(7, 4, Bytes.Of("defg"))];
        foreach (var slice in slices) Assert.True(await storage.Store.AppendAsync("key", slice.First, slice.Count, slice.Bytes, Token));
        for (var pass = 0; pass < 2; pass++)
        {
            foreach (var (first, count) in new[] { (0L, 1), (0L, 3), (1L, 1), (0L, 5), (2L, 1), (4L, 1), (5L, 2), (7L, 3), (8L, 4), (11L, 1), (1L << 40, 1), (-1L, 1), (0L, 0), (0L, -2) })
            {
                Assert.False(await storage.Store.RewriteAsync("key", first, count, Bytes.Of("x"), Token));
            }

            foreach (var slice in slices)
            {
                await Assert.ThrowsAnyAsync<ArgumentException>(() => storage.Store.RewriteAsync("key", slice.First, slice.Count, Bytes.Random(2, slice.Bytes.Length + 1), Token).AsTask());
            }

            Assert.False(await storage.Store.RewriteAsync("key2", 0, 2, Bytes.Of("x"), Token));
            Assert.Equal(slices.Select(Bytes.Show), (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(Bytes.Show));
            await storage.ReopenAsync();
        }

        await storage.Store.DeleteAsync("key", Token);
        Assert.False(await storage.Store.RewriteAsync("key", 0, 2, Bytes.Of("x"), Token));
    }

    [Fact]
    public async Task What_was_appended_behind_is_rewritten()
    {
        await using var storage = await NewAsync();
        var appends = Enumerable.Range(0, 20).Select(i => AppendTask.Begin(storage.Store, "key", i, Bytes.Of($"<{i:d2}>"))).ToList();
        await appends[7];
        Assert.True(await storage.Store.RewriteAsync("key", 7, 1, Bytes.Of("gone"), Token));
        Assert.All(await Task.WhenAll(appends), Assert.True);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => i == 7 ? "gone" : $"<{i:d2}>"), (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
    }

    [Fact]
    public async Task Many_are_rewritten_at_once()
    {
        await using var storage = await NewAsync();
        const int Slices = 1000;
        Assert.All(await Task.WhenAll(Enumerable.Range(0, Slices).Select(i => storage.Store.AppendAsync($"{i % 3}", i / 3, 1, Bytes.Of($"<{i:d4}>"), Token).AsTask())), Assert.True);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, Slices).Select(i => storage.Store.RewriteAsync($"{i % 3}", i / 3, 1, Bytes.Of($"{i:d4}"), Token).AsTask())), Assert.True);
        for (var key = 0; key < 3; key++)
        {
            Assert.Equal(
                Enumerable.Range(0, Slices).Where(i => i % 3 == key).Select(i => $"{i:d4}"),
                (await storage.Store.ReadAsync($"{key}", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
        }
    }

    [Fact]
    public async Task Appends_and_reads_beside_rewrites_find_every_slice_as_it_was_or_is()
    {
        await using var storage = await NewAsync();
        var (appended, rewritten) = (0, 0);
        const int Slices = 400;
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < Slices; i++)
            {
                Assert.True(await storage.Store.AppendAsync("key", i, 1, Bytes.Of($"<{i}>" + new string('.', i % 20 * 60)), Token));
                Volatile.Write(ref appended, i + 1);
            }
        });
        var rewriting = Task.Run(async () =>
        {
            while (rewritten < Slices / 2 && !appending.IsFaulted)
            {
                var most = Volatile.Read(ref appended);
                if (rewritten == most) await Task.Yield();
                for (var i = rewritten; i < most; i++) Assert.True(await storage.Store.RewriteAsync("key", i, 1, Bytes.Of($"({i})"), Token));
                Volatile.Write(ref rewritten, most);
            }
        });
        var both = Task.WhenAll(appending, rewriting);
        while (!both.IsCompleted)
        {
            var (done, least) = (Volatile.Read(ref rewritten), Volatile.Read(ref appended));
            var slices = await storage.Store.ReadAsync("key", 0, int.MaxValue, Token);
            Assert.True(slices.Count >= least);
            for (var i = 0; i < slices.Count; i++)
            {
                var text = Bytes.Text(slices[i].Bytes).TrimEnd('.');
                Assert.True(slices[i].First == i && (text == $"({i})" || (i >= done && text == $"<{i}>")), $"Entry {slices[i].First} is {text}, those before {done} were rewritten.");
            }
        }

        await both;
        await storage.ReopenAsync();
        Assert.Equal(
            Enumerable.Range(0, Slices).Select(i => i < rewritten ? $"({i})" : $"<{i}>"),
            (await storage.Store.ReadAsync("key", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes).TrimEnd('.')));
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
                switch (random.Next(22))
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
                    case 18 or 19:
                        var rewrite = await Rewrite.AnyAsync(random, oracle, key);
                        Assert.Equal(await rewrite.RunAsync(oracle, key), await rewrite.RunAsync(storage.Store, key));
                        break;
                    case 20:
                        await oracle.DeleteAsync(key, Token);
                        await (random.Next(2) == 0 ? storage.Store.DeleteAsync(key, Token) : storage.Store.RemoveAsync(key, Token));
                        break;
                    default:
                        await storage.ReopenAsync();
                        break;
                }
            }
        });
}
