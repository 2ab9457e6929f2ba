using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Tests.Customers;

/// <summary>The stores of one customer, and activations of its grain on them.</summary>
internal sealed class CustomerHarness : IDisposable
{
    public const string Key = "shop/c1";
    private const long Start = 1_767_600_000_000_000;

    private readonly GrainMetrics _metrics = new();
    private readonly MemoryEventLog _events = new(1);

    private readonly OneTenant _tenant = new();

    public CustomerHarness()
    {
        Log = new FaultyLog(_events);
        History = new FaultyHistory(Rows);
    }

    public MemoryStateStore States { get; } = new();

    public MemoryHistory Rows { get; } = new();

    public FaultyHistory History { get; }

    public FaultyLog Log { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _metrics.Dispose();

    public Task<TestActivation<CustomerGrain>> StartAsync(string key = Key, TimeProvider? time = null) => TestActivation<CustomerGrain>.StartAsync(
        key, new NoGrains(), context => new CustomerGrain(context, new CustomerPorts(States, History, Log, _tenant, new ModelsCache(States, Rows), NoStepObserver.Instance, _metrics)), time);

    /// <summary>Changes the tenant's segments.</summary>
    public void Change(ChangeTenantRequest change) => _tenant.Change(change);

    /// <summary>Appends an event to the log; its minute is when it occurred and was received.</summary>
    public Task<LogEntry> LogAsync(Event made, int minute)
    {
        if (made.Kind == EventKind.Unspecified) made.Kind = EventKind.Track;
        made.Source = "tests";
        if (made.Type.Length == 0) made.Type = "Product Viewed";
        made.OccurredAt = new Timestamp { UnixMicros = At(minute) };
        return LogAsync(made.Id, made.ToByteArray(), minute);
    }

    /// <summary>Appends what no front door would have let in.</summary>
    public async Task<LogEntry> LogAsync(string id, byte[] content, int minute)
    {
        var hash = EventHash.IdOf("tests", id);
        var logged = new LoggedEvent
        {
            ReceivedAt = At(minute),
            IdHashHigh = (ulong)(hash >> 64),
            IdHashLow = (ulong)hash,
            ContentHash = EventHash.ContentOf(content),
            Source = "tests",
            Event = ByteString.CopyFrom(content),
        };
        var position = await _events.AppendAsync(0, [new LogRecord("shop", LogRecordFlags.None, 0, logged.ToByteArray())], Cancel);
        return new LogEntry { Partition = 0, Position = position, Tenant = "shop", Event = logged };
    }

    /// <summary>Hands events over, as a partition that knows of the mint.</summary>
    public static Task<ApplyReply> ApplyAsync(TestActivation<CustomerGrain> customer, params LogEntry[] entries)
    {
        var request = new ApplyRequest { Mint = new MintedEntry { IdentitySequence = 1, At = Start }, Entries = { entries } };
        return customer.Call(grain => grain.Apply(request, Cancel));
    }

    public static async Task<Profile> ReadAsync(TestActivation<CustomerGrain> customer)
    {
        var reply = await customer.Call(grain => grain.ReadProfile(new ReadProfileRequest { Purpose = TenantDefaults.ServicePurpose }, Cancel));
        Assert.Equal(CustomerStanding.Here, reply.Standing);
        return Profile.Parser.ParseFrom(reply.Profile);
    }

    /// <summary>Takes another customer in, as the merge that was decided would.</summary>
    public static async Task MergeAsync(TestActivation<CustomerGrain> winner, TestActivation<CustomerGrain> loser, string loserId, long decision)
    {
        var seal = new SealRequest { Winner = Key[(Key.IndexOf('/', StringComparison.Ordinal) + 1)..], IdentitySequence = decision, At = Start };
        var ended = await loser.Call(grain => grain.Seal(seal, Cancel));
        var absorb = new AbsorbRequest { Loser = loserId, Entries = ended.Entries, Snapshot = ended.Snapshot, IdentitySequence = decision, At = Start };
        await winner.Call(grain => grain.Absorb(absorb, Cancel));
    }

    /// <summary>The stored snapshot.</summary>
    public async Task<byte[]?> SnapshotAsync()
    {
        var row = await States.ReadAsync(CustomerGrain.SnapshotKind, Key, Cancel);
        return row.Exists ? row.Value.ToArray() : null;
    }

    /// <summary>Puts a snapshot in the place of the stored one, as a kill would have left it.</summary>
    public async Task LeaveSnapshotAsync(byte[]? snapshot)
    {
        States.DropKind(CustomerGrain.SnapshotKind);
        if (snapshot is not null) await States.WriteAsync(CustomerGrain.SnapshotKind, Key, snapshot, null, Cancel);
    }

    /// <summary>Digest of the state as it stands, or folded again from the history.</summary>
    public static async Task<ByteString> DigestAsync(TestActivation<CustomerGrain> customer, bool asItStands) =>
        (await customer.Call(grain => grain.Refold(new RefoldRequest { AsItStands = asItStands }, Cancel))).Digest;

    /// <summary>All entries of the history, in order.</summary>
    public async Task<List<HistoryEntry>> EntriesAsync() =>
        [.. (await Rows.ReadAsync(Key, 0, int.MaxValue, Cancel)).SelectMany(row => HistorySlice.Parser.ParseFrom(row.Bytes.Span).Entries)];

    private static long At(int minute) => Start + (minute * 60_000_000L);

    private sealed class OneTenant : IDefinitions
    {
        public bool IsSealed(ReadOnlySpan<char> key) => false;

        private Definitions _definitions = new(TenantDefaults.NewConfig("shop", new byte[32]));

        public void Change(ChangeTenantRequest change) => _definitions = new Definitions(TenantChanges.Apply(_definitions.Config, "shop", change, 0).Config!, _definitions);

        public Definitions? Find(string tenant) => _definitions;

        public ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken) => new(_definitions);
    }
}

/// <summary>A log that cannot be read while it is broken.</summary>
internal sealed class FaultyLog(IEventLog inner) : IEventLog
{
    public bool Broken { get; set; }

    /// <summary>Whether it does not keep its records for good, as Event Hubs.</summary>
    public bool Forgets { get; set; }

    public int Partitions => inner.Partitions;

    public string Epoch => inner.Epoch;

    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken) =>
        inner.AppendAsync(partition, records, cancellationToken);

    public ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken) =>
        Broken ? throw new IOException("The log cannot be read.") : inner.ReadAsync(partition, from, maxBytes, cancellationToken);

    public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken) =>
        Broken ? throw new IOException("The log cannot be read.") : inner.ReadManyAsync(positions, cancellationToken);

    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => inner.EndAsync(partition, cancellationToken);

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
        inner.BlankAsync(partition, position, remainder, cancellationToken);
}

/// <summary>A history that takes a number of appends more, and then none.</summary>
internal sealed class FaultyHistory(IHistory inner) : IHistory
{
    private readonly Queue<(IAppendObserver Observer, Task<bool> Append)> _untold = new();

    public int AppendsLeft { get; set; } = int.MaxValue;

    /// <summary>When who appends hears of it: what it appended stands before.</summary>
    public Task Told { get; set; } = Task.CompletedTask;

    /// <summary>Whether who appends behind does not hear of it before <see cref="TellAllAsync"/>.</summary>
    public bool Silent { get; set; }

    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        AppendsLeft-- > 0 ? ToldAsync(inner.AppendAsync(key, expected, count, slice, cancellationToken)) : throw new IOException("The disk is full.");

    public void AppendBehind(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer)
    {
        var append = AppendAsync(key, expected, count, slice, CancellationToken.None).AsTask();
        if (Silent) _untold.Enqueue((observer, append));
        else _ = TellAsync(observer, append);
    }

    /// <summary>Tells them how all ended, beside the grain's turns.</summary>
    public async Task TellAllAsync()
    {
        while (_untold.Count > 0) await TellNextAsync();
    }

    /// <summary>Tells the next one how it ended.</summary>
    public Task TellNextAsync()
    {
        var (observer, append) = _untold.Dequeue();
        return TellAsync(observer, append);
    }

    private async ValueTask<bool> ToldAsync(ValueTask<bool> append)
    {
        var appended = await append;
        await Told;
        return appended;
    }

    private static async Task TellAsync(IAppendObserver observer, Task<bool> append) => observer.Appended(await append);

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken) =>
        inner.ReadAsync(key, from, maxBytes, cancellationToken);

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) => inner.LengthAsync(key, cancellationToken);

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        inner.RewriteAsync(key, first, count, slice, cancellationToken);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);
}
