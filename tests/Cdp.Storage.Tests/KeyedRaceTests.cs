using Cdp.Grains.Ports;
using Cdp.Storage.Keyed;
using Cdp.StorageContract;

namespace Cdp.Storage.Tests;

/// <summary>Several processes on the same states.</summary>
public sealed class KeyedRaceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_processes_who_expect_one_length_exactly_one_wins()
    {
        var states = new SlowStates();
        IHistory[] processes = [.. Enumerable.Range(0, 3).Select(_ => new KeyedHistory(states, chunkBytes: 40))];
        for (var round = 0; round < 200; round++)
        {
            var expected = round;
            var won = await Task.WhenAll(processes.Select((history, i) => Task.Run(async () =>
                (Won: await history.AppendAsync("key", expected, 1, Bytes.Of($"{i}"), Token), i))));
            var winner = Assert.Single(won, w => w.Won);
            Assert.Equal($"{winner.i}", Bytes.Text((await processes[round % 3].ReadAsync("key", round, 1000, Token))[0].Bytes));
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), (await processes[0].ReadAsync("key", 0, int.MaxValue, Token)).Select(s => s.First));
    }

    [Fact]
    public async Task Processes_that_delete_and_append_leave_no_history_with_a_gap_and_no_bytes_of_a_deleted_one()
    {
        var states = new SlowStates();
        var (appender, deleter) = (new KeyedHistory(states, chunkBytes: 40), new KeyedHistory(states, chunkBytes: 40));
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++) await appender.AppendAsync("key", await appender.LengthAsync("key", Token), 1, Bytes.Random(i, 15), Token);
        });
        while (!appending.IsCompleted)
        {
            await deleter.DeleteAsync("key", Token);
            var slices = await deleter.ReadAsync("key", 0, int.MaxValue, Token);
            Assert.Equal(Enumerable.Range(0, slices.Count).Select(i => (long)i), slices.Select(s => s.First));
        }

        await appending;
        await deleter.DeleteAsync("key", Token);
        Assert.Equal(0, states.Count);
    }

    [Fact]
    public async Task What_one_process_rewrites_another_that_cuts_the_same_head_does_not_bring_back()
    {
        var states = new SlowStates();
        IHistory[] appenders = [.. Enumerable.Range(0, 2).Select(_ => new KeyedHistory(states, chunkBytes: 40))];
        var rewriter = new KeyedHistory(states, chunkBytes: 40);
        const int Slices = 300;
        var appending = Task.WhenAll(appenders.Select(history => Task.Run(async () =>
        {
            while (await history.LengthAsync("key", Token) is var length && length < Slices) await history.AppendAsync("key", length, 1, Bytes.Of($"<{length}>"), Token);
        })));
        for (var done = 0L; done < Slices;)
        {
            var length = await rewriter.LengthAsync("key", Token);
            if (done == length) await Task.Yield();
            for (; done < length; done++)
            {
                Assert.True(await rewriter.RewriteAsync("key", done, 1, Bytes.Of($"({done})"), Token));
                Assert.Equal($"({done})", Bytes.Text((await rewriter.ReadAsync("key", done, 0, Token))[0].Bytes));
            }
        }

        await appending;
        Assert.Equal(Enumerable.Range(0, Slices).Select(i => $"({i})"), (await rewriter.ReadAsync("key", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
        await rewriter.DeleteAsync("key", Token);
        Assert.Equal(0, states.Count);
    }

    [Fact]
    public async Task No_id_is_lost_or_comes_back_while_processes_split_pages()
    {
        var states = new SlowStates();
        ICustomerIndex[] processes = [.. Enumerable.Range(0, 3).Select(_ => new KeyedCustomerIndex(states, pageSize: 4))];
        await Task.WhenAll(processes.Select((index, n) => Task.Run(async () =>
        {
            for (var i = 0; i < 150; i++)
            {
                await index.AddAsync("shop", Id(n, i), Token);
                if (i % 3 == 0) await index.RemoveAsync("shop", Id(n, i / 2), Token);

                // What returned is read, by whichever process and however pages are split meanwhile.
                var page = await processes[(n + 1) % 3].PageAsync("shop", Before(Id(n, i)), 1, Token);
                if (i % 3 != 0 || i > 0) Assert.Equal(Id(n, i), Assert.Single(page));
            }
        })));
        var expected = Enumerable.Range(0, 3).SelectMany(n => Enumerable.Range(0, 150).Where(i => !Enumerable.Range(0, 50).Any(k => k * 3 / 2 == i)).Select(i => Id(n, i)));
        Assert.Equal(expected.Order(StringComparer.Ordinal), await processes[0].PageAsync("shop", "", 1000, Token));

        // Scattered over the alphabet, so that every process writes to every page.
        static string Id(int process, int number) => $"{number * 7919 % 1000:d3}-{process}-{number}";
        static string Before(string id) => id[..^1] + (char)(id[^1] - 1) + "~";
    }

    /// <summary>States whose calls give way to those of others in the middle.</summary>
    private sealed class SlowStates : IStateStore
    {
        private readonly MemoryStateStore _states = new();
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public async ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return await _states.ReadAsync(kind, key, cancellationToken);
        }

        public async ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var tag = await _states.WriteAsync(kind, key, value, expectedTag, cancellationToken);
            if (tag is not null && expectedTag is null) Interlocked.Increment(ref _count);
            await Task.Yield();
            return tag;
        }

        public async ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var cleared = await _states.ClearAsync(kind, key, expectedTag, cancellationToken);
            if (cleared && expectedTag is not null) Interlocked.Decrement(ref _count);
            return cleared;
        }
    }
}
