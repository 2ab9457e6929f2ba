using System.Text.Json;
using Cdp.Domain.Schemas;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.Collections;
using Json.Schema;

namespace Cdp.Domain.Tests.Schemas;

/// <summary>Random schemas and values, judged as another implementation of JSON Schema judges them.</summary>
public sealed class SchemaOracleTests
{
    private static readonly string[] Names = ["a", "b", "c"];
    private static readonly string[] Texts = ["\"\"", "\"a\"", "\"ab\"", "\"abc\"", "\"2026-11-29\"", "\"😀\""];
    private static readonly string[] Numbers = ["0", "1", "2", "-1", "1.5", "2.0", "0.30", "100", "1e2"];

    private static readonly Gen<string> Scalars = Gen.OneOf(Gen.Elements(Texts), Gen.Elements(Numbers), Gen.Elements("null", "true", "false"));

    private static readonly Arbitrary<(string Schema, string Value)> Cases = Arb.From(
        from depth in Gen.Choose(0, 3)
        from schema in Schemas(depth)
        from value in Objects(depth)
        select (schema, value));

    [Fact]
    public void Both_find_the_same_right_and_the_same_wrong()
    {
        var (right, wrong) = (0, 0);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3_000).WithEndSize(30), Prop.ForAll(Cases, sample =>
        {
            var schema = EventSchema.Parse(sample.Schema, out var error);
            Assert.True(schema is not null, $"{sample.Schema}: {error?.Message}");
            var properties = new MapField<string, Value>();
            properties.Add(JsonValues.Of(sample.Value).MapValue.Fields.ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal));
            bool ours = schema.Check(properties).Count == 0;
            using var value = JsonDocument.Parse(sample.Value);
            bool theirs = JsonSchema.FromText(sample.Schema).Evaluate(value.RootElement, new EvaluationOptions { RequireFormatValidation = true }).IsValid;
            Assert.True(ours == theirs, $"schema {sample.Schema}, value {sample.Value}: {(ours ? "right" : "wrong")} for us");
            if (ours) right++;
            else wrong++;
        }));
        Assert.True(right > 300 && wrong > 300, $"{right} right, {wrong} wrong: too few of one to show anything");
    }

    private static Gen<string> Objects(int depth) =>
        from names in Gen.SubListOf(Names)
        from values in Gen.ArrayOf(Values(depth), names.Count)
        select $"{{{string.Join(",", names.Select((name, i) => $"\"{name}\":{values[i]}"))}}}";

    private static Gen<string> Values(int depth) => depth == 0
        ? Scalars
        : Gen.Frequency(
            (3, Scalars),
            (1, Gen.ArrayOf(Values(depth - 1)).Select(items => $"[{string.Join(",", items.Take(4))}]")),
            (1, Objects(depth - 1)));

    private static Gen<string> Schemas(int depth) =>
        from keywords in Gen.ListOf(Keywords(depth))
        select $"{{{string.Join(",", keywords.Take(4).DistinctBy(k => k.Name).Select(k => $"\"{k.Name}\":{k.Value}"))}}}";

    private static Gen<(string Name, string Value)> Keywords(int depth)
    {
        var counts = Gen.Choose(0, 3).Select(count => $"{count}");
        var flat = Gen.OneOf(
            Named("type", Gen.Elements("null", "boolean", "number", "integer", "string", "array", "object").Select(type => $"\"{type}\"")),
            Named("type", Gen.SubListOf("null", "integer", "string", "array", "object").Where(types => types.Count > 0).Select(types => JsonSerializer.Serialize(types))),
            Named("enum", Gen.NonEmptyListOf(Scalars).Select(values => $"[{string.Join(",", values.Distinct(StringComparer.Ordinal))}]")),
            Named("const", Scalars),
            Gen.Elements("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum").SelectMany(name => Named(name, Gen.Elements(Numbers))),
            Named("multipleOf", Gen.Elements("1", "2", "0.5", "0.1")),
            Gen.Elements("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties").SelectMany(name => Named(name, counts)),
            Named("pattern", Gen.Elements("\"^a\"", "\"b$\"", "\"^[a-c]{2}\"", "\"[0-9]{4}\"")),
            Named("format", Gen.Elements("\"date\"", "\"email\"")),
            Named("uniqueItems", Gen.Elements("true", "false")),
            Named("required", Gen.SubListOf(Names).Select(names => JsonSerializer.Serialize(names))));
        if (depth == 0) return flat;
        var schema = Gen.Frequency((6, Schemas(depth - 1)), (1, Gen.Elements("true", "false")));
        var some = Gen.NonEmptyListOf(schema).Select(schemas => $"[{string.Join(",", schemas.Take(3))}]");
        return Gen.Frequency(
            (3, flat),
            (4, Named("properties", from names in Gen.SubListOf(Names) from schemas in Gen.ArrayOf(schema, names.Count) select $"{{{string.Join(",", names.Select((name, i) => $"\"{name}\":{schemas[i]}"))}}}")),
            (1, Gen.Elements("items", "additionalProperties", "not").SelectMany(name => Named(name, schema))),
            (1, Gen.Elements("allOf", "anyOf", "oneOf").SelectMany(name => Named(name, some))));
    }

    private static Gen<(string Name, string Value)> Named(string name, Gen<string> values) => values.Select(value => (name, value));
}
