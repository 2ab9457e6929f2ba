using Cdp.Grains.Ports;

namespace Cdp.Grains.Refolds;

/// <summary>The ports a sweep stands on.</summary>
public sealed record SweepPorts(
    IEventLog Log, IStateStore States, IHistory History, ICustomerIndex Customers, IDefinitions Definitions, INodeLoad Load, IStepObserver Steps, GrainMetrics Metrics)
{
    /// <summary>Clears the store's files; null: it does so by itself.</summary>
    public IStoreCleaner? Cleaner { get; init; }
}
