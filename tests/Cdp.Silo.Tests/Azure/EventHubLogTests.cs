using Cdp.Azure.Log;
using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Silo.Tests.Azure;

/// <summary>An event hub as a log. The hub is one in memory, behind the client library's own classes.</summary>
public sealed class EventHubLogTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_appended_is_read_in_order_as_it_was()
    {
        var log = await OpenAsync(new FakeHub(3));
        LogRecord[] records = [Bytes.Record("shop", "one"), new("other", LogRecordFlags.Refused, 7, Bytes.Of("two")), Bytes.Record("shop", "")];
        Assert.Equal(0, await log.AppendAsync(1, records, Token));
        Assert.Equal(3, await log.AppendAsync(1, [Bytes.Record("shop", "three")], Token));
        Assert.Equal((3, 4L, 0L), (log.Partitions, await log.EndAsync(1, Token), await log.EndAsync(2, Token)));
        var read = await log.ReadAsync(1, 0, 1 << 20, Token);
        Assert.Equal([.. records.Select((record, i) => Bytes.Show(new PositionedRecord(i, record))), Bytes.Show(new PositionedRecord(3, Bytes.Record("shop", "three")))], read.Select(Bytes.Show));
        Assert.Equal([1L], (await log.ReadAsync(1, 1, 1, Token)).Select(record => record.Position));
        Assert.Empty(await log.ReadAsync(1, 4, 1 << 20, Token));
        Assert.Equal(["none", Bytes.Show(records[1])], (await log.ReadManyAsync([(1, 9), (1, 1)], Token)).Select(Bytes.Show));
    }

    [Fact]
    public async Task An_append_larger_than_a_hub_takes_at_once_is_sent_in_parts()
    {
        var log = await OpenAsync(new FakeHub(1));
        LogRecord[] records = [.. Enumerable.Range(0, 20).Select(i => new LogRecord("shop", LogRecordFlags.None, 0, Bytes.Random(i, 200_000)))];
        Assert.Equal(0, await log.AppendAsync(0, records, Token));
        var read = await log.ReadAsync(0, 0, 100 << 20, Token);
        Assert.Equal(records.Select(record => Bytes.Show(record)), read.Select(record => Bytes.Show(record.Record)));
    }

    /// <summary>A hub does not say where records came to stand: the answer is a position that is not before them.</summary>
    [Fact]
    public async Task An_append_answers_with_a_position_that_its_records_do_not_come_after()
    {
        var log = await OpenAsync(new FakeHub(1));
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                LogRecord[] records = [.. Enumerable.Range(0, 1 + (i % 3)).Select(n => Bytes.Record("shop", $"{writer}/{i}/{n}"))];
                var first = await log.AppendAsync(0, records, Token);
                var before = await log.ReadAsync(0, 0, 100 << 20, Token);
                var found = before.First(record => Bytes.Text(record.Record.Payload) == $"{writer}/{i}/0").Position;
                Assert.InRange(found, 0, first);
            }
        })));
    }

    [Fact]
    public async Task What_the_retention_took_before_it_was_read_is_positions_without_a_payload()
    {
        var hub = new FakeHub(1);
        var log = await OpenAsync(hub);
        await log.AppendAsync(0, [.. Enumerable.Range(0, 10).Select(i => Bytes.Record("shop", $"{i}"))], Token);
        hub.Forget(0, 4);
        var lost = await log.ReadAsync(0, 1, 1 << 20, Token);
        Assert.Equal([1L, 2L, 3L], lost.Select(record => record.Position));
        Assert.All(lost, record => Assert.True(record.Record.Payload.IsEmpty && record.Record.Flags == LogRecordFlags.Blanked));
        Assert.Equal("4", Bytes.Text((await log.ReadAsync(0, 4, 1, Token))[0].Record.Payload));
        hub.Forget(0, 6);
        Assert.Equal(10, await log.EndAsync(0, Token));
        Assert.Equal(6, (await log.ReadAsync(0, 4, 1, Token)).Count);
    }

    [Fact]
    public async Task A_hub_that_is_away_is_an_error_of_the_store()
    {
        var hub = new FakeHub(1);
        var log = await OpenAsync(hub);
        hub.Broken = true;
        await Assert.ThrowsAsync<IOException>(async () => await log.AppendAsync(0, [Bytes.Record("shop", "x")], Token));
        await Assert.ThrowsAsync<IOException>(async () => await log.ReadAsync(0, 0, 1, Token));
        hub.Broken = false;
        Assert.Equal(0, await log.AppendAsync(0, [Bytes.Record("shop", "x")], Token));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await log.BlankAsync(0, 0, default, Token));
    }

    private static Task<EventHubLog> OpenAsync(FakeHub hub) => EventHubLog.OpenAsync(hub.Producer, hub.Consumer, Token);
}
