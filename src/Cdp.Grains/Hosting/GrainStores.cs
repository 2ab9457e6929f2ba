using Cdp.Grains.Ports;

namespace Cdp.Grains.Hosting;

/// <summary>The stores that grains stand on.</summary>
public sealed record GrainStores(IEventLog Log, IStateStore States, IHistory History, ICustomerIndex Customers);
