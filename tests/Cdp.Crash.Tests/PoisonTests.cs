using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Cdp.Storage.Sqlite;
using Cdp.V1;
using DeadLetter = Cdp.State.V1.DeadLetter;

namespace Cdp.Crash.Tests;

/// <summary>Invariant 13: an event on which the process dies is found, and kept aside after it killed three times alone.</summary>
public sealed class PoisonTests
{
    /// <summary>The step at which an event dies of which nothing stands in a history yet.</summary>
    private static readonly string AtFirstEvent = $"{RecoverySteps.HistoryAppending}:1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_begun_twice_in_vain_is_handed_over_event_by_event()
    {
        using var directory = new TemporaryDirectory();
        var data = directory["data"];
        var batch = People(6);
        await Dying.DieAsync(data, AtFirstEvent, batch, partitions: 1);
        await Dying.DieAsync(data, AtFirstEvent, [], partitions: 1);
        var before = await PartitionAsync(data);
        Assert.Equal((0, 2, 0), (before.Committed, before.Attempts, before.IsolateUntil));

        // Alone: the second event is begun when the first is committed.
        await Dying.DieAsync(data, $"{RecoverySteps.HistoryAppending}:2", [], partitions: 1);
        var isolated = await PartitionAsync(data);
        Assert.Equal((1, 1, 1), (isolated.Committed, isolated.Isolated, isolated.IsolatedAttempts));
        Assert.True(isolated.IsolateUntil > isolated.Committed);

        // A restart in this mode does not prolong it.
        await AssertAppliedAsync(data, batch, deadLetters: 0);
        Assert.Equal(isolated.IsolateUntil, (await PartitionAsync(data)).IsolateUntil);
    }

    [Fact]
    public async Task An_event_that_kills_three_times_alone_becomes_a_dead_letter_and_the_others_are_applied()
    {
        using var directory = new TemporaryDirectory();
        var data = directory["data"];
        var batch = People(6);
        await Dying.DieAsync(data, AtFirstEvent, batch, partitions: 1);
        for (var i = 0; i < 4; i++) await Dying.DieAsync(data, AtFirstEvent, [], partitions: 1);

        // The letter stands, its position does not: it is written again and counted once.
        await Dying.DieAsync(data, $"{RecoverySteps.PositionCommitting}:1", [], partitions: 1);
        await AssertAppliedAsync(data, batch[1..], deadLetters: 1);
        await using (var store = await SqliteStore.OpenAsync(data))
        {
            var row = await store.State.ReadAsync(PartitionGrain.DeadLetterKind, $"default/0000/{0:D19}", Token);
            Assert.Equal("EVENT_CRASHED_PROCESS", DeadLetter.Parser.ParseFrom(row.Value.Span).Reason);
        }

        // Sent again it is another event of the log, and it has killed nobody yet.
        await using var child = CdpProcess.Serve(data);
        using var client = CdpProcess.Connect((await child.Address)!);
        Assert.Equal(1, await CountAsync(client, batch[0], await Dying.PublishAsync(client, [batch[0]])));
    }

    [Fact]
    public async Task Events_of_other_partitions_are_not_suspected_with_the_one_that_kills()
    {
        using var directory = new TemporaryDirectory();
        var data = directory["data"];
        var batch = People(64);
        await Dying.DieAsync(data, AtFirstEvent, batch, partitions: 16);
        for (var i = 0; i < 5; i++) await Dying.DieAsync(data, AtFirstEvent, [], partitions: 16);

        await using var child = CdpProcess.Serve(data);
        using var client = CdpProcess.Connect((await child.Address)!);

        // One of each partition at least: their token waits for all that stood before them.
        var again = People(64);
        foreach (var made in again) made.Id += " again";
        var token = await Dying.PublishAsync(client, again);
        var counts = new List<long>();
        foreach (var made in batch) counts.Add(await CountAsync(client, made, token));

        // Events died alone four times, in whatever partitions: at most one of them three times.
        var buried = (await client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Token)).Partitions.Sum(p => p.DeadLetters);
        Assert.InRange(buried, 0, 1);
        Assert.Equal(buried, counts.Count(c => c == 1));
        Assert.Equal(batch.Length - buried, counts.Count(c => c == 2));
    }

    private static Event[] People(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Event
        {
            Id = $"e{i}", Kind = EventKind.Track, Type = "Seen", Source = "crash", Identifiers = { new Identifier { Namespace = "user_id", Value = $"person-{i}" } },
        })];

    private static async Task<PartitionState> PartitionAsync(string data)
    {
        await using var store = await SqliteStore.OpenAsync(data);
        return PartitionState.Parser.ParseFrom((await store.State.ReadAsync(PartitionGrain.StateKind, "0", Token)).Value.Span);
    }

    /// <summary>Checks that a server on which nothing crashes has each event once; it has one partition.</summary>
    private static async Task AssertAppliedAsync(string data, IEnumerable<Event> events, int deadLetters)
    {
        await using var child = CdpProcess.Serve(data);
        using var client = CdpProcess.Connect((await child.Address)!);
        var last = new Event { Id = "last", Kind = EventKind.Track, Type = "Seen", Source = "crash", Identifiers = { new Identifier { Namespace = "user_id", Value = "last" } } };
        var token = await Dying.PublishAsync(client, [last]);
        foreach (var made in events) Assert.Equal(1, await CountAsync(client, made, token));
        var partition = Assert.Single((await client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Token)).Partitions);
        Assert.Equal(deadLetters, partition.DeadLetters);
    }

    private static async Task<long> CountAsync(CdpClient client, Event made, string token)
    {
        var request = new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = token };
        return (await client.Profiles.GetProfileAsync(request, cancellationToken: Token)).Profile.Activity.EventCount;
    }
}
