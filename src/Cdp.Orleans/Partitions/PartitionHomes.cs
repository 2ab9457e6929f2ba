namespace Cdp.Orleans.Partitions;

/// <summary>
/// Which silo each partition belongs to: every silo has as many as every other, or one more. All silos come to the same
/// result by themselves, from who is active.
/// </summary>
/// <param name="log">Has the number of partitions.</param>
/// <param name="members">Who is active.</param>
/// <param name="local">This silo.</param>
internal sealed class PartitionHomes(ClusterLog log, IClusterMembershipService members, ILocalSiloDetails local)
{
    private Deal _deal = new(MembershipVersion.MinValue, []);

    /// <summary>The silo of a partition; null: no silo is active.</summary>
    public SiloAddress? Of(int partition)
    {
        var snapshot = members.CurrentSnapshot;
        var deal = Volatile.Read(ref _deal);
        if (deal.Version != snapshot.Version)
        {
            SiloAddress[] silos = [.. snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress).Order()];
            deal = new Deal(snapshot.Version, silos.Length == 0 ? [] : [.. DealOut(log.Partitions, silos.Length).Select(silo => silos[silo])]);
            Volatile.Write(ref _deal, deal);
        }

        return deal.Homes.Length == 0 ? null : deal.Homes[partition];
    }

    /// <summary>Whether a partition belongs to another silo than this one.</summary>
    public bool IsElsewhere(int partition) => Of(partition) is { } home && !home.Equals(local.SiloAddress);

    /// <summary>
    /// Deals partitions out, as if silos had come in the order of their age: each takes its share from those that have most,
    /// so that no partition moves from one older silo to another when a silo comes.
    /// </summary>
    /// <param name="partitions">Number of partitions.</param>
    /// <param name="silos">Number of silos, at least one.</param>
    /// <returns>The silo of each partition, by its place in the order of age.</returns>
    internal static int[] DealOut(int partitions, int silos)
    {
        var owners = new int[partitions];
        int[] counts = [partitions, .. new int[silos - 1]];
        for (var newest = 1; newest < silos; newest++)
        {
            for (; counts[newest] < partitions / (newest + 1); counts[newest]++)
            {
                var richest = Array.IndexOf(counts, counts.Max());
                owners[Array.LastIndexOf(owners, richest)] = newest;
                counts[richest]--;
            }
        }

        return owners;
    }

    private sealed record Deal(MembershipVersion Version, SiloAddress[] Homes);
}
