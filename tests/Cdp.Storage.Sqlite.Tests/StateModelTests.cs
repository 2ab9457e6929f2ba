using Cdp.Grains.Ports;
using Cdp.StorageContract;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>
/// Random calls of all three ports, with memtables of random size, checkpoints, orderly ends and crashes in between, give
/// what the simplest stores give.
/// </summary>
public sealed class StateModelTests
{
    private static readonly int[] Sizes = [1, 200, 1000, 5000, 1 << 20];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_sequence_of_calls_merges_ends_and_crashes_gives_what_the_simplest_stores_give() =>
        await Task.Run(() => Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(40),
#pragma warning disable CA5394 // A run is repeated by its seed.
            Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(new Random(seed)).GetAwaiter().GetResult())));

    private static async Task RunAsync(Random random)
    {
        var directory = new TemporaryDirectory();
        var memtable = 0;
        var store = await OpenAsync();
        var (states, histories, customers) = (new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex());
        var tags = new Dictionary<(string, string), (string? Oracle, string? Tested)>();
        for (var step = 0; step < 150; step++)
        {
            var (kind, key) = ($"k{random.Next(2)}", $"{random.Next(6)}");
            var tag = tags.GetValueOrDefault((kind, random.Next(6) == 0 ? "0" : key));
            var history = $"t{random.Next(2)}/{random.Next(4)}";
            switch (random.Next(37))
            {
                case < 7:
                    var value = Bytes.Random(random.Next(), random.Next(10) == 0 ? 9000 : random.Next(200));
                    var written = (Oracle: await states.WriteAsync(kind, key, value, tag.Oracle, Token), Tested: await store.State.WriteAsync(kind, key, value, tag.Tested, Token));
                    Assert.Equal(written.Oracle is null, written.Tested is null);
                    if (written.Oracle is not null) tags[(kind, key)] = written;
                    break;
                case < 9:
                    var cleared = await states.ClearAsync(kind, key, tag.Oracle, Token);
                    Assert.Equal(cleared, await store.State.ClearAsync(kind, key, tag.Tested, Token));
                    if (cleared) tags.Remove((kind, key));
                    break;
                case < 17:
                    var expected = random.Next(8) == 0 ? random.Next(6) : await histories.LengthAsync(history, Token);
                    var (count, slice) = (random.Next(1, 4), Bytes.Random(random.Next(), random.Next(8) == 0 ? (random.Next(4) == 0 ? 6000 : 950 + random.Next(30)) : random.Next(80)));
                    Assert.Equal(await histories.AppendAsync(history, expected, count, slice, Token), await store.History.AppendAsync(history, expected, count, slice, Token));
                    break;
                case 17:
                    await histories.DeleteAsync(history, Token);
                    await store.History.DeleteAsync(history, Token);
                    break;
                case < 22:
                    await customers.AddAsync("shop", key, Token);
                    await store.Customers.AddAsync("shop", key, Token);
                    break;
                case < 24:
                    await customers.RemoveAsync("shop", key, Token);
                    await store.Customers.RemoveAsync("shop", key, Token);
                    break;
                case 24:
                    await store.Maintenance.CheckpointAsync(Token);
                    break;
                case 25:
                    await DropAsync(kind, $"t{random.Next(2)}/");
                    break;
                case 26:
                    await store.DisposeAsync();
                    store = await OpenAsync();
                    break;
                case 28 or 29 or 30:
                    var rewrite = await Rewrite.AnyAsync(random, histories, history);
                    Assert.Equal(await rewrite.RunAsync(histories, history), await rewrite.RunAsync(store.History, history));
                    break;
                case 27 when memtable >= 5000:
                    await CrashAsync();
                    break;
                default:
                    await CompareAsync(history, random.Next(20), random.Next(2) == 0 ? random.Next(300) : 100_000, key, 1 + random.Next(4));
                    break;
            }
        }

        foreach (var history in Enumerable.Range(0, 8).Select(i => $"t{i % 2}/{i / 2}")) await CompareAsync(history, 0, int.MaxValue, "", 100);
        await store.DisposeAsync();
        directory.Dispose();

        Task<SqliteStore> OpenAsync() => SqliteStore.OpenAsync(directory.Path, new SqliteStoreOptions
        {
            Partitions = 1,
            MemtableBytes = memtable = Sizes[random.Next(Sizes.Length)],
            RememberedHistories = random.Next(3) == 0 ? 2 : 1000,
            RememberedStates = random.Next(3) == 0 ? 2 : 1000,
        });

        async Task CrashAsync()
        {
            // The files at a moment when nobody writes: no merge is under way, since the memtable is empty and then holds little.
            await store.Maintenance.CheckpointAsync(Token);
            for (var i = 0; i < 3; i++)
            {
                await customers.AddAsync("shop", $"{i}", Token);
                await store.Customers.AddAsync("shop", $"{i}", Token);
                var length = await histories.LengthAsync("t0/0", Token);
                await histories.AppendAsync("t0/0", length, 1, Bytes.Of("c"), Token);
                Assert.True(await store.History.AppendAsync("t0/0", length, 1, Bytes.Of("c"), Token));
            }

            var copy = new TemporaryDirectory();
            await Files.CopyAsync(directory, copy);
            await store.DisposeAsync();
            directory.Dispose();
            directory = copy;
            store = await OpenAsync();
            Assert.Equal(6, store.Recovery.Journal.Changes);
        }

        async Task DropAsync(string kind, string prefix)
        {
            var dropped = 0;
            for (var i = 0; i < 6; i++)
            {
                if ((await states.ReadAsync(kind, $"{i}", Token)).Exists) dropped++;
                tags.Remove((kind, $"{i}"));
            }

            states.DropKind(kind);
            Assert.Equal(dropped, await store.Maintenance.DropStatesAsync(kind, "", Token));
            dropped = 0;
            for (var i = 0; i < 4; i++)
            {
                if (await histories.LengthAsync($"{prefix}{i}", Token) > 0) dropped++;
                await histories.DeleteAsync($"{prefix}{i}", Token);
            }

            Assert.Equal(dropped, await store.Maintenance.DropHistoriesAsync(prefix, Token));
        }

        async Task CompareAsync(string history, long from, int bytes, string after, int size)
        {
            Assert.Equal((await histories.ReadAsync(history, from, bytes, Token)).Select(Bytes.Show), (await store.History.ReadAsync(history, from, bytes, Token)).Select(Bytes.Show));
            Assert.Equal(await histories.LengthAsync(history, Token), await store.History.LengthAsync(history, Token));
            Assert.Equal(await customers.PageAsync("shop", after, size, Token), await store.Customers.PageAsync("shop", after, size, Token));
            foreach (var kind in new[] { "k0", "k1" })
            {
                var present = new List<string>();
                for (var i = 0; i < 6; i++)
                {
                    var (expected, actual) = (await states.ReadAsync(kind, $"{i}", Token), await store.State.ReadAsync(kind, $"{i}", Token));
                    Assert.Equal((expected.Exists, Convert.ToHexString(expected.Value.Span)), (actual.Exists, Convert.ToHexString(actual.Value.Span)));
                    if (expected.Exists) Assert.Equal((expected.Tag, actual.Tag), tags[(kind, $"{i}")]);
                    if (expected.Exists && string.CompareOrdinal($"{i}", after) > 0) present.Add($"{i}");
                }

                string[] keys = ["5", "0", "none", "3", "0", "1", "4", "2"];
                var (some, tested) = (await ((IStateStore)states).ReadManyAsync(kind, keys, Token), await store.State.ReadManyAsync(kind, keys, Token));
                Assert.Equal(some.Select(r => (r.Exists, Convert.ToHexString(r.Value.Span))), tested.Select(r => (r.Exists, Convert.ToHexString(r.Value.Span))));
                Assert.Equal(keys.Select(key => tags.GetValueOrDefault((kind, key)).Tested), tested.Select(r => r.Tag));
                Assert.Equal(present.Take(size), await store.Maintenance.StateKeysAsync(kind, after, size, Token));
            }
        }
    }
#pragma warning restore CA5394
}
