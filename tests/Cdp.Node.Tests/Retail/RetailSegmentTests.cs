using System.Text;
using Cdp.Node.Import;
using Cdp.Node.Tests.Running;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Tests.Retail;

/// <summary>The sample's audiences on an imported shop, against a computation straight from the file.</summary>
public sealed class RetailSegmentTests
{
    /// <summary>What the sample's conditions say, in other words. A customer is named "id" or "invoice-no".</summary>
    private static readonly Dictionary<string, Func<string, RetailFigures, bool>> Audiences = new(StringComparer.Ordinal)
    {
        ["repeat_buyers"] = (_, figures) => figures.Orders >= 2,
        ["high_value"] = (_, figures) => figures.NetRevenue >= 1_000,
        ["refunders"] = (_, figures) => figures.Refunds >= 1,
        ["content_regulars"] = (_, figures) => figures.Orders >= 3 && figures.Refunds == 0,
        ["one_order_customers"] = (customer, figures) => figures.Orders == 1 && !customer.StartsWith("invoice-", StringComparison.Ordinal),
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task The_audiences_of_a_generated_twin_are_those_of_its_file() => ProveAsync(RetailTwin.Make(seed: 5, invoices: 120));

    [Fact]
    public async Task The_audiences_of_December_2010_are_those_of_its_file()
    {
        var path = Repository.Data(Path.Combine("online_retail", "online_retail_2010-12.csv"));
        if (!File.Exists(path))
            Assert.Skip($"The public data is not there: {path}. Set CDP_DATA to the folder that holds online_retail/.");
        await ProveAsync(await File.ReadAllTextAsync(path, Cancel));
    }

    private static async Task ProveAsync(string csv)
    {
        using var folder = new TemporaryFolder();
        var figures = RetailFigures.OfFile(csv);
        await using (var node = await RunningNode.StartAsync(folder.File("live")))
        {
            await PutAsync(node);
            await ImportAsync(node, csv, folder);
            await AssertAudiencesAsync(node, figures);
        }

        await using (var node = await RunningNode.StartAsync(folder.File("backfilled")))
        {
            await ImportAsync(node, csv, folder);
            await PutAsync(node);
            await AssertAudiencesAsync(node, figures);
        }
    }

    private static async Task ImportAsync(RunningNode node, string csv, TemporaryFolder folder)
    {
        var bytes = Encoding.UTF8.GetBytes(csv);
        await new RetailServer(node).ImportAsync(new ImportFile(() => new MemoryStream(bytes), bytes.Length), folder.File("rejects.csv"));
    }

    /// <summary>Puts the sample as a person would, and waits for the backfill.</summary>
    private static Task PutAsync(RunningNode node) => new RetailServer(node).CommandAsync("segment", "put", "--file", Repository.RetailSegments, "--wait");

    private static async Task AssertAudiencesAsync(RunningNode node, SortedDictionary<string, RetailFigures> figures)
    {
        var token = await node.TokenAsync();
        var ids = (await new RetailServer(node).ProfilesAsync(figures.Keys)).ToDictionary(profile => profile.Key, profile => profile.Value.CustomerId, StringComparer.Ordinal);
        var samples = (await File.ReadAllLinesAsync(Repository.RetailSegments, Cancel)).Select(line => JsonParser.Default.Parse<Segment>(line).Id);
        Assert.Equal(Audiences.Keys.Order(StringComparer.Ordinal), samples.Order(StringComparer.Ordinal));
        var counts = new List<string>();
        foreach (var (segment, isIn) in Audiences)
        {
            var expected = figures.Where(customer => isIn(customer.Key, customer.Value)).Select(customer => ids[customer.Key]).Order(StringComparer.Ordinal).ToList();
            Assert.InRange(expected.Count, 1, figures.Count - 1);
            var counted = await node.Client.Segments.CountMembersAsync(new CountMembersRequest { Segment = segment, AfterToken = token }, cancellationToken: Cancel);
            Assert.Equal((expected.Count, true), (counted.Members, counted.Backfill.Done));
            Assert.Equal(expected, (await MembersAsync(node, segment)).Order(StringComparer.Ordinal));
            counts.Add($"{segment} {expected.Count}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"of {figures.Count} customers: {string.Join(", ", counts)}");
    }

    private static async Task<List<string>> MembersAsync(RunningNode node, string segment)
    {
        var members = new List<string>();
        var request = new ListMembersRequest { Segment = segment };
        do
        {
            var page = await node.Client.Segments.ListMembersAsync(request, cancellationToken: Cancel);
            members.AddRange(page.CustomerIds);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return members;
    }
}
