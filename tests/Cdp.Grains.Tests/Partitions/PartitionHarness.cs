using Cdp.Domain.Tenants;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Partitions;

/// <summary>What a partition under test stands on.</summary>
internal static class PartitionHarness
{
    public const string Tenant = "t";

    public static PartitionPorts Ports(IStateStore states, GrainMetrics metrics) =>
        new(new MemoryEventLog(1), states, new MemoryHistory(), new OneTenant(), new NoProgress(), NoStepObserver.Instance, metrics);

    private sealed class OneTenant : IDefinitions
    {
        public bool IsSealed(ReadOnlySpan<char> key) => false;

        private readonly Definitions _definitions = new(TenantDefaults.NewConfig(Tenant, new byte[32]));

        public Definitions? Find(string tenant) => _definitions;

        public ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken) => new(_definitions);
    }

    private sealed class NoProgress : IPartitionProgress
    {
        public void Applied(int partition, long position)
        {
        }
    }
}
