namespace Cdp.Grains.Ports;

/// <summary>How busy the node is, for work that gives way to everything else.</summary>
public interface INodeLoad
{
    /// <summary>CPU time that the node has used since its start.</summary>
    TimeSpan Used { get; }

    /// <summary>Processors that it may use, at least 1.</summary>
    int Processors { get; }
}
