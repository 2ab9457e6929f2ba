using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.V1;

namespace Cdp.Crash.Tests;

/// <summary>
/// A merge that the process died over is ended, also where an event of the customer that gave itself up is handed over before
/// the one that is to merge it: after starts that did not end, events are handed over one by one, and the first was forwarded.
/// </summary>
public sealed class MergeKillTests
{
    private const string Everybody = "everybody";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RecoverySteps.MergeSealed)]
    [InlineData(RecoverySteps.MergeAbsorbed)]
    public async Task A_merge_that_died_again_and_again_is_ended_whoever_was_forwarded_before(string step)
    {
        using var directory = new TemporaryDirectory();
        var data = directory["data"];
        await using (var first = CdpProcess.Serve(data, partitions: 1))
        {
            using var client = CdpProcess.Connect((await first.Address)!);
            await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = Everybody, Expression = "events.count >= 1" } }, cancellationToken: Token);
            var token = await Dying.PublishAsync(client, Seen("winner", "phone"), Seen("loser", "tablet"));
            Assert.Equal(2, await MembersAsync(client, token));
        }

        // The tablet's event is applied to its own customer before that one is sealed, and is delivered again before the merge.
        Event[] batch = [Seen("again", "tablet"), Seen("merging", "tablet", "phone")];
        await Dying.DieAsync(data, $"{step}:1", batch);
        for (var start = 0; start < 2; start++) await Dying.DieAsync(data, $"{step}:1", []);

        await using var last = CdpProcess.Serve(data);
        using var asked = CdpProcess.Connect((await last.Address)!);
        var end = await Dying.PublishAsync(asked, Seen("end", "somebody"));
        var events = await asked.Profiles.ListEventsAsync(
            new ListEventsRequest { Customer = new CustomerRef { Identifier = Device("phone") }, Purpose = "service", AfterToken = end }, cancellationToken: Token);
        Assert.Equal(["again", "loser", "merging", "winner"], events.Events.Select(listed => listed.Event.Id).Order(StringComparer.Ordinal));
        var profile = await asked.Profiles.GetProfileAsync(
            new GetProfileRequest { Customer = new CustomerRef { Identifier = Device("tablet") }, Purpose = "service" }, cancellationToken: Token);
        Assert.Equal(4, profile.Profile.Activity.EventCount);
        Assert.Equal(2, await MembersAsync(asked, end));
    }

    private static async Task<long> MembersAsync(CdpClient client, string token) =>
        (await client.Segments.CountMembersAsync(new CountMembersRequest { Segment = Everybody, AfterToken = token }, cancellationToken: Token)).Members;

    private static Event Seen(string id, params string[] devices) => new()
    {
        Id = id, Kind = EventKind.Track, Type = "Seen", Source = "crash", Identifiers = { devices.Select(Device) },
    };

    private static Identifier Device(string value) => new() { Namespace = "device", Value = value };
}
