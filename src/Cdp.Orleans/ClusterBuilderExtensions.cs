using Cdp.Grains;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Orleans.Caches;
using Cdp.Orleans.Grains;
using Cdp.Orleans.Hosting;
using Cdp.Orleans.Partitions;
using Microsoft.Extensions.DependencyInjection;

namespace Cdp.Orleans;

/// <summary>Puts the product's grains into a silo.</summary>
public static class ClusterBuilderExtensions
{
    /// <summary>Classes that host the product's grains, one of each kind.</summary>
    public static IReadOnlyList<Type> Hosts { get; } =
    [
        typeof(PartitionHost), typeof(MergeHost), typeof(IdentityHost), typeof(IdentityLinkHost), typeof(CustomerHost), typeof(SegmentHost),
        typeof(ModelHost), typeof(VisitorDecisionHost), typeof(RefoldSweepHost), typeof(TenantHost), typeof(TenantDirectoryHost),
        typeof(ErasureHost), typeof(AuditHost),
    ];

    /// <summary>After how long every silo has certainly heard of a changed configuration, or is dead.</summary>
    public static TimeSpan NewsDelay { get; } = DefinitionsRefresh.Interval + TimeSpan.FromSeconds(5);

    /// <summary>
    /// Runs the product's grains in a silo. <see cref="IGrains"/>, <see cref="ClusterLog"/> and
    /// <see cref="DefinitionsCache"/> of the silo's services are what its gateway stands on.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="stores">The stores, which all silos share; from the silo's services, once.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock of the grains.</param>
    public static ISiloBuilder AddCdp(this ISiloBuilder silo, Func<IServiceProvider, GrainStores> stores, CdpClusterOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        var services = silo.Services;
        services.AddSingleton(options);
        services.AddSingleton(stores);
        services.AddSingleton(provider => new DefinitionsCache(StoresOf(provider).States));
        services.AddSingleton(provider => new ModelsCache(StoresOf(provider).States, StoresOf(provider).History));
        services.AddSingleton(provider => new ClusterLog(StoresOf(provider).Log, provider.GetRequiredService<IGrainFactory>(), options.MaxBacklogBytes, time));
        services.AddSingleton(_ => new GrainMetrics((during, error) => options.Hosting.OnFault?.Invoke("grain", during, error)));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SiloNewsClient>(provider, time));
        services.AddSingleton<PartitionHomes>();
        services.AddPlacementDirector<PartitionPlacement, PartitionPlacementDirector>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, PartitionWatch>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, PartitionGauges>();
        services.AddSingleton<DefinitionsRefresh>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<DefinitionsRefresh>());
        silo.AddGrainService<SiloNews>();
        return silo.AddPlainGrains(provider => GrainCatalog.Of(Ports(provider, options)), time, Hosts, options.Hosting);
    }

    private static GrainStores StoresOf(IServiceProvider provider) => provider.GetRequiredService<GrainStores>();

    private static GrainPorts Ports(IServiceProvider provider, CdpClusterOptions options)
    {
        var stores = StoresOf(provider);
        var definitions = provider.GetRequiredService<DefinitionsCache>();
        return new GrainPorts
        {
            Log = stores.Log,
            States = stores.States,
            History = stores.History,
            Customers = stores.Customers,
            Definitions = definitions,
            DefinitionsListener = definitions,
            Models = provider.GetRequiredService<ModelsCache>(),
            ModelsListener = provider.GetRequiredService<SiloNewsClient>(),
            Progress = provider.GetRequiredService<ClusterLog>(),
            LinkCacheBytes = options.LinkCacheBytes,
            Load = new ProcessLoad(),
            Steps = options.Steps,
            Metrics = provider.GetRequiredService<GrainMetrics>(),
        };
    }
}
