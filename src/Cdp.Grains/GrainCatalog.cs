using System.Globalization;
using Cdp.Domain;
using Cdp.Grains.Audit;
using Cdp.Grains.Customers;
using Cdp.Grains.Decisions;
using Cdp.Grains.Erasures;
using Cdp.Grains.Identities;
using Cdp.Grains.Merges;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.Segments;
using Cdp.Grains.Tenants;

namespace Cdp.Grains;

/// <summary>Everything that grains stand on.</summary>
public sealed record GrainPorts
{
    /// <summary>The event log.</summary>
    public required IEventLog Log { get; init; }

    /// <summary>Keyed state.</summary>
    public required IStateStore States { get; init; }

    /// <summary>Histories.</summary>
    public required IHistory History { get; init; }

    /// <summary>The customers of each tenant.</summary>
    public required ICustomerIndex Customers { get; init; }

    /// <summary>The node's definitions.</summary>
    public required IDefinitions Definitions { get; init; }

    /// <summary>Hears of changed definitions.</summary>
    public required IDefinitionsListener DefinitionsListener { get; init; }

    /// <summary>The node's models.</summary>
    public required IModels Models { get; init; }

    /// <summary>Hears of models that learned.</summary>
    public required IModelsListener ModelsListener { get; init; }

    /// <summary>Hears how far partitions are.</summary>
    public required IPartitionProgress Progress { get; init; }

    /// <summary>Memory that all partitions together may use to remember where links lead, in bytes; positive.</summary>
    public long LinkCacheBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>How busy the node is.</summary>
    public required INodeLoad Load { get; init; }

    /// <summary>Where erasures are noted for whoever restores a backup; null: nowhere.</summary>
    public IErasureLedger? Erasures { get; init; }

    /// <summary>Clears the store's files; null: it does so by itself.</summary>
    public IStoreCleaner? Cleaner { get; init; }

    /// <summary>Hears of recovery steps.</summary>
    public IStepObserver Steps { get; init; } = NoStepObserver.Instance;

    /// <summary>Counts.</summary>
    public required GrainMetrics Metrics { get; init; }
}

/// <summary>All kinds of grains, and who may call whom: calls go one way.</summary>
public static class GrainCatalog
{
    private const int FewestCachedLinks = 4_096;
    private const int MostCachedLinks = 1 << 20;

    /// <summary>Describes every kind to an engine.</summary>
    public static IReadOnlyList<GrainType> Of(GrainPorts ports)
    {
        var definitions = ports.Definitions;
        ports = ports with
        {
            States = new UnsealedStates(ports.States, definitions),
            History = new UnsealedHistory(ports.History, definitions),
            Customers = new UnsealedCustomers(ports.Customers, definitions),
        };
        var customer = new CustomerPorts(ports.States, ports.History, ports.Log, ports.Definitions, ports.Models, ports.Steps, ports.Metrics);
        var partition = new PartitionPorts(ports.Log, ports.States, ports.History, ports.Definitions, ports.Progress, ports.Steps, ports.Metrics)
        {
            CachedLinks = (int)Math.Clamp(ports.LinkCacheBytes / ports.Log.Partitions / LinkCache.BytesPerLink, FewestCachedLinks, MostCachedLinks),
        };
        return
        [
            new("partition", typeof(IPartition), context => new PartitionGrain(context, partition),
                [typeof(IIdentity), typeof(IIdentityLink), typeof(IMerge), typeof(ICustomer), typeof(ISegment), typeof(IModel), typeof(IVisitorDecision)]) { Collectable = false },
            new("merge", typeof(IMerge), context => new MergeGrain(context, ports.States, ports.Steps), [typeof(ICustomer)])
            {
                IdleAfter = TimeSpan.FromMinutes(1),
            },
            new("erasure", typeof(IErasure),
                context => new ErasureGrain(context, new ErasurePorts(ports.Log, ports.States, ports.History, ports.Customers, ports.Definitions, ports.Steps) { Ledger = ports.Erasures }),
                [typeof(IIdentity), typeof(IIdentityLink), typeof(IMerge), typeof(ICustomer), typeof(ISegment)]) { IdleAfter = TimeSpan.FromMinutes(1) },
            new("identity", typeof(IIdentity),
                context => new IdentityGrain(context, ports.History, ports.States, ports.Customers, ports.Definitions, ports.Steps), []),
            new("identity-link", typeof(IIdentityLink), context => new IdentityLinkGrain(context, ports.States), []) { IdleAfter = TimeSpan.FromSeconds(15) },
            new("customer", typeof(ICustomer), context => new CustomerGrain(context, customer), []),
            new("segment", typeof(ISegment), context => new SegmentGrain(context, ports.States, ports.History), []),
            new("model", typeof(IModel), context => new ModelGrain(context, ports.States, ports.History, ports.ModelsListener, ports.Steps), []),
            new("visitor-decision", typeof(IVisitorDecision),
                context => new VisitorDecisionGrain(context, ports.States, ports.Definitions, ports.Models, ports.Steps), []) { IdleAfter = TimeSpan.FromMinutes(1) },
            new("refold-sweep", typeof(IRefoldSweep),
                context => new RefoldSweepGrain(
                    context,
                    new SweepPorts(ports.Log, ports.States, ports.History, ports.Customers, ports.Definitions, ports.Load, ports.Steps, ports.Metrics) { Cleaner = ports.Cleaner }),
                [typeof(ICustomer), typeof(ISegment)]) { Collectable = false },
            new("tenant", typeof(ITenant), context => new TenantGrain(context, ports.States, ports.History, ports.DefinitionsListener, ports.Steps), []),
            new("audit", typeof(IAudit), context => new AuditGrain(context, ports.States, ports.History, ports.Definitions), []),
            new("tenant-directory", typeof(ITenantDirectory), context => new TenantDirectoryGrain(context, ports.States), []),
        ];
    }

    /// <summary>Key of a tenant's identity record among the histories.</summary>
    public static string IdentityRecordKey(string tenant) => $"{tenant}/identity";

    /// <summary>The tenant, as one instance for all its grains, and the id that a key names: <c>tenant/id</c>.</summary>
    public static (string Tenant, string Id) PartsOf(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return (SharedNames.Of(key.AsSpan(0, slash)), key[(slash + 1)..]);
    }

    /// <summary>Key of a partition's grain.</summary>
    public static string PartitionKey(int partition) => partition.ToString(CultureInfo.InvariantCulture);
}
