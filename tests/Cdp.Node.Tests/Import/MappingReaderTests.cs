using System.Text;
using Cdp.Node.Import.Mapping;

namespace Cdp.Node.Tests.Import;

public sealed class MappingReaderTests
{
    private const string Identifiers = """ "identifiers": [{ "namespace": "user_id", "column": "user" }] """;

    [Theory]
    [InlineData("""{ "format": "csv" }""", "$.event: is missing; describe the event that a line becomes.")]
    [InlineData("""{ "format": "xml", "event": {} }""", "$.format: \"xml\" is not valid. Known are: csv, jsonl.")]
    [InlineData("""{ "format": "csv", "groupBy": {} }""", "$.groupBy: is not a key that is known here. Did you mean \"group_by\"?")]
    [InlineData("""{ "format": "csv", "time_zone": "London", "event": {} }""", "$.time_zone: \"London\" is not known on this machine; write an IANA name, e.g. \"Europe/London\" or \"Etc/UTC\".")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", IDS, "chanel": "web" } }""", "$.event.chanel: is not a key that is known here. Did you mean \"channel\"?")]
    [InlineData("""{ "format": "csv", "event": { IDS } }""", "$.event.type: is missing; name the event's type, e.g. \"Order Completed\".")]
    [InlineData("""{ "format": "csv", "event": { "type": [{ "when": { "column": "a", "equals": "b" }, "then": "T" }], IDS } }""", "$.event.type: has no rule for all other lines; end the list with {\"then\": …} without \"when\".")]
    [InlineData("""{ "format": "csv", "event": { "type": [{ "then": "T" }, { "then": "U" }], IDS } }""", "$.event.type[1]: is never reached: the rule before it has no \"when\" and always holds; move that one to the end.")]
    [InlineData("""{ "format": "csv", "event": { "type": [{ "when": { "column": "a", "starts_wit": "b" }, "then": "T" }, { "then": "U" }], IDS } }""", "$.event.type[0].when.starts_wit: is not a key that is known here. Did you mean \"starts_with\"?")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", "identifiers": [{ "namespace": "User Id", "column": "user" }] } }""", "$.event.identifiers[0].namespace: \"User Id\" is not valid; write 1 to 64 of a-z, 0-9, _, . and -.")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", "identifiers": [{ "namespace": "a", "column": "b", "optional": true }] } }""", "$.event.fallback_identifier: is missing while every identifier is optional or a reference, so a line could be nobody's; add one, or make an identifier not optional.")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", IDS, "properties": { "v": { "column": "a", "type": "money" } } } }""", "$.event.properties.v: is an amount without a currency; add \"currency\" or \"currency_column\" here, or \"currency\" at the top.")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", IDS, "properties": { "the v": { "column": "a", "type": "number" } } } }""", "$.event.properties[\"the v\"].type: \"number\" is not valid. Known are: string, int, decimal, money, bool, timestamp.")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", IDS, "items": { "fields": { "sku": { "column": "a" } }, "trim": ["name"] } } }""", "$.event.items.trim[0]: \"name\" is not a field of the items. Known are: sku.")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", IDS, "outcome": { "column": "d", "action": "a" } } }""", "$.event.outcome.kind: is missing; write what became of it, e.g. \"accepted\", or name the column.")]
    [InlineData("""{ "format": "csv", "event": { "type": "T", IDS, "outcome": { "column": "d", "action": "a", "kind": "shown", "value": { "column": "v" } } } }""", "$.event.outcome.value: is no amount; set \"type\" to \"money\".")]
    [InlineData("""{ "format": "jsonl", "delimiter": ";", "event": { "type": "T", IDS } }""", "$.delimiter: belongs to format \"csv\"; leave it out.")]
    [InlineData("""{ "format": "csv" "event": 1 }""", "$: is not valid JSON at line 1, column 19; check commas, quotes and brackets there.")]
    public void An_error_names_its_place_and_the_remedy(string mapping, string expected)
    {
        var text = mapping.Replace("IDS", Identifiers, StringComparison.Ordinal);
        var error = Assert.Throws<MappingException>(() => MappingReader.Read(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public async Task A_column_that_the_file_lacks_is_named_with_the_nearest_one()
    {
        using var run = new ImportRun();
        var error = await Assert.ThrowsAsync<MappingException>(() => run.TextAsync(
            """{ "format": "csv", "event": { "type": "T", "identifiers": [{ "namespace": "user_id", "column": "CustomerId" }] } }""",
            "Customer ID,Country\n1,x\n"));
        Assert.Equal("$.event.identifiers[0].column: the file has no column \"CustomerId\". Did you mean \"Customer ID\"?", error.Message);
    }

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_allowed()
    {
        var mapping = MappingReader.Read(Encoding.UTF8.GetBytes("\uFEFF// one\n{ \"format\": \"csv\", /* two */ \"event\": { \"type\": \"T\", " + Identifiers + ", }, }"));
        Assert.Equal("T", mapping.Event.Type.Rules[0].Then.Constant);
        Assert.Equal(",", mapping.Delimiter);
    }
}
