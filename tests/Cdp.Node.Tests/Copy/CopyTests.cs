using Cdp.Node.Copy;
using Cdp.Node.Hosting;
using Cdp.Node.Tests.Replay;
using Cdp.Node.Tests.Running;
using Cdp.PostgresKit;
using Cdp.Storage;
using Cdp.V1;

namespace Cdp.Node.Tests.Copy;

/// <summary>A store that is copied elsewhere, and what becomes of it there.</summary>
public sealed class CopyTests : IDisposable
{
    private const int Orders = 50;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_copy_with_more_partitions_holds_the_same_and_goes_on()
    {
        var (original, copy) = (_folder.File("original"), _folder.File("copy"));
        await PutSegmentAsync(original);
        await Shop.MakeAsync(original, seed: 31, events: 600);
        await EraseSomethingAsync(original);
        await PublishAsync(original, first: 0, last: Orders);

        var report = await CopyAsync(original, copy, partitions: 7);

        Assert.True(report.IsSame, $"{report.From} {report.To} {report.FromView} {report.ToView}");
        Assert.Equal((7, 2), (report.Partitions, report.Tenants));
        Assert.True(report.FromView.Members > 0, "Nobody is in a segment: the copy shows too little.");
        Assert.Equal(await Shop.ObserveAsync(original), await Shop.ObserveAsync(copy));

        // Copies of events are known as such, and new ones count, whatever partition they go to now.
        foreach (var place in new[] { original, copy }) await PublishAsync(place, first: 0, last: 2 * Orders);
        Assert.All(await CountsAsync(original), count => Assert.Equal(2, count));
        Assert.All(await CountsAsync(copy), count => Assert.Equal(2, count));
    }

    [Fact]
    public async Task A_store_moves_to_a_database_and_back()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync("fsync=off");
        var (original, back) = (_folder.File("original"), _folder.File("back"));
        await PutSegmentAsync(original);
        var before = await Shop.MakeAsync(original, seed: 33, events: 400);

        Assert.True((await CopyAsync(original, server.Url)).IsSame);
        Assert.Equal(before, await Shop.ObserveAsync(server.Url));
        var grown = await Shop.MakeAsync(server.Url, seed: 34, events: 200);
        Assert.True((await CopyAsync(server.Url, back)).IsSame);
        Assert.Equal(grown, await Shop.ObserveAsync(back));
    }

    [Fact]
    public async Task A_copy_that_was_interrupted_is_not_served_and_goes_on()
    {
        var (original, copy) = (_folder.File("original"), _folder.File("copy"));
        var before = await Shop.MakeAsync(original, seed: 35, events: 300);
        foreach (var phase in new[] { "histories", "states", "customer ids", "comparing" })
        {
            using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var copying = new StoreCopy(Place(original), Place(copy), TimeProvider.System, what =>
            {
                if (what.Contains(phase, StringComparison.Ordinal)) interrupted.Cancel();
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying.RunAsync(null, interrupted.Token));
            var refused = await Assert.ThrowsAsync<StorageException>(() => RunningNode.StartAsync(copy));
            Assert.Contains("cdp copy", refused.Message, StringComparison.Ordinal);
        }

        Assert.True((await CopyAsync(original, copy)).IsSame);
        Assert.Equal(before, await Shop.ObserveAsync(copy));
    }

    [Fact]
    public async Task A_place_that_holds_something_else_is_left_alone()
    {
        var (original, copy, other) = (_folder.File("original"), _folder.File("copy"), _folder.File("other"));
        await Shop.MakeAsync(original, seed: 36, events: 100);
        var others = await Shop.MakeAsync(other, seed: 37, events: 100);
        await CopyAsync(original, copy);

        await AssertRefusedAsync(() => CopyAsync(original, other), "holds another store");
        await AssertRefusedAsync(() => CopyAsync(original, copy), "complete");
        await AssertRefusedAsync(() => CopyAsync(original, _folder.File("small"), partitions: 3), "4 partitions");
        Assert.Equal(others, await Shop.ObserveAsync(other));

        await using var serving = await RunningNode.StartAsync(original);
        await AssertRefusedAsync(() => CopyAsync(original, _folder.File("late")), $"process {Environment.ProcessId}");
    }

    private static async Task AssertRefusedAsync(Func<Task> copy, string why)
    {
        var refused = await Assert.ThrowsAnyAsync<StorageException>(copy);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private static NodeOptions Place(string place) => NodeStore.At(place, new NodeOptions());

    private static Task<CopyReport> CopyAsync(string from, string to, int? partitions = null) =>
        new StoreCopy(Place(from), Place(to), TimeProvider.System, _ => { }).RunAsync(partitions, Cancel);

    /// <summary>Orders from a first to before a last; those whose number modulo <see cref="Orders"/> is the same are one buyer's.</summary>
    private static async Task PublishAsync(string place, int first, int last)
    {
        await using var node = await RunningNode.StartAsync(place);
        var request = new PublishEventsRequest();
        for (var i = first; i < last; i++)
        {
            request.Events.Add(new Event
            {
                Id = $"copied-{i}", Kind = EventKind.Track, Type = "Order Completed", Source = "copy",
                Identifiers = { new Identifier { Namespace = "user_id", Value = $"buyer-{i % Orders}" } },
            });
        }

        Assert.Equal(last - first, (await node.Client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel)).Accepted);
        await node.SettleAsync();
    }

    /// <summary>Events of each buyer.</summary>
    private static async Task<IReadOnlyList<long>> CountsAsync(string place)
    {
        await using var node = await RunningNode.StartAsync(place);
        var request = new BatchGetProfilesRequest { Purpose = "service", Fields = { "activity" } };
        for (var i = 0; i < Orders; i++) request.Customers.Add(new CustomerRef { Identifier = new Identifier { Namespace = "user_id", Value = $"buyer-{i}" } });
        return [.. (await node.Client.Profiles.BatchGetProfilesAsync(request, cancellationToken: Cancel)).Results.Select(r => r.Profile.Activity.EventCount)];
    }

    private static async Task PutSegmentAsync(string place)
    {
        await using var node = await RunningNode.StartAsync(place);
        await node.Client.Segments.PutSegmentAsync(
            new PutSegmentRequest { Segment = new Segment { Id = "seen", Expression = "events.count >= 2" } }, cancellationToken: Cancel);
    }

    /// <summary>An event whose payload was erased, but for its header.</summary>
    private static async Task EraseSomethingAsync(string place)
    {
        await using var store = await NodeStore.OpenAsync(Place(place), Cancel);
        for (var partition = 0; partition < store.Log.Partitions; partition++)
        {
            if (await store.Log.EndAsync(partition, Cancel) > 3)
                Assert.True(await Grains.Customers.ErasedEvents.EraseAsync(store.Log, partition, 3, Cancel));
        }
    }
}
