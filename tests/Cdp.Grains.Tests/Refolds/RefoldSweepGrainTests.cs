using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.EngineContract;
using Cdp.Grains.Customers;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Tests.Refolds;

public sealed class RefoldSweepGrainTests : IDisposable
{
    private const string Tenant = "shop";
    private const int Customers = 150;

    private readonly MemoryStateStore _states = new();
    private readonly MemoryEventLog _log = new(4);
    private readonly MemoryHistory _history = new();
    private readonly MemoryCustomerIndex _index = new();
    private readonly GrainMetrics _metrics = new();
    private readonly FixedDefinitions _definitions = new();
    private readonly ManualTime _time = new();
    private readonly FixedLoad _load = new();
    private readonly Cleaner _cleaner = new();
    private readonly Visited _visited;

    public RefoldSweepGrainTests() => _visited = new Visited(_time);

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task Every_customer_is_visited_once_for_each_version_of_the_definitions()
    {
        var expected = await AddCustomersAsync();
        var sweep = await StartAsync();
        await RunAsync(sweep);
        Assert.Equal(expected, _visited.Keys);
        Assert.True((await SweepAsync(sweep)).Done);
        Assert.False(await sweep.FireTimersAsync());

        _definitions.Change();
        var again = await SweepAsync(sweep);
        Assert.Equal((2, false, 0), (again.DefinitionsVersion, again.Done, again.Visited));
        await RunAsync(sweep);
        Assert.Equal([.. expected, .. expected], _visited.Keys);
    }

    [Fact]
    public async Task A_sweep_that_is_asked_for_again_visits_everybody_anew()
    {
        var expected = await AddCustomersAsync();
        var sweep = await StartAsync();
        await RunAsync(sweep);
        var again = await sweep.Grain.Sweep(new SweepRequest { Again = true }, TestContext.Current.CancellationToken);
        Assert.Equal((false, 0), (again.Done, again.Visited));
        await RunAsync(sweep);
        Assert.Equal([.. expected, .. expected], _visited.Keys);
    }

    [Fact]
    public async Task A_restart_goes_on_where_the_sweep_was()
    {
        var expected = await AddCustomersAsync();
        var sweep = await StartAsync();
        _visited.FailAfter = 140;
        await SweepAsync(sweep);
        await sweep.FireTimersAsync();
        Assert.Equal(140, _visited.Keys.Count);

        _visited.FailAfter = int.MaxValue;
        var next = await StartAsync();
        await RunAsync(next);

        // The page that was interrupted is visited again from its start, those before it are not.
        Assert.Equal([.. expected[..140], .. expected[128..]], _visited.Keys);
        Assert.Equal(Customers, (await SweepAsync(next)).Visited);
    }

    [Fact]
    public async Task An_error_of_a_store_delays_the_sweep_and_nothing_else()
    {
        await AddCustomersAsync();
        var sweep = await StartAsync();
        _visited.FailAfter = 10;
        await SweepAsync(sweep);
        await sweep.FireTimersAsync();
        _visited.FailAfter = int.MaxValue;
        while (await sweep.FireTimersAsync())
        {
            // Until nothing is left to do.
        }

        Assert.True((await SweepAsync(sweep)).Done);
        Assert.False(sweep.Abandoned);
    }

    [Fact]
    public async Task A_customer_that_another_activation_took_over_delays_the_sweep_and_nothing_else()
    {
        await AddCustomersAsync();
        var sweep = await StartAsync();
        _visited.Failure = () => new OwnershipLostException("c");
        _visited.FailAfter = 10;
        await SweepAsync(sweep);
        await sweep.FireTimersAsync();
        _visited.FailAfter = int.MaxValue;
        while (await sweep.FireTimersAsync())
        {
            // Until nothing is left to do.
        }

        Assert.True((await SweepAsync(sweep)).Done);
    }

    [Fact]
    public async Task An_activation_after_one_that_was_dropped_goes_on_unasked()
    {
        await AddCustomersAsync();
        var sweep = await StartAsync();
        await SweepAsync(sweep);
        var next = await StartAsync();
        while (await next.FireTimersAsync())
        {
            // Until nothing is left to do.
        }

        Assert.True((await next.Call(g => g.GetProgress(new SweepRequest(), CancellationToken.None))).Done);
        var rested = await StartAsync();
        Assert.False(await rested.FireTimersAsync());
    }

    [Fact]
    public async Task A_node_at_rest_is_swept_most_of_the_time_and_a_busy_one_a_fifth_of_it()
    {
        // A customer takes a millisecond, so a page takes 128.
        await AddCustomersAsync(3_000);
        var sweep = await StartAsync();
        await SweepAsync(sweep);
        Assert.Equal(2, await PagesAfterAsync(sweep, usedPercent: 30));
        Assert.Equal(6, await PagesAfterAsync(sweep, usedPercent: 20));
        Assert.Equal(6, await PagesAfterAsync(sweep, usedPercent: 0));
        Assert.Equal(2, await PagesAfterAsync(sweep, usedPercent: 90));
    }

    [Fact]
    public async Task Where_events_are_kept_for_a_limited_time_everybody_is_visited_once_a_day()
    {
        var expected = await AddCustomersAsync();
        _definitions.Keep(days: 30);
        var sweep = await StartAsync();
        Assert.False((await SweepAsync(sweep)).Done);
        await RunOnceAsync(sweep);
        Assert.Equal(expected, _visited.Keys);
        var ended = await SweepAsync(sweep);
        Assert.Equal((true, UnixTime.Micros(_time.GetUtcNow())), (ended.Done, ended.ForgottenAt));

        _time.Advance(TimeSpan.FromHours(23));
        await sweep.FireTimersAsync();
        Assert.Equal(Customers, _visited.Keys.Count);
        _time.Advance(TimeSpan.FromHours(1));
        _visited.FailAfter = Customers + 130;
        await sweep.FireTimersAsync();
        await sweep.FireTimersAsync();

        // Nobody is behind the definitions meanwhile.
        Assert.Equal(Customers + 130, _visited.Keys.Count);
        var meanwhile = await ProgressAsync(sweep);
        Assert.Equal((true, 1, ended.ForgottenAt), (meanwhile.Done, meanwhile.Progress, meanwhile.ForgottenAt));
        _visited.FailAfter = int.MaxValue;

        // Also by an activation that comes instead.
        var next = await StartAsync();
        await RunOnceAsync(next);
        Assert.Equal([.. expected, .. expected[..130], .. expected[128..]], _visited.Keys);
        Assert.True((await ProgressAsync(next)).ForgottenAt > ended.ForgottenAt);
    }

    [Fact]
    public async Task Another_rule_and_other_definitions_are_followed_at_once_and_where_all_is_kept_nobody_is_visited_again()
    {
        await AddCustomersAsync();
        var sweep = await StartAsync();
        await RunAsync(sweep);
        _definitions.Keep(days: 30);
        Assert.True((await SweepAsync(sweep)).Done);
        await RunOnceAsync(sweep);
        Assert.Equal(2 * Customers, _visited.Keys.Count);

        _definitions.Keep(days: 20);
        await SweepAsync(sweep);
        _definitions.Change();
        Assert.False((await SweepAsync(sweep)).Done);
        await RunOnceAsync(sweep);
        Assert.Equal(3 * Customers, _visited.Keys.Count);

        _definitions.Keep(days: 0);
        _time.Advance(TimeSpan.FromDays(3));
        await RunAsync(sweep);
        Assert.Equal(3 * Customers, _visited.Keys.Count);
    }

    [Fact]
    public async Task The_content_of_refused_events_goes_as_well_and_their_letters_stay()
    {
        _definitions.Keep(days: 10, type: "signup", typeDays: EventRetention.ForGood);
        var sweep = await StartAsync();
        long[] places = [await RefuseAsync(1, "Product Viewed"), await RefuseAsync(1, "signup"), await RefuseAsync(1, type: null)];
        _time.Advance(TimeSpan.FromDays(5));
        var young = await RefuseAsync(1, "Product Viewed");
        await SweepAsync(sweep);
        await RunOnceAsync(sweep);
        Assert.Equal((0, 0), ((await ProgressAsync(sweep)).Forgotten, _cleaner.Times));

        _time.Advance(TimeSpan.FromDays(6));
        await SweepAsync(sweep);
        await RunOnceAsync(sweep);

        Assert.Equal("X.X.", await GoneAsync(1, [.. places, young]));
        Assert.Equal((2, 1), ((await ProgressAsync(sweep)).Forgotten, _cleaner.Times));
        _time.Advance(TimeSpan.FromDays(6));
        await SweepAsync(sweep);
        await RunOnceAsync(sweep);
        Assert.Equal("X.XX", await GoneAsync(1, [.. places, young]));
        Assert.Equal((1, 2), ((await ProgressAsync(sweep)).Forgotten, _cleaner.Times));
        Assert.Equal(4, await DeadLetters.ReadAsync(_history, Tenant, 1, 0, CancellationToken.None).CountAsync());
    }

    private async Task<long> RefuseAsync(int partition, string? type)
    {
        var raw = type is null ? ByteString.CopyFromUtf8("\u0001 is no event") : new Event { Id = "e", Type = type }.ToByteString();
        var logged = new LoggedEvent { ReceivedAt = UnixTime.Micros(_time.GetUtcNow()), Refused = new Refusal { Reason = "TYPE_MISSING", Raw = raw } };
        var position = await _log.AppendAsync(partition, [new LogRecord(Tenant, LogRecordFlags.Refused, 0, logged.ToByteArray())], CancellationToken.None);
        var letter = new State.V1.DeadLetter { Partition = partition, Position = position, Reason = logged.Refused.Reason, At = logged.ReceivedAt };
        await DeadLetters.ListAsync(_states, _history, Tenant, letter, CancellationToken.None);
        return position;
    }

    private async Task<string> GoneAsync(int partition, long[] positions)
    {
        var records = await _log.ReadManyAsync([.. positions.Select(position => (partition, position))], CancellationToken.None);
        return string.Concat(records.Select(record => record!.Value.Flags.HasFlag(LogRecordFlags.Blanked) ? 'X' : '.'));
    }

    private static Task<SweepReply> ProgressAsync(TestActivation<RefoldSweepGrain> sweep) => sweep.Call(g => g.GetProgress(new SweepRequest(), CancellationToken.None));

    /// <summary>Lets a sweep run to its end, and no further: there is a timer for the next one.</summary>
    private async Task RunOnceAsync(TestActivation<RefoldSweepGrain> sweep)
    {
        async Task<bool> IsDoneAsync() => RefoldSweepState.Parser.ParseFrom((await _states.ReadAsync(RefoldSweepGrain.StateKind, Tenant, CancellationToken.None)).Value.Span).Done;
        while (!await IsDoneAsync()) Assert.True(await sweep.FireTimersAsync());
    }

    private async Task<int> PagesAfterAsync(TestActivation<RefoldSweepGrain> sweep, int usedPercent)
    {
        var before = _visited.Keys.Count;
        _time.Advance(TimeSpan.FromSeconds(1));
        _load.Used += TimeSpan.FromSeconds(_load.Processors) * usedPercent / 100;
        await sweep.FireTimersAsync();
        return (_visited.Keys.Count - before) / 128;
    }

    private static Task<SweepReply> SweepAsync(TestActivation<RefoldSweepGrain> sweep) =>
        sweep.Call(g => g.Sweep(new SweepRequest(), CancellationToken.None));

    private static async Task RunAsync(TestActivation<RefoldSweepGrain> sweep)
    {
        await SweepAsync(sweep);
        while (await sweep.FireTimersAsync())
        {
            // Until nothing is left to do.
        }
    }

    private async Task<List<string>> AddCustomersAsync(int count = Customers)
    {
        var keys = new List<string>();
        for (var i = 0; i < count; i++)
        {
            await _index.AddAsync(Tenant, $"c-{i:D4}", CancellationToken.None);
            keys.Add($"{Tenant}/c-{i:D4}");
        }

        return keys;
    }

    private Task<TestActivation<RefoldSweepGrain>> StartAsync() => TestActivation<RefoldSweepGrain>.StartAsync(
        Tenant, _visited, context => new RefoldSweepGrain(context, new SweepPorts(_log, _states, _history, _index, _definitions, _load, NoStepObserver.Instance, _metrics) { Cleaner = _cleaner }), _time);

    private sealed class FixedLoad : INodeLoad
    {
        public TimeSpan Used { get; set; }

        public int Processors => 4;
    }

    private sealed class FixedDefinitions : IDefinitions
    {
        public bool IsSealed(ReadOnlySpan<char> key) => false;

        private Definitions _current = Of(1);

        public void Change() => Put(config => config.DefinitionsVersion++);

        /// <summary>Says how long events are kept, those of one type by a rule of their own.</summary>
        public void Keep(int days, string type = "", int typeDays = 0) => Put(config =>
        {
            config.Tenant.EventDays = days;
            config.RetentionVersion++;
            if (type.Length > 0) config.EventTypes.Add(new EventType { Name = type, EventDays = typeDays });
        });

        private void Put(Action<TenantConfig> change)
        {
            var config = _current.Config.Clone();
            change(config);
            _current = new Definitions(config);
        }

        public Definitions? Find(string tenant) => _current;

        public ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken) => new(_current);

        private static Definitions Of(long version)
        {
            var config = TenantDefaults.NewConfig(Tenant, new byte[32]);
            config.DefinitionsVersion = version;
            return new Definitions(config);
        }
    }

    private sealed class Cleaner : IStoreCleaner
    {
        public int Times { get; private set; }

        public Task CleanAsync(CancellationToken cancellationToken)
        {
            Times++;
            return Task.CompletedTask;
        }
    }

    private sealed class Visited(ManualTime time) : IGrains
    {
        public ManualTime Time => time;

        public List<string> Keys { get; } = [];

        public int FailAfter { get; set; } = int.MaxValue;

        public Func<Exception> Failure { get; set; } = () => new IOException("The store is away.");

        public TGrain Get<TGrain>(string key) where TGrain : class => (TGrain)(object)new Customer(this, key);
    }

    private sealed class Customer(Visited visited, string key) : ICustomer
    {
        public ValueTask<StateMembershipReply> StateMembership(StateMembershipRequest request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<ReadMembershipReply> ReadMembership(ReadMembershipRequest request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<DecideCustomerReply> Decide(DecideCustomerRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadDecisionsReply> ReadDecisions(ReadDecisionsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken)
        {
            Assert.True(request.AsItStands);
            if (visited.Keys.Count >= visited.FailAfter) throw visited.Failure();
            visited.Keys.Add(key);
            visited.Time.Advance(TimeSpan.FromMilliseconds(1));
            return new(new RefoldReply { Standing = CustomerStanding.Here });
        }

        public ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
