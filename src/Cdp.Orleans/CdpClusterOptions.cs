using Cdp.Grains.Ports;
using Cdp.Orleans.Hosting;

namespace Cdp.Orleans;

/// <summary>How a silo runs the product's grains.</summary>
public sealed record CdpClusterOptions
{
    /// <summary>How grains are hosted.</summary>
    public GrainHostingOptions Hosting { get; init; } = new();

    /// <summary>Most bytes per tenant and partition that one silo has acknowledged and that are not applied; beyond, publishing has to wait.</summary>
    public long MaxBacklogBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Memory in which all partitions together remember where links lead, in bytes; positive.</summary>
    public long LinkCacheBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>Whether the log pushes its records through the stream provider <see cref="Streams.LogStreams.Provider"/>; otherwise it is read.</summary>
    public bool LogPushes { get; init; }

    /// <summary>Hears of recovery steps.</summary>
    public IStepObserver Steps { get; init; } = NoStepObserver.Instance;
}
