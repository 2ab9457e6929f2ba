using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Schemas;

/// <summary>A schema or one within it. What is null or zero says nothing.</summary>
internal sealed class SchemaNode
{
    /// <summary>Set for the schema <c>false</c>, which nothing satisfies.</summary>
    public bool IsNever { get; init; }

    public JsonTypes Types { get; set; }

    public FrozenSet<string>? Enum { get; set; }

    public JsonNumber? Minimum { get; set; }

    public JsonNumber? Maximum { get; set; }

    public JsonNumber? ExclusiveMinimum { get; set; }

    public JsonNumber? ExclusiveMaximum { get; set; }

    public JsonNumber? MultipleOf { get; set; }

    public int? MinLength { get; set; }

    public int? MaxLength { get; set; }

    public Regex? Pattern { get; set; }

    public TextFormat? Format { get; set; }

    public int? MinItems { get; set; }

    public int? MaxItems { get; set; }

    public bool UniqueItems { get; set; }

    public SchemaNode? Items { get; set; }

    public int? MinProperties { get; set; }

    public int? MaxProperties { get; set; }

    public string[] Required { get; set; } = [];

    public FrozenDictionary<string, SchemaNode> Properties { get; set; } = FrozenDictionary<string, SchemaNode>.Empty;

    public SchemaNode? AdditionalProperties { get; set; }

    public SchemaNode[] AllOf { get; set; } = [];

    public SchemaNode[] AnyOf { get; set; } = [];

    public SchemaNode[] OneOf { get; set; } = [];

    public SchemaNode? Not { get; set; }

    /// <summary>Finds what a value breaks.</summary>
    public void Check(CheckedValue value, string path, Violations found)
    {
        if (found.IsFull) return;
        if (IsNever)
        {
            found.Add(path, "false", "No value is allowed here.");
            return;
        }

        if (Types != JsonTypes.None && (Types & value.Types) == JsonTypes.None) found.Add(path, "type", $"Must be of type {Named(Types)}.");
        if (Enum is not null && !Enum.Contains(value.Canonical())) found.Add(path, "enum", "Must be one of the values that the schema names.");
        if (value.Number is { } number) CheckNumber(number, path, found);
        if (value.Text is { } text) CheckText(text, value.IsTimestamp, path, found);
        if (value.List is { } list) CheckList(list, path, found);
        if (value.Fields is { } fields) CheckFields(fields, path, found);
        CheckCombined(value, path, found);
    }

    private void CheckNumber(JsonNumber number, string path, Violations found)
    {
        if (Minimum is { } least && number.Against(least) < 0) found.Add(path, "minimum", $"Must be {least} or more.");
        if (Maximum is { } most && number.Against(most) > 0) found.Add(path, "maximum", $"Must be {most} or less.");
        if (ExclusiveMinimum is { } above && number.Against(above) <= 0) found.Add(path, "exclusiveMinimum", $"Must be more than {above}.");
        if (ExclusiveMaximum is { } below && number.Against(below) >= 0) found.Add(path, "exclusiveMaximum", $"Must be less than {below}.");
        if (MultipleOf is { } unit && !number.IsMultipleOf(unit)) found.Add(path, "multipleOf", $"Must be a multiple of {unit}.");
    }

    private void CheckText(string text, bool isTimestamp, string path, Violations found)
    {
        if (MinLength is not null || MaxLength is not null)
        {
            var length = text.EnumerateRunes().Count();
            if (length < MinLength) found.Add(path, "minLength", Counted("Must have {0} characters or more.", MinLength));
            if (length > MaxLength) found.Add(path, "maxLength", Counted("Must have {0} characters or fewer.", MaxLength));
        }

        if (Pattern is not null && !Pattern.IsMatch(text)) found.Add(path, "pattern", $"Must match {Pattern}.");
        if (Format is { } format && !(isTimestamp && format == TextFormat.DateTime) && !TextFormats.IsMet(format, text))
            found.Add(path, "format", $"Must be written as {TextFormats.NameOf(format)}.");
    }

    private void CheckList(RepeatedField<Value> list, string path, Violations found)
    {
        if (list.Count < MinItems) found.Add(path, "minItems", Counted("Must have {0} items or more.", MinItems));
        if (list.Count > MaxItems) found.Add(path, "maxItems", Counted("Must have {0} items or fewer.", MaxItems));
        if (UniqueItems && list.Select(item => new CheckedValue(item).Canonical()).Distinct(StringComparer.Ordinal).Count() < list.Count)
            found.Add(path, "uniqueItems", "Must have no item twice.");
        if (Items is null) return;
        var within = $"{path}[]";
        foreach (var item in list) Items.Check(new CheckedValue(item), within, found);
    }

    private void CheckFields(MapField<string, Value> fields, string path, Violations found)
    {
        if (fields.Count < MinProperties) found.Add(path, "minProperties", Counted("Must have {0} properties or more.", MinProperties));
        if (fields.Count > MaxProperties) found.Add(path, "maxProperties", Counted("Must have {0} properties or fewer.", MaxProperties));
        foreach (var name in Required)
        {
            if (!fields.ContainsKey(name)) found.Add($"{path}.{name}", "required", "Is missing.");
        }

        foreach (var (name, schema) in Properties)
        {
            if (fields.TryGetValue(name, out var value)) schema.Check(new CheckedValue(value), $"{path}.{name}", found);
        }

        if (AdditionalProperties is null) return;
        foreach (var (name, value) in fields)
        {
            if (Properties.ContainsKey(name)) continue;

            // Its name may be anything, also what tells of a person.
            if (AdditionalProperties.IsNever) found.Add(path, "additionalProperties", "Has a property that the schema does not name.");
            else AdditionalProperties.Check(new CheckedValue(value), $"{path}.*", found);
        }
    }

    private void CheckCombined(CheckedValue value, string path, Violations found)
    {
        foreach (var schema in AllOf) schema.Check(value, path, found);
        if (AnyOf.Length > 0 && !Array.Exists(AnyOf, schema => schema.IsMet(value))) found.Add(path, "anyOf", "Must satisfy one of the schemas of anyOf.");
        if (OneOf.Length > 0 && OneOf.Count(schema => schema.IsMet(value)) != 1) found.Add(path, "oneOf", "Must satisfy exactly one of the schemas of oneOf.");
        if (Not?.IsMet(value) == true) found.Add(path, "not", "Must not satisfy the schema of not.");
    }

    private bool IsMet(CheckedValue value)
    {
        var found = new Violations(1);
        Check(value, string.Empty, found);
        return found.All.Count == 0;
    }

    private static string Named(JsonTypes types) => string.Join(" or ", System.Enum.GetValues<JsonTypes>().Where(type => type != JsonTypes.None && types.HasFlag(type)).Select(type => type.ToString().ToLowerInvariant()));

    private static string Counted(string message, int? count) => string.Format(CultureInfo.InvariantCulture, message, count);
}
