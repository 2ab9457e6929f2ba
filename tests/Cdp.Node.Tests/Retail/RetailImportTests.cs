using Cdp.Node.Import;
using Cdp.Node.Tests.Import;

namespace Cdp.Node.Tests.Retail;

public sealed class RetailImportTests
{
    private static string Mapping => File.ReadAllText(Repository.RetailMapping);

    [Theory]
    [InlineData(1, 300)]
    [InlineData(2, 40)]
    public async Task A_generated_twin_gives_every_customer_the_figures_that_its_lines_say(int seed, int invoices)
    {
        var csv = RetailTwin.Make(seed, invoices);
        using var run = new ImportRun { Options = new ImportOptions { RejectsPath = "", BatchSize = 7 } };
        var summary = await run.TextAsync(Mapping, csv);
        Assert.Equal(SimpleCsv.Read(csv).Count - 1, summary.Counters.LinesAccepted);
        Assert.Equal(summary.Counters.Lines, summary.Counters.LinesAccepted);
        Assert.Equal(invoices, run.Api.Events.Count);
        Assert.Equal(RetailFigures.OfFile(csv), RetailFigures.OfEvents(run.Api.Events));
    }

    [Fact]
    public async Task December_2010_gives_every_customer_the_figures_that_its_lines_say()
    {
        var path = RealFile();
        var csv = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        using var run = new ImportRun();
        var summary = await run.RunAsync(Mapping, ImportFile.OnDisk(path));
        Assert.Equal(42_481, summary.Counters.LinesAccepted);
        Assert.Equal(42_481, summary.Counters.Lines);
        Assert.Equal(2_025, run.Api.Events.Count);
        var expected = RetailFigures.OfFile(csv);
        var found = RetailFigures.OfEvents(run.Api.Events);
        Assert.Equal(expected.Keys, found.Keys);
        foreach (var (customer, figures) in expected)
            Assert.Equal(figures, found[customer]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{expected.Count} customers, {summary.Counters.Lines} lines");
    }

    [Fact]
    public async Task December_2010_imported_twice_gives_the_same_ids_and_contents()
    {
        var path = RealFile();
        using var run = new ImportRun();
        await run.RunAsync(Mapping, ImportFile.OnDisk(path));
        var once = run.Api.Ids;
        run.Time.Advance(TimeSpan.FromDays(365));
        await run.RunAsync(Mapping, ImportFile.OnDisk(path));
        Assert.Equal(once, run.Api.Ids);
        Assert.Equal(once.Count * 2, run.Api.Received.Count);
    }

    [Fact]
    public async Task Refunds_and_orders_carry_what_the_server_reads()
    {
        const string Csv = """
            InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
            536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
            536365,71053,"LANTERN, METAL",6,2010-12-01 08:26:00,3.39,17850,United Kingdom
            C536379,D,Discount,-1,2010-07-01 09:41:00,27.50,,United Kingdom
            """;
        using var run = new ImportRun();
        await run.TextAsync(Mapping, Csv);
        var order = Assert.Single(run.Api.Events, e => e.Type == "Order Completed");
        Assert.Equal("35.64", order.Properties["total"].MoneyValue.Amount);
        Assert.Equal("536365", order.Properties["order_id"].StringValue);
        Assert.Equal("web", order.Channel);
        Assert.Equal("United Kingdom", order.Traits.Set["country"].StringValue);
        Assert.Equal(["customer_id:17850", "order_id:536365"], order.Identifiers.Select(i => $"{i.Namespace}:{i.Value}"));
        Assert.Equal(new DateTimeOffset(2010, 12, 1, 8, 26, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000, order.OccurredAt.UnixMicros);
        Assert.StartsWith("536365-", order.Id, StringComparison.Ordinal);
        var items = order.Properties["items"].ListValue.Values;
        Assert.Equal(["85123A", "71053"], items.Select(i => i.MapValue.Fields["product_id"].StringValue));
        Assert.Equal("LANTERN, METAL", items[1].MapValue.Fields["name"].StringValue);
        Assert.Equal("3.39", items[1].MapValue.Fields["price"].DecimalValue);

        var refund = Assert.Single(run.Api.Events, e => e.Type == "Order Refunded");
        Assert.Equal("27.50", refund.Properties["total"].MoneyValue.Amount);
        Assert.Equal(["order_id:C536379", "anonymous_id:invoice-C536379"], refund.Identifiers.Select(i => $"{i.Namespace}:{i.Value}"));

        // July: the shop's clock shows summer time.
        Assert.Equal(60, refund.OccurredAt.UtcOffsetMinutes);
        Assert.Equal(new DateTimeOffset(2010, 7, 1, 8, 41, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000, refund.OccurredAt.UnixMicros);
    }

    private static string RealFile()
    {
        var path = Repository.Data(Path.Combine("online_retail", "online_retail_2010-12.csv"));
        if (!File.Exists(path))
            Assert.Skip($"The public data is not there: {path}. Set CDP_DATA to the folder that holds online_retail/.");
        return path;
    }
}
