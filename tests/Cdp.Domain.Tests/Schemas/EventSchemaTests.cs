using Cdp.Domain.Schemas;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Tests.Schemas;

/// <summary>What each keyword asks of events' properties, and how a schema that is wrong is refused.</summary>
public sealed class EventSchemaTests
{
    public static TheoryData<string, string, string> Breaches => new()
    {
        // schema, value of the property "p" (absent: ""), the violation as PATH KEYWORD (none: "")
        { """{"required": ["p"]}""", "", "properties.p required" },
        { """{"required": ["p"]}""", "null", "" },
        { """{"properties": {"p": {"type": "string"}}}""", "1", "properties.p type" },
        { """{"properties": {"p": {"type": ["string", "null"]}}}""", "null", "" },
        { """{"properties": {"p": {"type": "integer"}}}""", "1.0", "" },
        { """{"properties": {"p": {"type": "integer"}}}""", "1.5", "properties.p type" },
        { """{"properties": {"p": {"type": "number"}}}""", "7", "" },
        { """{"properties": {"p": {"minimum": 0.1}}}""", "0.1", "" },
        { """{"properties": {"p": {"minimum": 0.1}}}""", "0.09", "properties.p minimum" },
        { """{"properties": {"p": {"exclusiveMinimum": 0}}}""", "0", "properties.p exclusiveMinimum" },
        { """{"properties": {"p": {"maximum": 10}}}""", "10.000000001", "properties.p maximum" },
        { """{"properties": {"p": {"exclusiveMaximum": 10}}}""", "10", "properties.p exclusiveMaximum" },
        { """{"properties": {"p": {"multipleOf": 0.01}}}""", "19.99", "" },
        { """{"properties": {"p": {"multipleOf": 0.01}}}""", "19.995", "properties.p multipleOf" },
        { """{"properties": {"p": {"minLength": 2, "maxLength": 3}}}""", "\"a\"", "properties.p minLength" },
        { """{"properties": {"p": {"maxLength": 1}}}""", "\"😀\"", "" },
        { """{"properties": {"p": {"maxLength": 1}}}""", "12345", "" },
        { """{"properties": {"p": {"pattern": "^[A-Z]{2}-"}}}""", "\"DE-1\"", "" },
        { """{"properties": {"p": {"pattern": "^[A-Z]{2}-"}}}""", "\"D-1\"", "properties.p pattern" },
        { """{"properties": {"p": {"format": "email"}}}""", "\"ann@example.org\"", "" },
        { """{"properties": {"p": {"format": "email"}}}""", "\"ann at example\"", "properties.p format" },
        { """{"properties": {"p": {"format": "date"}}}""", "\"2026-02-30\"", "properties.p format" },
        { """{"properties": {"p": {"format": "date-time"}}}""", "\"2026-02-28T12:00:00.5+01:00\"", "" },
        { """{"properties": {"p": {"format": "date-time"}}}""", "\"2026-02-28T12:00:00\"", "properties.p format" },
        { """{"properties": {"p": {"format": "uri"}}}""", "\"https://shop.example/x\"", "" },
        { """{"properties": {"p": {"format": "uri"}}}""", "\"/x\"", "properties.p format" },
        { """{"properties": {"p": {"format": "uuid"}}}""", "\"7d2f6a0e-0000-4000-8000-000000000000\"", "" },
        { """{"properties": {"p": {"enum": ["a", 1, null]}}}""", "1.0", "" },
        { """{"properties": {"p": {"enum": ["a", 1, null]}}}""", "\"1\"", "properties.p enum" },
        { """{"properties": {"p": {"const": {"a": [1, true]}}}}""", """{"a": [1.0, true]}""", "" },
        { """{"properties": {"p": {"const": {"a": [1, true]}}}}""", """{"a": [1, false]}""", "properties.p enum" },
        { """{"properties": {"p": {"enum": [1, 2], "const": 1}}}""", "2", "properties.p enum" },
        { """{"properties": {"p": {"const": 1, "enum": [1, 2]}}}""", "2", "properties.p enum" },
        { """{"properties": {"p": {"items": {"required": ["sku"]}}}}""", """[{"sku": "1"}, {}]""", "properties.p[].sku required" },
        { """{"properties": {"p": {"minItems": 1}}}""", "[]", "properties.p minItems" },
        { """{"properties": {"p": {"maxItems": 1}}}""", "[1, 2]", "properties.p maxItems" },
        { """{"properties": {"p": {"uniqueItems": true}}}""", "[1, 1.0]", "properties.p uniqueItems" },
        { """{"additionalProperties": false}""", "1", "properties additionalProperties" },
        { """{"additionalProperties": {"type": "string"}}""", "1", "properties.* type" },
        { """{"maxProperties": 0}""", "1", "properties maxProperties" },
        { """{"minProperties": 1}""", "", "properties minProperties" },
        { """{"properties": {"p": {"anyOf": [{"type": "string"}, {"minimum": 3}]}}}""", "2", "properties.p anyOf" },
        { """{"properties": {"p": {"oneOf": [{"type": "number"}, {"minimum": 3}]}}}""", "4", "properties.p oneOf" },
        { """{"properties": {"p": {"allOf": [{"type": "number"}, {"minimum": 3}]}}}""", "2", "properties.p minimum" },
        { """{"properties": {"p": {"not": {"type": "string"}}}}""", "\"x\"", "properties.p not" },
        { """{"properties": {"p": false}}""", "1", "properties.p false" },
        { """{"properties": {"p": true}, "title": "t", "description": "d", "$schema": "s"}""", "1", "" },
    };

    [Theory]
    [MemberData(nameof(Breaches))]
    public void Each_keyword_asks_what_JSON_Schema_says(string schema, string value, string expected) =>
        Assert.Equal(expected, string.Join(' ', Parse(schema).Check(Of(value)).Select(v => $"{v.Path} {v.Keyword}")));

    [Fact]
    public void Money_is_an_object_and_a_moment_a_text()
    {
        var schema = Parse("""
            {"properties": {
              "total": {"type": "object", "properties": {"amount": {"type": "number", "minimum": 1}, "currency_code": {"enum": ["EUR"]}}},
              "at": {"type": "string", "format": "date-time", "pattern": "^2026-11-29T12:00:00"}}}
            """);
        Assert.Empty(schema.Check(new MapField<string, Value>
        {
            ["total"] = new Value { MoneyValue = new Money { Amount = "1.50", CurrencyCode = "EUR" } }, ["at"] = new Value { TimestampValue = new Timestamp { UnixMicros = 1_795_953_600_500_000 } },
        }));
        Assert.Equal(["properties.total.amount", "properties.total.currency_code"], schema.Check(new MapField<string, Value> { ["total"] = new Value { MoneyValue = new Money { Amount = "0.50", CurrencyCode = "USD" } } }).Select(v => v.Path));
    }

    [Fact]
    public void What_is_told_holds_no_value_and_no_name_that_the_schema_does_not_have()
    {
        var schema = Parse("""{"additionalProperties": false, "properties": {"card": {"maxLength": 3, "enum": ["x"], "format": "email", "pattern": "^x$"}}}""");
        var told = string.Join('\n', schema.Check(new MapField<string, Value> { ["ann@example.org"] = new Value { IntValue = 1 }, ["card"] = new Value { StringValue = "4111111111111111" } }));
        Assert.DoesNotContain("ann", told, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", told, StringComparison.Ordinal);
        Assert.Contains("maxLength", told, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_violations_are_told()
    {
        var schema = Parse("""{"properties": {"p": {"items": {"type": "string"}}}}""");
        Assert.Equal(EventSchema.MaxViolations, schema.Check(Of($"[{string.Join(",", Enumerable.Range(0, 100))}]")).Count);
    }

    [Theory]
    [InlineData("[]", "")]
    [InlineData("{", "")]
    [InlineData("""{"properties": {"a/b": {"type": "text"}}}""", "/properties/a~1b/type")]
    [InlineData("""{"allOf": [{}, {"minimum": "1"}]}""", "/allOf/1/minimum")]
    [InlineData("""{"allOf": []}""", "/allOf")]
    [InlineData("""{"$ref": "https://example.org"}""", "/$ref")]
    [InlineData("""{"pattern": "(?=a)"}""", "/pattern")]
    [InlineData("""{"pattern": "("}""", "/pattern")]
    [InlineData("""{"format": "hostname"}""", "/format")]
    [InlineData("""{"multipleOf": 0}""", "/multipleOf")]
    [InlineData("""{"minLength": -1}""", "/minLength")]
    [InlineData("""{"required": "p"}""", "/required")]
    [InlineData("""{"required": [1]}""", "/required")]
    [InlineData("""{"uniqueItems": 1}""", "/uniqueItems")]
    [InlineData("""{"properties": {"p": 1}}""", "/properties/p")]
    [InlineData("""{"type": "string", "type": "null"}""", "/type")]
    public void A_schema_that_is_wrong_is_refused_and_says_where(string text, string pointer)
    {
        Assert.Null(EventSchema.Parse(text, out var error));
        Assert.Equal(pointer, error!.Pointer);
        Assert.NotEmpty(error.Message);
    }

    [Fact]
    public void A_schema_has_bounds()
    {
        string deep = string.Concat(Enumerable.Repeat("""{"items": """, 20)) + "{}" + new string('}', 20);
        Assert.Null(EventSchema.Parse(deep, out var error));
        Assert.Contains("deep", error!.Message, StringComparison.Ordinal);
        Assert.Null(EventSchema.Parse($$"""{"anyOf": [{{string.Join(",", Enumerable.Repeat("{}", 1_000))}}]}""", out error));
        Assert.Contains("1000", error!.Message, StringComparison.Ordinal);
        Assert.Null(EventSchema.Parse($$"""{"title": "{{new string('t', EventSchema.MaxBytes)}}"}""", out error));
        Assert.Contains("bytes", error!.Message, StringComparison.Ordinal);
    }

    private static EventSchema Parse(string text) => EventSchema.Parse(text, out var error) ?? throw new ArgumentException(error!.Message, nameof(text));

    private static MapField<string, Value> Of(string json) => json.Length == 0 ? [] : new MapField<string, Value> { ["p"] = JsonValues.Of(json) };
}
