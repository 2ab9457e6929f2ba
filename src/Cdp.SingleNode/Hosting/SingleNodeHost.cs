using Cdp.Grains;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.SingleNode.Engine;

namespace Cdp.SingleNode.Hosting;

/// <summary>How a single node runs.</summary>
public sealed record SingleNodeOptions
{
    /// <summary>The engine's options.</summary>
    public GrainEngineOptions Engine { get; init; } = new();

    /// <summary>Most acknowledged but unapplied bytes per tenant and partition; beyond, publishing has to wait.</summary>
    public long MaxBacklogBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Whether partitions are fed from the log, now and as it grows. A replay feeds them itself.</summary>
    public bool Feeds { get; init; } = true;

    /// <summary>Where erasures are noted for whoever restores a backup; null: nowhere.</summary>
    public IErasureLedger? Erasures { get; init; }

    /// <summary>Clears the store's files; null: it does so by itself.</summary>
    public IStoreCleaner? Cleaner { get; init; }

    /// <summary>Hears of recovery steps.</summary>
    public IStepObserver Steps { get; init; } = NoStepObserver.Instance;

    /// <summary>Hears of errors that the node handles by itself, with what it did about them.</summary>
    public Action<string, Exception>? OnHandledError { get; init; }
}

/// <summary>Engine 1 with everything that a node needs around it: grains, definitions, and a feed for each partition.</summary>
public sealed class SingleNodeHost : IAsyncDisposable
{
    private const int LinkCacheShare = 32;

    private readonly GrainEngine _engine;
    private readonly GrainMetrics _metrics;
    private readonly CancellationTokenSource _stopFeeds = new();
    private readonly Task _feeds;
    private bool _stopped;

    private SingleNodeHost(GrainEngine engine, GrainMetrics metrics, TailingLog log, DefinitionsCache definitions, SingleNodeOptions options, TimeProvider time)
    {
        _engine = engine;
        _metrics = metrics;
        Log = log;
        Definitions = definitions;
        var report = options.OnHandledError ?? ((_, _) => { });
        _feeds = Task.WhenAll(Enumerable.Range(0, options.Feeds ? log.Partitions : 0)
            .Select(p => Task.Run(() => new PartitionPump(p, log, engine.Grains, time, report).RunAsync(_stopFeeds.Token))));
    }

    /// <summary>Reaches every grain.</summary>
    public IGrains Grains => _engine.Grains;

    /// <summary>The way into the log.</summary>
    public TailingLog Log { get; }

    /// <summary>The tenants' definitions.</summary>
    public DefinitionsCache Definitions { get; }

    /// <summary>The engine, for its statistics.</summary>
    public GrainEngine Engine => _engine;

    /// <summary>Starts the engine and the feeds.</summary>
    public static async Task<SingleNodeHost> StartAsync(
        GrainStores stores, SingleNodeOptions options, TimeProvider time, CancellationToken cancellationToken = default)
    {
        var definitions = new DefinitionsCache(stores.States);
        var models = new ModelsCache(stores.States, stores.History);
        var log = await TailingLog.OpenAsync(stores.Log, options.MaxBacklogBytes, time, cancellationToken);
        var metrics = new GrainMetrics(options.OnHandledError);
        var types = GrainCatalog.Of(new GrainPorts
        {
            Log = stores.Log,
            States = stores.States,
            History = stores.History,
            Customers = stores.Customers,
            Definitions = definitions,
            DefinitionsListener = definitions,
            Models = models,
            ModelsListener = models,
            Progress = log,
            LinkCacheBytes = options.Engine.MemoryCeiling / LinkCacheShare,
            Load = new ProcessLoad(),
            Erasures = options.Erasures,
            Cleaner = options.Cleaner,
            Steps = options.Steps,
            Metrics = metrics,
        });
        return new SingleNodeHost(new GrainEngine(options.Engine, types, time), metrics, log, definitions, options, time);
    }

    /// <summary>Stops the feeds, lets what is under way finish, and saves every grain.</summary>
    public async Task StopAsync()
    {
        if (_stopped) return;
        _stopped = true;
        await _stopFeeds.CancelAsync();
        await _feeds;
        await _engine.StopAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _engine.DisposeAsync();
        _metrics.Dispose();
        _stopFeeds.Dispose();
    }
}
