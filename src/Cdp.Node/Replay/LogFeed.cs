using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.SingleNode.Hosting;

namespace Cdp.Node.Replay;

/// <summary>Feeds a log that nobody writes to its partitions, from where they are to its end.</summary>
internal sealed class LogFeed(SingleNodeHost host)
{
    private const int MostEvents = 512;

    /// <summary>Feeds all partitions beside each other; returns when everything is applied.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, host.Log.Partitions).Select(async partition =>
        {
            var cursor = await OpenAsync(partition, cancellationToken);
            while (cursor.Position < cursor.End) cursor = await DeliverAsync(cursor, MostEvents, cancellationToken);
            await WaitAsync(cursor, cancellationToken);
        }));

    /// <summary>Feeds some events of one partition, then some of another, as a seed has it.</summary>
    public async Task RunAsync(int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var cursors = new List<Cursor>();
        for (var partition = 0; partition < host.Log.Partitions; partition++) cursors.Add(await OpenAsync(partition, cancellationToken));
        var open = cursors.FindAll(c => c.Position < c.End);
        while (open.Count > 0)
        {
            var next = random.Next(open.Count);
            open[next] = await DeliverAsync(open[next], random.Next(1, MostEvents), cancellationToken);
            if (open[next].Position >= open[next].End) open.RemoveAt(next);
        }

        foreach (var cursor in cursors) await WaitAsync(cursor, cancellationToken);
    }

    private async Task<Cursor> OpenAsync(int partition, CancellationToken cancellationToken)
    {
        var grain = host.Grains.Get<IPartition>(GrainCatalog.PartitionKey(partition));
        var open = await grain.Open(new OpenRequest(), cancellationToken);
        return new Cursor(partition, grain, open.NextPosition, await host.Log.EndAsync(partition, cancellationToken));
    }

    private async Task<Cursor> DeliverAsync(Cursor cursor, int most, CancellationToken cancellationToken)
    {
        var batch = await host.Log.NextAsync(cursor.Partition, cursor.Position, most, TimeSpan.Zero, cancellationToken);
        if (batch.Entries.Count > most)
        {
            var part = new DeliverRequest { FirstPosition = batch.FirstPosition };
            part.Entries.AddRange(batch.Entries.Take(most));
            batch = part;
        }

        return cursor with { Position = (await cursor.Grain.Deliver(batch, cancellationToken)).NextPosition };
    }

    private static async Task WaitAsync(Cursor cursor, CancellationToken cancellationToken) =>
        await cursor.Grain.WaitApplied(new WaitAppliedRequest { Position = cursor.End }, cancellationToken);

    private sealed record Cursor(int Partition, IPartition Grain, long Position, long End);
}
