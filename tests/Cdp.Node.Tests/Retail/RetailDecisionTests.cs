using System.Globalization;
using System.Text;
using Cdp.Node.Import;
using Cdp.Node.Tests.Running;
using Cdp.V1;

namespace Cdp.Node.Tests.Retail;

/// <summary>The sample's actions on an imported shop, for every customer, against a computation straight from the file.</summary>
public sealed class RetailDecisionTests
{
    private const int Slots = 3;

    /// <summary>What the sample's conditions say, in other words: null competes, else the rule that removes. In the order of what they bring.</summary>
    private static readonly (string Id, double Expected, Func<Shopper, string?> RemovedBy)[] Home =
    [
        ("thank_you_call", 60 * 31 / 102.0, shopper => shopper.Net >= 1_000 ? null : "eligibility"),
        ("what_went_wrong", 25 * 21 / 102.0, shopper => shopper.Refunds > 0 ? null : "eligibility"),
        ("free_shipping", 12 * 26 / 102.0, shopper => shopper.GivesBackHalf ? "gives_back_half" : shopper.Net >= 1_000 ? "high_value" : shopper.Orders > 0 ? null : "eligibility"),
        ("come_back", 20 * 13 / 102.0, shopper => shopper.GivesBackHalf ? "gives_back_half" : shopper.IsKnown && shopper.Orders == 1 ? null : "eligibility"),
        ("write_a_review", 8 * 16 / 102.0, shopper => shopper.Refunds > 0 ? "took_something_back" : shopper.Orders >= 3 ? null : "eligibility"),
        ("open_an_account", 15 * 6 / 102.0, shopper => shopper.IsKnown ? "eligibility" : null),
        ("new_arrivals", 4 * 11 / 102.0, _ => null),
    ];

    /// <summary>Those that the letter may bring: of service, and with something for e-mail.</summary>
    private static readonly string[] OfTheLetter = ["thank_you_call", "what_went_wrong", "write_a_review"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task The_decisions_for_a_generated_twin_are_those_of_its_file() => ProveAsync(RetailTwin.Make(seed: 5, invoices: 120));

    [Fact]
    public async Task The_decisions_for_December_2010_are_those_of_its_file()
    {
        var path = Repository.Data(Path.Combine("online_retail", "online_retail_2010-12.csv"));
        if (!File.Exists(path))
            Assert.Skip($"The public data is not there: {path}. Set CDP_DATA to the folder that holds online_retail/.");
        await ProveAsync(await File.ReadAllTextAsync(path, Cancel));
    }

    private static async Task ProveAsync(string csv)
    {
        using var folder = new TemporaryFolder();
        await using var node = await RunningNode.StartAsync(folder.Path);
        var server = new RetailServer(node);
        var bytes = Encoding.UTF8.GetBytes(csv);
        await server.ImportAsync(new ImportFile(() => new MemoryStream(bytes), bytes.Length), folder.File("rejects.csv"));
        await server.CommandAsync("action", "put", "--file", Repository.RetailActions);
        await server.CommandAsync("placement", "put", "--file", Repository.RetailPlacements);

        var shoppers = Shopper.OfFile(csv);
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, shopper) in shoppers)
        {
            await AssertHomeAsync(node, name, shopper, first);
            await AssertLetterAsync(node, name, shopper);
        }

        Assert.Equal(["free_shipping", "thank_you_call", "what_went_wrong"], first.Keys.Order(StringComparer.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine($"of {shoppers.Count} customers: {string.Join(", ", first.Select(f => $"{f.Key} {f.Value}"))}");
        await AssertCapAsync(node, shoppers.First(shopper => shopper.Value.Net >= 1_000).Key);
        await AssertVisitorAsync(node);
    }

    private static async Task AssertHomeAsync(RunningNode node, string name, Shopper shopper, Dictionary<string, int> first)
    {
        var decision = await DecideAsync(node, "home", name, DecisionMode.DryRun);
        var competing = Home.Where(action => action.RemovedBy(shopper) is null).ToList();
        Assert.Equal((name, string.Join(' ', competing.Take(Slots).Select(action => action.Id).Concat(competing.Count < Slots ? [""] : []))), (name, Ranked(decision)));
        Assert.All(decision.Ranked.Take(competing.Count), (action, i) => Assert.Equal(competing[i].Expected, action.Expected, 1e-9));
        Assert.Equal((name, Removals(shopper)), (name, Removed(decision)));
        Assert.Equal(Math.Max(0, competing.Count - Slots), decision.Outranked);
        first[competing[0].Id] = first.GetValueOrDefault(competing[0].Id) + 1;
    }

    private static async Task AssertLetterAsync(RunningNode node, string name, Shopper shopper)
    {
        var decision = await DecideAsync(node, "letter", name, DecisionMode.DryRun);
        string[] competing = [.. OfTheLetter.Where(id => Home.Single(action => action.Id == id).RemovedBy(shopper) is null)];
        Assert.Contains(Ranked(decision), competing.Length > 0 ? competing : [""]);
        Assert.Equal(Home.Length - competing.Length, decision.Removed.Count);
        Assert.Equal("no_payload", decision.Removed.Single(removed => removed.ActionId == "open_an_account").Rule);
        Assert.All(decision.Removed.Where(removed => removed.ActionId is "free_shipping" or "come_back" or "new_arrivals"), removed => Assert.Equal("placement", removed.Rule));
    }

    /// <summary>One call of thanks a month.</summary>
    private static async Task AssertCapAsync(RunningNode node, string name)
    {
        Assert.Equal("thank_you_call", (await DecideAsync(node, "home", name, DecisionMode.Live)).Ranked[0].ActionId);
        var again = await DecideAsync(node, "home", name, DecisionMode.Live);
        Assert.Equal("cap", again.Removed.Single(removed => removed.ActionId == "thank_you_call").Rule);
    }

    private static async Task AssertVisitorAsync(RunningNode node)
    {
        var decision = await node.Client.Decisions.DecideAsync(new DecideRequest { Placement = "home" }, cancellationToken: Cancel);
        Assert.Equal(("", "open_an_account new_arrivals "), (decision.CustomerId, Ranked(decision)));
        Assert.Equal(Removals(new Shopper(false, 0, 0, 0, 0)), Removed(decision));
    }

    private static async Task<DecideResponse> DecideAsync(RunningNode node, string placement, string name, DecisionMode mode)
    {
        var request = new DecideRequest { Placement = placement, Identifiers = { RetailReader.RefOf(name).Identifier }, Purpose = "service", Mode = mode };
        return await node.Client.Decisions.DecideAsync(request, cancellationToken: Cancel);
    }

    private static string Removals(Shopper shopper) => string.Join(
        ' ', Home.Where(action => action.RemovedBy(shopper) is not null).OrderBy(action => action.Id, StringComparer.Ordinal).Select(action => $"{action.Id}:{action.RemovedBy(shopper)}"));

    private static string Ranked(DecideResponse decision) => string.Join(' ', decision.Ranked.Select(action => action.ActionId));

    private static string Removed(DecideResponse decision) => string.Join(' ', decision.Removed.Select(action => $"{action.ActionId}:{action.Rule}"));

    /// <summary>What the file says of one customer.</summary>
    private sealed record Shopper(bool IsKnown, int Orders, int Refunds, decimal Gross, decimal Refunded)
    {
        public decimal Net => Gross - Refunded;

        public bool GivesBackHalf => Refunds > 0 && Refunded * 2 >= Gross;

        /// <summary>All customers of a file, without any code of the importer. A customer is named "id" or "invoice-no".</summary>
        public static SortedDictionary<string, Shopper> OfFile(string csv)
        {
            var shoppers = new SortedDictionary<string, Shopper>(StringComparer.Ordinal);
            var rows = SimpleCsv.Read(csv).Skip(1);
            foreach (var customer in rows.GroupBy(cells => cells[6].Length > 0 ? cells[6] : $"invoice-{cells[0]}", StringComparer.Ordinal))
            {
                var invoices = customer.GroupBy(cells => cells[0], AmountOf, StringComparer.Ordinal).ToLookup(invoice => invoice.Key[0] == 'C', invoice => invoice.Sum());
                shoppers.Add(customer.Key, new Shopper(
                    !customer.Key.StartsWith("invoice-", StringComparison.Ordinal), invoices[false].Count(), invoices[true].Count(), invoices[false].Sum(), -invoices[true].Sum()));
            }

            return shoppers;
        }

        private static decimal AmountOf(string[] cells) => decimal.Parse(cells[3], CultureInfo.InvariantCulture) * decimal.Parse(cells[5], CultureInfo.InvariantCulture);
    }
}
