using Cdp.Domain.Tenants;
using Cdp.Domain.Tests.Identity;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Identities;

/// <summary>The stores of one tenant and activations of its identity grain on them.</summary>
internal sealed class IdentityHarness
{
    public const string Tenant = "shop";
    private TestActivation<IdentityGrain>? _running;

    public IdentityHarness(TenantConfig config)
    {
        Config = config;
        (History, States, Index) = (MemoryHistory, MemoryStates, MemoryIndex);
    }

    public TenantConfig Config { get; }

    public MemoryHistory MemoryHistory { get; } = new();

    public MemoryStateStore MemoryStates { get; } = new();

    public MemoryCustomerIndex MemoryIndex { get; } = new();

    public IHistory History { get; init; }

    public IStateStore States { get; init; }

    public ICustomerIndex Index { get; init; }

    public IdentityOptions Options { get; init; } = new();

    public RecordedSteps Steps { get; } = new();

    /// <summary>Stores behind a fuse, and rows that hardly fit in memory and are written all the time.</summary>
    public static IdentityHarness Fused(TenantConfig config, Fuse fuse)
    {
        var plain = new IdentityHarness(config);
        return new IdentityHarness(config, plain)
        {
            History = new FusedHistory(plain.MemoryHistory, fuse),
            States = new FusedStateStore(plain.MemoryStates, fuse),
            Index = new FusedCustomerIndex(plain.MemoryIndex, fuse),
            Options = Cramped,
        };
    }

    private IdentityHarness(TenantConfig config, IdentityHarness plain)
        : this(config)
    {
        (MemoryHistory, MemoryStates, MemoryIndex) = (plain.MemoryHistory, plain.MemoryStates, plain.MemoryIndex);
    }

    public static IdentityOptions Cramped { get; } = new() { Nodes = 3, Groups = 3, Refusals = 2, FactPages = 1, FlushAt = 5, WaitAt = 20 };

    public Task<TestActivation<IdentityGrain>> ActivateAsync() =>
        TestActivation<IdentityGrain>.StartAsync(Tenant, new NoGrains(), Create);

    public IdentityGrain Create(IGrainContext context) =>
        new(context, History, States, Index, new FixedDefinitions(Config), Steps, Options);

    /// <summary>The running activation; a new one where there is none or it gave itself up.</summary>
    public async Task<TestActivation<IdentityGrain>> GetAsync() =>
        _running is { Abandoned: false } running ? running : _running = await ActivateAsync();

    /// <summary>Forgets the running activation, as a crash does.</summary>
    public void Drop() => _running = null;

    public async Task<IdentityAnswer> AskAsync(params IdentityQuestion[] questions)
    {
        var request = new DecideIdentityRequest { Questions = { questions } };
        var reply = await (await GetAsync()).Call(g => g.Decide(request, CancellationToken.None));
        return reply.Answers[^1];
    }

    public Task<IdentityAnswer> AskAsync(params IdentifierValue[] identifiers) => AskAsync(IdentityWorld.Question(identifiers));

    public async Task<DescribeGroupReply> DescribeAsync(string customer, int size = 0, string token = "")
    {
        var request = new DescribeGroupRequest { Customer = customer, PageSize = size, PageToken = token };
        return await (await GetAsync()).Call(g => g.Describe(request, CancellationToken.None));
    }

    public async Task<ConfirmCustomerReply> ConfirmAsync(string customer) =>
        await (await GetAsync()).Call(g => g.Confirm(new ConfirmCustomerRequest { Customer = customer }, CancellationToken.None));

    public async Task<List<IdentityDecision>> RecordAsync()
    {
        var slices = await MemoryHistory.ReadAsync(GrainCatalog.IdentityRecordKey(Tenant), 0, int.MaxValue, CancellationToken.None);
        return [.. slices.SelectMany(s => IdentitySlice.Parser.ParseFrom(s.Bytes.Span).Decisions)];
    }

    public async Task<IReadOnlyList<string>> IndexedAsync() =>
        await MemoryIndex.PageAsync(Tenant, "", int.MaxValue, CancellationToken.None);

    public void DropRows()
    {
        foreach (var kind in new[] { "identity-node", "identity-group", "identity-refusal", "identity-fact-page", "identity-mark" })
        {
            MemoryStates.DropKind(kind);
        }
    }

    private sealed class FixedDefinitions(TenantConfig config) : IDefinitions
    {
        public bool IsSealed(ReadOnlySpan<char> key) => false;

        private readonly Definitions _definitions = new(config);

        public Definitions? Find(string tenant) => _definitions;

        public ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken) => new(_definitions);
    }
}

/// <summary>Keeps the steps that were reached.</summary>
internal sealed class RecordedSteps : IStepObserver
{
    private readonly List<string> _names = [];

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_names) return [.. _names];
        }
    }

    /// <summary>Runs at every step.</summary>
    public Action<string>? OnStep { get; set; }

    public void Reached(string step)
    {
        lock (_names) _names.Add(step);
        OnStep?.Invoke(step);
    }
}
