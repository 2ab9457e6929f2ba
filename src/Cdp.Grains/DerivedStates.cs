using Cdp.Grains.Customers;
using Cdp.Grains.Decisions;
using Cdp.Grains.Identities;
using Cdp.Grains.Merges;
using Cdp.Grains.Partitions;
using Cdp.Grains.Segments;

namespace Cdp.Grains;

/// <summary>
/// Kinds of states that may be dropped, since they are made again from what is kept: the log, the histories and the
/// identity records. Every other kind holds what stands nowhere else.
/// </summary>
public static class DerivedStates
{
    /// <summary>Caches of the histories, of the training logs and of the identity records.</summary>
    public static IReadOnlyList<string> Caches { get; } =
        [.. IdentityRows.Kinds, CustomerGrain.SnapshotKind, EventIds.FilterKind, IdentityLinkGrain.StateKind, SegmentGrain.StateKind, ModelLog.StateKind];

    /// <summary>How far the log was applied, what was buried on the way, and how far merges are: dropped together with the histories.</summary>
    public static IReadOnlyList<string> Progress { get; } =
        [PartitionGrain.StateKind, PartitionGrain.DeadLetterKind, SchemaBreaches.StateKind, MergeGrain.StateKind];
}
