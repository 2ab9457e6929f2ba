using System.Globalization;
using System.Text;
using Cdp.Domain.Events;
using Cdp.Node.Import;
using Cdp.V1;

namespace Cdp.Node.Tests.Import;

public sealed class AccountingTests
{
    private const string Mapping = """
        { "format": "csv", "time_zone": "Europe/London", "event": { "type": "Bought",
          "occurred_at": { "column": "at" },
          "identifiers": [{ "namespace": "user_id", "column": "user" }],
          "properties": { "amount": { "column": "amount", "type": "money", "currency_column": "currency" },
                          "count": { "column": "count", "type": "int" }, "new": { "column": "new", "type": "bool" } } } }
        """;

    [Fact]
    public async Task Every_line_is_accepted_or_rejected_for_a_reason()
    {
        const string Csv = """
            user,at,amount,currency,count,new
            a,2020-01-01,1.50,EUR,3,yes
            ,2020-01-01,1.50,EUR,3,yes
            b,yesterday,1.50,EUR,3,yes
            b,2020-01-01,"1,50",EUR,3,yes
            b,2020-01-01,1.50,Euro,3,yes
            b,2020-01-01,1.50,EUR,3.5,yes
            b,2020-01-01,1.50,EUR,3,maybe
            b,2020-01-01,1.50,EUR,3
            b,2020-01-01,1.50,EUR,3,yes,more
            b,2020-01-01,0.0000000001,EUR,3,yes
            c,2020-01-01,,EUR,,
            """;
        using var run = new ImportRun();
        var summary = await run.TextAsync(Mapping, Csv);
        Assert.Equal(
            [
                "3 EMPTY_CELL user", "4 BAD_TIME at", "5 BAD_NUMBER amount", "6 BAD_CURRENCY currency", "7 BAD_NUMBER count", "8 BAD_BOOL new",
                "9 CELL_COUNT", "10 CELL_COUNT", "11 BAD_NUMBER amount",
            ],
            run.Rejects);
        Assert.Equal((11, 2, 9), (summary.Counters.Lines, summary.Counters.LinesAccepted, summary.Counters.LinesRejected));
        Assert.Equal(9, summary.Counters.RejectedByReason.Values.Sum());
        Assert.Empty(run.Api.Events.Single(e => e.Identifiers[0].Value == "c").Properties);
    }

    [Fact]
    public async Task What_the_server_refuses_is_named_with_its_line_and_reason()
    {
        using var run = new ImportRun { Options = new ImportOptions { RejectsPath = "", BatchSize = 2 } };
        run.Api.Judge = e => e.Identifiers[0].Value == "b"
            ? new RefusedEvent { Reason = "IDENTIFIER_BLOCKED", Field = "identifiers[0].value", Message = "Nobody is called b." }
            : null;
        var summary = await run.TextAsync(Mapping, "user,at,amount,currency,count,new\na,2020-01-01,,,,\nb,2020-01-01,,,,\nbad,x,,,,\nb,2020-01-02,,,,\nc,2020-01-01,,,,\n");
        Assert.Equal(["3 IDENTIFIER_BLOCKED identifiers[0].value", "4 BAD_TIME at", "5 IDENTIFIER_BLOCKED identifiers[0].value"], run.Rejects);
        Assert.Equal((2, 2, 3), (summary.Counters.EventsAccepted, summary.Counters.EventsRefused, summary.Counters.LinesRejected));
        var rows = SimpleCsv.Read(await File.ReadAllTextAsync(run.RejectsPath, TestContext.Current.CancellationToken));
        Assert.Equal(["3", "IDENTIFIER_BLOCKED", "identifiers[0].value", "Nobody is called b.", "b,2020-01-01,,,,"], rows[1]);
    }

    [Fact]
    public async Task A_quote_that_is_never_closed_is_named_with_its_lines()
    {
        using var run = new ImportRun();
        await run.TextAsync(Mapping, "user,at,amount,currency,count,new\na,2020-01-01,,,,\n\"b,2020-01-01,,,,\nc,2020-01-01,,,,\n");
        Assert.Equal(["3 CELL_COUNT"], run.Rejects);
        Assert.Contains("It spans the lines 3 to 4", await File.ReadAllTextAsync(run.RejectsPath, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_too_large_loses_item_fields_before_it_is_rejected()
    {
        const string Grouped = """
            { "format": "csv", "group_by": { "columns": ["order"] }, "event": { "type": "Order Completed",
              "identifiers": [{ "namespace": "user_id", "column": "order" }],
              "items": { "fields": { "product_id": { "column": "product" }, "name": { "column": "name" } }, "trim": ["name"] } } }
            """;
        var csv = new StringBuilder("order,product,name\n");
        var name = new string('n', 300);
        for (var i = 0; i < 1_000; i++)
            csv.Append(CultureInfo.InvariantCulture, $"a,{i},{name}\n");
        for (var i = 0; i < 1_000; i++)
            csv.Append(CultureInfo.InvariantCulture, $"b,{name}{i},\n");
        using var run = new ImportRun();
        var summary = await run.TextAsync(Grouped, csv.ToString());
        var trimmed = Assert.Single(run.Api.Events);
        Assert.Equal(1_000, trimmed.Properties["items"].ListValue.Values.Count);
        Assert.All(trimmed.Properties["items"].ListValue.Values, item => Assert.Equal(["product_id"], item.MapValue.Fields.Keys));
        Assert.InRange(trimmed.CalculateSize(), 1, EventLimits.MaxEventBytes);
        Assert.Equal(1, summary.Counters.EventsTrimmed);
        Assert.Equal(1_000, summary.Counters.RejectedByReason[Rejection.TooLarge]);
    }

    [Fact]
    public async Task Batches_keep_the_limit_of_bytes()
    {
        const string Wide = """
            { "format": "csv", "event": { "type": "Seen", "identifiers": [{ "namespace": "user_id", "column": "user" }],
              "properties": { "text": { "column": "text" } } } }
            """;
        var csv = new StringBuilder("user,text\n");
        var text = new string('t', 100_000);
        for (var i = 0; i < 100; i++)
            csv.Append(CultureInfo.InvariantCulture, $"u{i},{text}\n");
        using var run = new ImportRun();

        // The server in memory refuses a call above 4 MB.
        var summary = await run.TextAsync(Wide, csv.ToString());
        Assert.Equal(100, summary.Counters.EventsAccepted);
        Assert.Equal(3, run.Api.Calls);
    }

    [Fact]
    public async Task Json_lines_are_read_by_paths_and_rejected_when_unreadable()
    {
        const string Json = """
            { "format": "jsonl", "event": { "type": { "column": "event" }, "occurred_at": { "column": "time", "format": "unix_millis" },
              "identifiers": [{ "namespace": "email", "column": "user.email" }], "properties": { "total": { "column": "cart.total", "type": "decimal" } } } }
            """;
        const string Lines = """
            {"event":"Order Completed","time":1577836800000,"user":{"email":"ann@example.org"},"cart":{"total":19.90}}
            {"event":"Order Completed","time":1577836800000,
            [1]

            {"event":"Order Completed","time":1577836800000,"user":{"email":null}}
            """;
        using var run = new ImportRun();
        await run.TextAsync(Json, Lines);
        var e = Assert.Single(run.Api.Events);
        Assert.Equal("19.9", e.Properties["total"].DecimalValue);
        Assert.Equal(1_577_836_800_000_000, e.OccurredAt.UnixMicros);
        Assert.Equal(["2 UNREADABLE_LINE", "3 UNREADABLE_LINE", "5 EMPTY_CELL user.email"], run.Rejects);
    }
}
