using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Hosting;

/// <summary>The load of this process.</summary>
internal sealed class ProcessLoad : INodeLoad
{
    /// <inheritdoc/>
    public TimeSpan Used => Environment.CpuUsage.TotalTime;

    /// <inheritdoc/>
    public int Processors => Environment.ProcessorCount;
}
