using System.Text;
using Cdp.Grains.Ports;
using Cdp.Node.Import;
using Cdp.Node.Replay;
using Cdp.Node.Tests.Running;
using Cdp.Storage.Sqlite;
using Cdp.V1;

namespace Cdp.Node.Tests.Retail;

/// <summary>A shop's file, imported into a real node, against a computation straight from the file.</summary>
public sealed class RetailProofTests
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    [Fact]
    public Task A_generated_twin_imported_and_replayed_is_right_for_every_customer() => ProveAsync(RetailTwin.Make(seed: 3, invoices: 400));

    [Fact]
    public async Task December_2010_imported_and_replayed_is_right_for_every_customer()
    {
        var path = Repository.Data(Path.Combine("online_retail", "online_retail_2010-12.csv"));
        if (!File.Exists(path))
            Assert.Skip($"The public data is not there: {path}. Set CDP_DATA to the folder that holds online_retail/.");
        await ProveAsync(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    private static async Task ProveAsync(string csv)
    {
        using var folder = new TemporaryFolder();
        var expected = RetailFigures.OfFile(csv);
        SortedDictionary<string, Profile> profiles;
        int invoices;
        await using (var node = await RunningNode.StartAsync(folder.Path))
        {
            var server = new RetailServer(node);
            invoices = await ImportAndCheckAsync(server, csv, folder.File("rejects.csv"), expected, copies: 0);
            profiles = await server.ProfilesAsync(expected.Keys);
            foreach (var (customer, figures) in expected)
                Assert.Equal(figures with { Lines = 0, Quantity = 0 }, RetailReader.FiguresOf(profiles[customer]));
            Assert.Equal(expected.Count, profiles.Values.Select(p => p.CustomerId).Distinct().Count());
        }

        await using (var node = await RunningNode.StartAsync(folder.Path, new ShiftedTime(Year)))
        {
            var server = new RetailServer(node);
            await ImportAndCheckAsync(server, csv, folder.File("rejects.csv"), expected, copies: 1);
            Assert.Equal(profiles, await server.ProfilesAsync(expected.Keys));
        }

        var kept = await ReplayAsync(folder, new ReplayOptions { Compare = true });
        Assert.Equal(kept.DigestBefore, kept.Digest);
        Assert.Equal((expected.Count, invoices), (kept.Customers, kept.Events));
        var zero = await ReplayAsync(folder, new ReplayOptions { FromLog = true, Seed = 7 });
        Assert.Equal(kept with { Elapsed = zero.Elapsed, DigestBefore = null }, zero with { Different = kept.Different });
        await using (var node = await RunningNode.StartAsync(folder.Path, new ShiftedTime(Year)))
            Assert.Equal(profiles, await new RetailServer(node).ProfilesAsync(expected.Keys));
    }

    /// <summary>Imports; every line must be in exactly one event of its customer, exact repeats included.</summary>
    private static async Task<int> ImportAndCheckAsync(
        RetailServer server, string csv, string rejects, SortedDictionary<string, RetailFigures> expected, int copies)
    {
        var bytes = Encoding.UTF8.GetBytes(csv);
        var summary = await server.ImportAsync(new ImportFile(() => new MemoryStream(bytes), bytes.Length), rejects);
        var lines = SimpleCsv.Read(csv).Skip(1).Select(cells => string.Join('\n', cells)).ToList();
        Assert.Equal((lines.Count, lines.Count), (summary.Counters.Lines, summary.Counters.LinesAccepted));

        var events = await server.EventsAsync(expected.Keys);
        Assert.Equal(expected, RetailFigures.OfEvents(events.Select(e => e.Event)));
        Assert.All(events, e => Assert.Equal(copies, e.Copies));
        Assert.Equal(summary.Counters.EventsAccepted, events.Count);

        var repeats = lines.Count - lines.Distinct(StringComparer.Ordinal).Count();
        Assert.True(repeats > 0);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{lines.Count} lines ({repeats} exact repeats), {events.Count} invoices, {expected.Count} customers, copies known: {events.Sum(e => e.Copies)}");
        return events.Count;
    }

    private static async Task<ReplayReport> ReplayAsync(TemporaryFolder folder, ReplayOptions options)
    {
        await using var store = await SqliteStore.OpenAsync(folder.Path);
        return await new Replayer(store, options, TimeProvider.System, _ => { }, (remedy, error) => Assert.Fail($"{remedy}: {error}"), NoStepObserver.Instance)
            .RunAsync(TestContext.Current.CancellationToken);
    }
}
