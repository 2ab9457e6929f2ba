using Cdp.EngineContract;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.SingleNode.Hosting;
using Cdp.State.V1;
using Cdp.StorageContract;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.SingleNode.Tests.Hosting;

/// <summary>What a partition is handed is what stands in the log, whatever became of the appends.</summary>
public sealed class TailingLogTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_append_that_failed_and_stands_in_the_log_is_handed_over_and_so_is_what_follows()
    {
        var store = new ScriptedLog();
        var log = await TailingLog.OpenAsync(store, 1 << 20, new ManualTime(), Token);
        await log.AppendAsync(0, Events("a", 2), Token);
        store.Next = Ending.FailsAndStands;
        await Assert.ThrowsAsync<IOException>(() => log.AppendAsync(0, Events("b", 3), Token).AsTask());
        await log.AppendAsync(0, Events("c", 1), Token);
        Assert.Equal(["a0", "a1", "b0", "b1", "b2", "c0"], await DrainAsync(log, store));
    }

    [Fact]
    public async Task An_append_that_failed_and_stands_is_found_though_nothing_follows()
    {
        var store = new ScriptedLog();
        var log = await TailingLog.OpenAsync(store, 1 << 20, new ManualTime(), Token);
        store.Next = Ending.FailsAndStands;
        await Assert.ThrowsAsync<IOException>(() => log.AppendAsync(0, Events("a", 2), Token).AsTask());
        Assert.Equal(["a0", "a1"], await DrainAsync(log, store));

        // And found once: without news there is nothing.
        Assert.Empty((await log.NextAsync(0, 2, 512, TimeSpan.Zero, Token)).Entries);
    }

    [Fact]
    public async Task Who_sends_faster_than_is_applied_waits_until_it_is_applied()
    {
        var log = await TailingLog.OpenAsync(new ScriptedLog(), 64 << 20, new ManualTime(), Token);
        await log.AppendAsync(0, Large("shop"), Token);
        var ahead = log.AppendAsync(0, Large("shop"), Token).AsTask();
        Assert.False(ahead.IsCompleted);

        // Another tenant is not ahead of anything.
        await log.AppendAsync(0, Large("bank"), Token);
        Assert.False(ahead.IsCompleted);
        log.Applied(0, 1);
        Assert.Equal(1, await ahead);
    }

    [Fact]
    public async Task Who_sends_faster_than_is_applied_waits_the_longer_the_further_it_is_ahead()
    {
        var time = new ManualTime();
        var log = await TailingLog.OpenAsync(new ScriptedLog(), 64 << 20, time, Token);
        await log.AppendAsync(0, Large("shop"), Token);
        for (var appended = 2; appended < 20; appended++)
        {
            var ahead = log.AppendAsync(0, Large("shop"), Token).AsTask();
            var expected = Math.Min(1_000, 100 * appended * LargeBytes / Backlog.ComfortableBytes);
            time.Advance(TimeSpan.FromMilliseconds(expected - 1));
            Assert.False(ahead.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(2));
            Assert.Equal(appended - 1, await ahead);
        }
    }

    [Fact]
    public async Task Who_sends_little_waits_little_for_who_sends_much()
    {
        var time = new ManualTime();
        var log = await TailingLog.OpenAsync(new ScriptedLog(), 64 << 20, time, Token);
        var ahead = Enumerable.Range(0, 20).Select(_ => log.AppendAsync(0, Large("shop"), Token).AsTask()).ToList();
        var one = log.AppendAsync(0, Events("one", 1), Token).AsTask();
        Assert.False(one.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(21));
        Assert.Equal(20, await one);
        Assert.False(ahead[^1].IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_waiting_has_appended_all_the_same()
    {
        var store = new ScriptedLog();
        var log = await TailingLog.OpenAsync(store, 64 << 20, new ManualTime(), Token);
        await log.AppendAsync(0, Large("shop"), Token);
        using var patience = new CancellationTokenSource();
        var ahead = log.AppendAsync(0, Large("shop"), patience.Token).AsTask();
        await patience.CancelAsync();
        Assert.Equal(1, await ahead);
        Assert.Equal(2, store.Names.Count);
    }

    [Fact]
    public void Whatever_becomes_of_appends_the_log_is_handed_over_whole_and_in_order() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(new Random(seed)).GetAwaiter().GetResult()));

#pragma warning disable CA5394 // A run is repeated by its seed.
    private static async Task RunAsync(Random random)
    {
        var store = new ScriptedLog();
        var log = await TailingLog.OpenAsync(store, 1 << 20, new ManualTime(), CancellationToken.None);
        var appends = new List<Task>();
        var (read, next) = (new List<string>(), 0L);
        for (var step = 0; step < 40; step++)
        {
            switch (random.Next(4))
            {
                case 0 or 1:
                    store.Next = (Ending)random.Next(4);
                    appends.Add(log.AppendAsync(0, Events($"{step}.", random.Next(1, 4)), CancellationToken.None).AsTask());
                    break;
                case 2:
                    store.Release(random);
                    break;
                default:
                    next = await ReadAsync(log, next, random.Next(1, 6), read);
                    break;
            }
        }

        while (store.Release(random))
        {
        }

        await Task.WhenAll(appends).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        for (var quiet = 0; quiet < 2;)
        {
            var before = next;
            next = await ReadAsync(log, next, 512, read);
            quiet = next == before ? quiet + 1 : 0;
        }

        Assert.Equal(store.Names, read);
    }

    private static async Task<List<string>> DrainAsync(TailingLog log, ScriptedLog store)
    {
        var read = new List<string>();
        for (var next = 0L; next < store.Names.Count;)
        {
            var further = await ReadAsync(log, next, 512, read);
            Assert.NotEqual(next, further);
            next = further;
        }

        return read;
    }

    private static async Task<long> ReadAsync(TailingLog log, long next, int most, List<string> read)
    {
        var batch = await log.NextAsync(0, next, most, TimeSpan.Zero, CancellationToken.None);
        Assert.Equal(next, batch.FirstPosition);
        foreach (var entry in batch.Entries)
        {
            Assert.Equal(next++, entry.Position);
            read.Add(entry.Event.Event.ToStringUtf8());
        }

        return next;
    }

    private static AppendedEvent[] Events(string name, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i =>
        {
            var logged = new LoggedEvent { Event = ByteString.CopyFromUtf8($"{name}{i}") };
            return new AppendedEvent(new LogRecord("shop", LogRecordFlags.None, 0, logged.ToByteArray()), logged);
        }),
    ];

    private const int LargeBytes = 100_000;

    private static AppendedEvent[] Large(string tenant) => [new AppendedEvent(new LogRecord(tenant, LogRecordFlags.None, 0, new LoggedEvent { Event = ByteString.CopyFrom(new byte[LargeBytes - 4]) }.ToByteArray()), new LoggedEvent())];

    /// <summary>How an append ends.</summary>
    private enum Ending
    {
        Returns,
        Fails,
        FailsAndStands,
        ReturnsLater,
    }

    /// <summary>A log of one partition whose appends end as the test says.</summary>
    private sealed class ScriptedLog : IEventLog
    {
        private readonly MemoryEventLog _log = new(1);
        private readonly List<TaskCompletionSource> _held = [];

        public Ending Next { get; set; }

        /// <summary>What stands in the log.</summary>
        public List<string> Names { get; } = [];

        public int Partitions => 1;

        public string Epoch => _log.Epoch;

        /// <summary>Lets an append return that was held; false: there was none.</summary>
        public bool Release(Random random)
        {
            if (_held.Count == 0) return false;
            var index = random.Next(_held.Count);
            var held = _held[index];
            _held.RemoveAt(index);
            held.SetResult();
            return true;
        }
#pragma warning restore CA5394

        public async ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
        {
            var ending = Next;
            Next = Ending.Returns;
            if (ending == Ending.Fails) throw new IOException("nothing was written");
            var first = await _log.AppendAsync(partition, records, cancellationToken);
            Names.AddRange(records.Select(r => LoggedEvent.Parser.ParseFrom(r.Payload.Span).Event.ToStringUtf8()));
            if (ending == Ending.FailsAndStands) throw new IOException("the answer was lost");
            if (ending != Ending.ReturnsLater) return first;
            var held = new TaskCompletionSource();
            _held.Add(held);
            await held.Task;
            return first;
        }

        public ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken) =>
            _log.ReadAsync(partition, from, maxBytes, cancellationToken);

        public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken) =>
            _log.ReadManyAsync(positions, cancellationToken);

        public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => _log.EndAsync(partition, cancellationToken);

        public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
            _log.BlankAsync(partition, position, remainder, cancellationToken);
    }
}
