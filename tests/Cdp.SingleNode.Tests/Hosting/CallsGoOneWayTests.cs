using System.Collections.Concurrent;
using System.Reflection;
using Cdp.EngineContract;
using Cdp.Grains;
using Cdp.Grains.Audit;
using Cdp.Grains.Customers;
using Cdp.Grains.Decisions;
using Cdp.Grains.Erasures;
using Cdp.Grains.Hosting;
using Cdp.Grains.Identities;
using Cdp.Grains.Merges;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.Segments;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.SingleNode.Engine;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.SingleNode.Tests.Hosting;

/// <summary>Invariant 9: calls go one way. Who may call whom is this table, and the engine refuses everything else.</summary>
public sealed class CallsGoOneWayTests : IAsyncDisposable
{
    private const string Tenant = "shop";

    private static readonly Dictionary<Type, Type[]> Allowed = new()
    {
        [typeof(IPartition)] = [typeof(IIdentity), typeof(IIdentityLink), typeof(IMerge), typeof(ICustomer), typeof(ISegment), typeof(IModel), typeof(IVisitorDecision)],
        [typeof(IMerge)] = [typeof(ICustomer)],
        [typeof(IErasure)] = [typeof(ICustomer), typeof(IIdentity), typeof(IIdentityLink), typeof(IMerge), typeof(ISegment)],
        [typeof(IRefoldSweep)] = [typeof(ICustomer), typeof(ISegment)],
        [typeof(IIdentity)] = [],
        [typeof(IIdentityLink)] = [],
        [typeof(ICustomer)] = [],
        [typeof(ISegment)] = [],
        [typeof(IModel)] = [],
        [typeof(IVisitorDecision)] = [],
        [typeof(ITenant)] = [],
        [typeof(ITenantDirectory)] = [],
        [typeof(IAudit)] = [],
    };

    private readonly GrainMetrics _metrics = new();
    private readonly ConcurrentDictionary<Type, IGrainContext> _contexts = new();
    private readonly IReadOnlyList<GrainType> _types;
    private readonly GrainEngine _engine;

    public CallsGoOneWayTests()
    {
        var states = new MemoryStateStore();
        var definitions = new DefinitionsCache(states);
        var history = new MemoryHistory();
        var models = new ModelsCache(states, history);
        _types = GrainCatalog.Of(new GrainPorts
        {
            Log = new MemoryEventLog(1),
            States = states,
            History = history,
            Customers = new MemoryCustomerIndex(),
            Definitions = definitions,
            DefinitionsListener = definitions,
            Models = models,
            ModelsListener = models,
            Progress = new NoProgress(),
            Load = new NoLoad(),
            Metrics = _metrics,
        });
        var watched = _types.Select(type => type with
        {
            Create = context =>
            {
                _contexts[type.Interface] = context;
                return type.Create(context);
            },
        });
        _engine = new GrainEngine(new GrainEngineOptions { CheckMessages = true }, watched, new ManualTime());
    }

    /// <summary>Every caller with every kind, itself included.</summary>
    public static TheoryData<Type, Type> Pairs
    {
        get
        {
            var pairs = new TheoryData<Type, Type>();
            foreach (var caller in Allowed.Keys)
            {
                foreach (var called in Allowed.Keys) pairs.Add(caller, called);
            }

            return pairs;
        }
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _metrics.Dispose();
    }

    [Fact]
    public void Every_kind_says_whom_it_calls_and_the_table_has_every_kind() =>
        Assert.Equal(
            Allowed.Select(row => $"{row.Key.Name}: {Names(row.Value)}").Order(StringComparer.Ordinal),
            _types.Select(type => $"{type.Interface.Name}: {Names(type.Calls)}").Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_running_grain_reaches_exactly_whom_its_kind_may_call(Type caller, Type called)
    {
        await ActivateAllAsync();
        Assert.Equal(Allowed.Count, _contexts.Count);
        var get = typeof(IGrains).GetMethod(nameof(IGrains.Get))!.MakeGenericMethod(called);
        object Reach() => get.Invoke(_contexts[caller].Grains, [$"{Tenant}/x"])!;

        if (Allowed[caller].Contains(called)) Assert.IsAssignableFrom(called, Reach());
        else Assert.Contains("one way", Assert.IsType<InvalidOperationException>(Assert.Throws<TargetInvocationException>(Reach).InnerException).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_in_which_anyone_called_back_does_not_start()
    {
        foreach (var (caller, calls) in Allowed)
        {
            foreach (var called in calls)
            {
                var changed = _types.Select(type => type.Interface == called ? type with { Calls = [.. type.Calls, caller] } : type);
                var error = Assert.Throws<ArgumentException>(() => new GrainEngine(new GrainEngineOptions(), changed, new ManualTime()));
                Assert.Contains("one way", error.Message, StringComparison.Ordinal);
            }
        }
    }

    private static string Names(IEnumerable<Type> types) => string.Join(' ', types.Select(type => type.Name).Order(StringComparer.Ordinal));

    /// <summary>Calls one grain of each kind, from outside or, where that is how it is reached, through another.</summary>
    private async Task ActivateAllAsync()
    {
        await _engine.Grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key).List(new ListTenantIdsRequest(), Cancel);
        var tenant = new ChangeTenantRequest { PutTenant = new Tenant { Id = Tenant }, IdentityKey = ByteString.CopyFrom(new byte[32]) };
        Assert.Empty((await _engine.Grains.Get<ITenant>(Tenant).Change(tenant, Cancel)).RefusedReason);
        await _engine.Grains.Get<IPartition>(GrainCatalog.PartitionKey(0)).Open(new OpenRequest(), Cancel);
        await _engine.Grains.Get<IIdentity>(Tenant).Confirm(new ConfirmCustomerRequest { Customer = "x" }, Cancel);
        await _engine.Grains.Get<IIdentityLink>($"{Tenant}/device/1.1/AAAAAAAAAAAAAAAAAAAAAA").Resolve(new ResolveLinkRequest(), Cancel);
        await _engine.Grains.Get<ISegment>(SegmentShards.KeyOf(Tenant, 0)).Count(new CountShardRequest { Segment = 1 }, Cancel);
        await _engine.Grains.Get<IErasure>(Tenant).Resume(new ResumeErasuresRequest(), Cancel);
        await _engine.Grains.Get<IRefoldSweep>(Tenant).Sweep(new SweepRequest(), Cancel);
        await _engine.Grains.Get<IAudit>(Tenant).Read(new ReadAuditRequest(), Cancel);
        await _engine.Grains.Get<IModel>($"{Tenant}/1").Read(new ReadModelRequest(), Cancel);
        await _engine.Grains.Get<IVisitorDecision>($"{Tenant}/.0.0.0").ReadDecision(new ReadDecisionRequest(), Cancel);
        var order = new MergeOrder { Loser = "b", Winner = "a", IdentitySequence = 3, LoserMinted = 2, WinnerMinted = 1 };
        Assert.Equal("a", (await _engine.Grains.Get<IMerge>($"{Tenant}/b").Run(new RunMergeRequest { Order = order }, Cancel)).Winner);
    }

    private sealed class NoLoad : INodeLoad
    {
        public TimeSpan Used => TimeSpan.Zero;

        public int Processors => 1;
    }

    private sealed class NoProgress : IPartitionProgress
    {
        public void Applied(int partition, long position)
        {
        }
    }
}
