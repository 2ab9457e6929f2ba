using Cdp.Orleans.Hosting;

namespace Cdp.Orleans.Partitions;

/// <summary>
/// Sees to it that every partition is read by somebody: each silo calls the grains of its partitions, and of those that it
/// waits for, once a second and whenever a silo comes or goes.
/// </summary>
/// <param name="log">Calls them.</param>
/// <param name="homes">Knows which are its own.</param>
/// <param name="members">Tells who comes and goes.</param>
/// <param name="hosting">The clock.</param>
internal sealed class PartitionWatch(ClusterLog log, PartitionHomes homes, IClusterMembershipService members, GrainHosting hosting) : SiloLoop(hosting)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var changes = members.MembershipUpdates.GetAsyncEnumerator(cancellationToken);
        var change = changes.MoveNextAsync().AsTask();
        while (!cancellationToken.IsCancellationRequested)
        {
            for (var partition = 0; partition < log.Partitions; partition++)
            {
                if (!homes.IsElsewhere(partition) || log.Awaits(partition)) log.Notice(partition);
            }

            await Task.WhenAny(change, Task.Delay(Interval, Hosting.Time, cancellationToken));
            if (change.IsCompletedSuccessfully && change.Result) change = changes.MoveNextAsync().AsTask();
        }
    }
}
