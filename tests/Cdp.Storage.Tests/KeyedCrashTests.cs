using Cdp.Grains.Ports;
using Cdp.Storage.Keyed;
using Cdp.StorageContract;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Storage.Tests;

/// <summary>A state store that fails at any write, before it or after it: what is left is what was, or what was to be.</summary>
public sealed class KeyedCrashTests
{
    private static CancellationToken Token => CancellationToken.None;

#pragma warning disable CA5394 // A run is repeated by its seed.
    [Fact]
    public void A_history_holds_what_was_appended_and_perhaps_what_failed() => Any(async random =>
    {
        var states = new FailingStates(random);
        var (oracle, key) = (new MemoryHistory(), "key");
        for (var step = 0; step < 60; step++)
        {
            // Whoever fails is gone: another process goes on.
            var history = new KeyedHistory(states, chunkBytes: 50);
            var length = await oracle.LengthAsync(key, Token);
            if (random.Next(12) == 0)
            {
                if (await TryAsync(() => history.DeleteAsync(key, Token).AsTask()) || await states.CalmAsync(() => history.LengthAsync(key, Token).AsTask()) == 0) await oracle.DeleteAsync(key, Token);
            }
            else if (random.Next(4) == 0)
            {
                var rewrite = await Rewrite.AnyAsync(random, oracle, key);
                bool? rewritten = null;
                if (await TryAsync(async () => rewritten = await rewrite.RunAsync(history, key))) Assert.Equal(await rewrite.RunAsync(oracle, key), rewritten);
                else if (await states.CalmAsync(() => IsAsync(new KeyedHistory(states, chunkBytes: 50), rewrite))) await rewrite.RunAsync(oracle, key);
            }
            else
            {
                var (count, slice) = (random.Next(1, 4), Bytes.Random(random.Next(), random.Next(40)));
                var appended = await TryAsync(() => history.AppendAsync(key, length, count, slice, Token).AsTask());
                if (appended || await states.CalmAsync(() => history.LengthAsync(key, Token).AsTask()) > length) await oracle.AppendAsync(key, length, count, slice, Token);
            }

            var from = random.Next((int)await oracle.LengthAsync(key, Token) + 1);
            Assert.Equal(
                (await oracle.ReadAsync(key, from, int.MaxValue, Token)).Select(Bytes.Show),
                (await states.CalmAsync(() => new KeyedHistory(states, chunkBytes: 50).ReadAsync(key, from, int.MaxValue, Token).AsTask())).Select(Bytes.Show));
        }
    });

    /// <summary>Whether a history reads as it is after a rewrite.</summary>
    private static async Task<bool> IsAsync(KeyedHistory history, Rewrite rewrite) =>
        (await history.ReadAsync("key", rewrite.First, 0, Token)) is [var slice, ..] && Bytes.Show(slice) == Bytes.Show(new HistorySliceRow(rewrite.First, rewrite.Count, rewrite.Bytes));

    [Fact]
    public void An_index_holds_what_was_added_once_it_was_tried_long_enough() => Any(async random =>
    {
        var states = new FailingStates(random);
        var oracle = new MemoryCustomerIndex();
        for (var step = 0; step < 120; step++)
        {
            var (id, add) = ($"{random.Next(60):x2}", random.Next(4) != 0);
            await (add ? oracle.AddAsync("t", id, Token) : oracle.RemoveAsync("t", id, Token));
            while (!await TryAsync(() =>
            {
                var index = new KeyedCustomerIndex(states, pageSize: 3);
                return add ? index.AddAsync("t", id, Token).AsTask() : index.RemoveAsync("t", id, Token).AsTask();
            }))
            {
                // Everybody else is where they were.
                var others = await states.CalmAsync(() => new KeyedCustomerIndex(states, pageSize: 3).PageAsync("t", "", 1000, Token).AsTask());
                Assert.Equal((await oracle.PageAsync("t", "", 1000, Token)).Where(i => i != id), others.Where(i => i != id));
            }
        }

        Assert.Equal(
            await oracle.PageAsync("t", "", 1000, Token),
            await states.CalmAsync(() => new KeyedCustomerIndex(states, pageSize: 3).PageAsync("t", "", 1000, Token).AsTask()));
    });

    private static void Any(Func<Random, Task> run) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => run(new Random(seed)).GetAwaiter().GetResult()));

    private static async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private sealed class FailingStates(Random random) : IStateStore
    {
        private readonly MemoryStateStore _states = new();
        private bool _calm;

        /// <summary>Runs a call that nothing fails.</summary>
        public async Task<T> CalmAsync<T>(Func<Task<T>> call)
        {
            _calm = true;
            var result = await call();
            _calm = false;
            return result;
        }

        public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken) => _states.ReadAsync(kind, key, cancellationToken);

        public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
            FailingAsync(() => _states.WriteAsync(kind, key, value, expectedTag, cancellationToken));

        public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
            FailingAsync(() => _states.ClearAsync(kind, key, expectedTag, cancellationToken));

        private async ValueTask<T> FailingAsync<T>(Func<ValueTask<T>> call)
        {
            var fate = _calm ? 9 : random.Next(10);
            if (fate == 0) throw new IOException("failed before");
            var result = await call();
            return fate == 1 ? throw new IOException("failed after") : result;
        }
    }
#pragma warning restore CA5394
}
