using Cdp.Node.Import;

namespace Cdp.Node.Tests.Import;

public sealed class EventIdTests
{
    private const string PerLine = """
        { "format": "csv", "event": { "type": "Seen", "identifiers": [{ "namespace": "user_id", "column": "user" }],
          "properties": { "page": { "column": "page" } } } }
        """;

    private const string ById = """
        { "format": "csv", "event": { "type": "Seen", "id": { "columns": ["id"] }, "identifiers": [{ "namespace": "user_id", "column": "user" }],
          "properties": { "page": { "column": "page" } } } }
        """;

    private const string Grouped = """
        { "format": "csv", "group_by": { "columns": ["id"], "within": "WITHIN" },
          "event": { "type": "Seen", "identifiers": [{ "namespace": "user_id", "column": "user" }],
          "items": { "fields": { "page": { "column": "page" } } } } }
        """;

    [Fact]
    public async Task Exact_repeats_of_a_line_are_events_of_their_own()
    {
        using var run = new ImportRun();
        var summary = await run.TextAsync(PerLine, "user,page\na,1\na,2\na,1\na,1\n");
        Assert.Equal(4, summary.Counters.LinesAccepted);
        Assert.Equal(4, run.Api.Ids.Count);
        Assert.Equal([1, 1, 2, 3], run.Api.Ids.Select(id => id[^1] - '0').Order());
    }

    [Fact]
    public async Task Ids_do_not_depend_on_quoting_line_ends_or_the_byte_order_mark()
    {
        using var plain = new ImportRun();
        using var dressed = new ImportRun();
        await plain.TextAsync(PerLine, "user,page\na,1\na,1\nb,2\n");
        await dressed.TextAsync(PerLine, "\uFEFF user , page \r\n\"a\",1\r\na,\"1\"\r\n\r\nb,2");
        Assert.Equal(plain.Api.Ids, dressed.Api.Ids);
        Assert.Equal(3, plain.Api.Ids.Count);
    }

    [Fact]
    public async Task Ids_of_mapped_columns_tell_duplicates_from_clashes()
    {
        using var run = new ImportRun();
        var summary = await run.TextAsync(ById, "id,user,page\n1,a,x\n1,a,x\n1,a,y\n,a,z\n2,b,x\n");
        Assert.Equal(["1", "2"], run.Api.Ids);
        Assert.Equal(2, summary.Counters.LinesAccepted);
        Assert.Equal(1, summary.Counters.LinesDuplicate);
        Assert.Equal(["4 ID_REUSED id", "5 EMPTY_CELL id"], run.Rejects);
    }

    [Theory]
    [InlineData("consecutive", 4)]
    [InlineData("file", 3)]
    public async Task Groups_are_looked_for_where_the_mapping_says(string within, int events)
    {
        using var run = new ImportRun();
        var mapping = Grouped.Replace("WITHIN", within, StringComparison.Ordinal);
        var summary = await run.TextAsync(mapping, "id,user,page\n1,a,x\n1,a,y\n2,b,x\n1,a,x\n3,c,x\n");
        Assert.Equal(5, summary.Counters.LinesAccepted);
        Assert.Equal(events, run.Api.Events.Count);
        Assert.Equal(5, run.Api.Events.Sum(e => e.Properties["items"].ListValue.Values.Count));
        Assert.All(run.Api.Ids, id => Assert.Matches("^[123]-[0-9a-f]{32}-1$", id));
    }

    [Fact]
    public async Task Two_groups_with_one_key_and_equal_lines_are_two_events()
    {
        using var run = new ImportRun();
        await run.TextAsync(Grouped.Replace("WITHIN", "consecutive", StringComparison.Ordinal), "id,user,page\n1,a,x\n2,b,x\n1,a,x\n");
        Assert.Equal(["1", "1", "2"], run.Api.Events.Select(e => e.Id.Split('-')[0]).Order(StringComparer.Ordinal));
        Assert.Equal(["1", "1", "2"], run.Api.Events.Select(e => e.Id.Split('-')[2]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_group_whose_lines_name_two_customers_is_rejected_with_all_its_lines()
    {
        using var run = new ImportRun();
        var summary = await run.TextAsync(Grouped.Replace("WITHIN", "consecutive", StringComparison.Ordinal), "id,user,page\n1,a,x\n1,b,y\n2,c,x\n");
        Assert.Single(run.Api.Events);
        Assert.Equal(2, summary.Counters.RejectedByReason[Rejection.GroupDisagrees]);
        Assert.Equal(["2 GROUP_DISAGREES user", "3 GROUP_DISAGREES user"], run.Rejects);
    }

    [Fact]
    public async Task More_lines_than_may_be_held_stop_the_import_with_the_remedy()
    {
        using var run = new ImportRun();
        const string Mapping = """
            { "format": "csv", "group_by": { "columns": ["id"], "within": "file", "max_lines": 2 },
              "event": { "type": "Seen", "identifiers": [{ "namespace": "user_id", "column": "user" }] } }
            """;
        var failure = await Assert.ThrowsAsync<ImportException>(() => run.TextAsync(Mapping, "id,user\n1,a\n2,b\n3,c\n"));
        Assert.Contains("$.group_by.max_lines", failure.Message, StringComparison.Ordinal);
        Assert.Empty(run.Api.Events);
    }
}
