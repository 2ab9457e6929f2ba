using Cdp.Grains.Ports;

namespace Cdp.Grains.Hosting;

/// <summary>The load of this process.</summary>
public sealed class ProcessLoad : INodeLoad
{
    /// <inheritdoc/>
    public TimeSpan Used => Environment.CpuUsage.TotalTime;

    /// <inheritdoc/>
    public int Processors => Environment.ProcessorCount;
}
