using Orleans.Placement;

namespace Cdp.Orleans.Partitions;

/// <summary>Each partition has a silo of its own choice: see <see cref="PartitionHomes"/>.</summary>
[Serializable]
[GenerateSerializer]
[Immutable]
[SuppressReferenceTracking]
public sealed class PartitionPlacement : PlacementStrategy;

/// <summary>Has grains placed as partitions are; their keys are partitions' numbers.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PartitionPlacementAttribute() : PlacementAttribute(new PartitionPlacement());
