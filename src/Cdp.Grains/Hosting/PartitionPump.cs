using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Hosting;

/// <summary>Delivers one partition of the log to its grain, in order, from where the grain says.</summary>
/// <param name="partition">Number of the partition.</param>
/// <param name="feed">Where events come from.</param>
/// <param name="grains">Reaches the grain.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Hears of errors, with what was done about them.</param>
public sealed class PartitionPump(int partition, IPartitionFeed feed, IGrains grains, TimeProvider time, Action<string, Exception> failed)
{
    private const int MostEvents = 512;
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs until cancelled. An error of the grain or the store is reported and the feed opened again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FeedAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                failed($"opening the feed of partition {partition} again", e);
                await Task.WhenAny(Task.Delay(RetryDelay, time, cancellationToken));
            }
        }
    }

    private async Task FeedAsync(CancellationToken cancellationToken)
    {
        var grain = grains.Get<IPartition>(GrainCatalog.PartitionKey(partition));
        var open = new OpenRequest();
        var position = (await grain.Open(open, cancellationToken)).NextPosition;
        while (true)
        {
            var batch = await feed.NextAsync(partition, position, MostEvents, Ping, cancellationToken);

            // A grain that was dropped since asks for what it lost; without news the ping finds out.
            position = batch.Entries.Count == 0
                ? (await grain.Open(open, cancellationToken)).NextPosition
                : (await DeliverAsync(grain, batch, cancellationToken)).NextPosition;
        }
    }

    /// <summary>Not awaited beyond a stop: a delivery whose store is gone tries until the engine ends it.</summary>
    private static async ValueTask<DeliverReply> DeliverAsync(IPartition grain, DeliverRequest batch, CancellationToken cancellationToken)
    {
        var delivering = grain.Deliver(batch, cancellationToken);
        return delivering.IsCompletedSuccessfully ? await delivering : await delivering.AsTask().WaitAsync(cancellationToken);
    }
}
