using System.Text.Json;

namespace Cdp.Node.Import.Mapping;

/// <summary>Reads the parts of a mapping that say where one value comes from.</summary>
internal sealed class FieldReader
{
    private readonly TimeZoneInfo _zone;
    private readonly string? _currency;

    public FieldReader(TimeZoneInfo zone, string? currency)
    {
        _zone = zone;
        _currency = currency;
    }

    public List<FieldMapping> Fields(JsonElement? element, string path, bool perLine)
    {
        var fields = new List<FieldMapping>();
        if (element is not { } map)
            return fields;
        if (map.ValueKind != JsonValueKind.Object)
            throw new MappingException(path, $"is {JsonObjectReader.Describe(map)}; write an object: name → where its value comes from.");
        foreach (var property in map.EnumerateObject())
            fields.Add(Field(property.Name, property.Value, JsonObjectReader.Child(path, property.Name), perLine));
        return fields;
    }

    public TimeCell Time(JsonElement element, string path)
    {
        var time = new JsonObjectReader(element, path, "column", "format", "time_zone");
        return Time(time);
    }

    public static IdentifierMapping Identifier(JsonElement element, string path)
    {
        var identifier = new JsonObjectReader(element, path, "namespace", "column", "prefix", "optional", "reference");
        var ns = identifier.RequiredText("namespace", "name the kind of identifier, e.g. \"customer_id\".");
        if (ns.Length > 64 || !ns.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.' or '-'))
            throw new MappingException(identifier.At("namespace"), $"\"{ns}\" is not valid; write 1 to 64 of a-z, 0-9, _, . and -.");
        return new IdentifierMapping(
            ns,
            identifier.RequiredText("column", "name the column that holds it."),
            identifier.Text("prefix") ?? "",
            identifier.Flag("optional", false),
            identifier.Flag("reference", false));
    }

    /// <summary>Reads a text, a column, or a list of rules.</summary>
    public static Choice Choice(JsonElement element, string path, bool mustMatch)
    {
        if (element.ValueKind != JsonValueKind.Array)
            return new Choice([new ChoiceRule(null, Text(element, path))]);
        var rules = new List<ChoiceRule>();
        foreach (var item in element.EnumerateArray())
        {
            var at = JsonObjectReader.Index(path, rules.Count);
            if (rules.Count > 0 && rules[^1].When is null)
                throw new MappingException(at, "is never reached: the rule before it has no \"when\" and always holds; move that one to the end.");
            var rule = new JsonObjectReader(item, at, "when", "then");
            rules.Add(new ChoiceRule(
                rule.Optional("when") is { } when ? Condition(when, rule.At("when")) : null,
                Text(rule.Required("then", "write the text that this rule gives."), rule.At("then"))));
        }

        if (rules.Count == 0)
            throw new MappingException(path, "is an empty list; write a text or at least one rule.");
        if (mustMatch && rules[^1].When is not null)
            throw new MappingException(path, "has no rule for all other lines; end the list with {\"then\": …} without \"when\".");
        return new Choice(rules);
    }

    public static Condition Condition(JsonElement element, string path)
    {
        string[] tests = ["equals", "starts_with", "one_of", "empty"];
        var condition = new JsonObjectReader(element, path, ["column", .. tests]);
        if (tests.Count(condition.Has) != 1)
            throw new MappingException(path, $"needs exactly one test: {string.Join(", ", tests)}.");
        return new Condition(condition.RequiredText("column", "name the column that is tested."))
        {
            EqualTo = condition.Text("equals"),
            StartsWith = condition.Text("starts_with"),
            OneOf = condition.Texts("one_of"),
            Empty = condition.Has("empty") ? condition.Flag("empty", true) : null,
        };
    }

    public static TimeZoneInfo Zone(JsonObjectReader parent, TimeZoneInfo otherwise)
    {
        if (parent.Text("time_zone") is not { } name)
            return otherwise;
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : throw new MappingException(parent.At("time_zone"), $"\"{name}\" is not known on this machine; write an IANA name, e.g. \"Europe/London\" or \"Etc/UTC\".");
    }

    public static void CheckCurrency(string code, string path)
    {
        if (code.Length != 3 || !code.All(char.IsAsciiLetterUpper))
            throw new MappingException(path, $"\"{code}\" is not a currency; write its ISO 4217 code, e.g. \"GBP\".");
    }

    /// <summary>Reads where one value comes from.</summary>
    public FieldMapping Field(string name, JsonElement element, string path, bool perLine)
    {
        string[] sources = ["column", "constant", "sum_of"];
        var field = new JsonObjectReader(
            element, path, [.. sources, "type", "currency", "currency_column", "negate_when", "format", "time_zone", "required"]);
        if (sources.Count(field.Has) != 1)
            throw new MappingException(path, "needs exactly one of column, constant and sum_of.");
        if (field.Has("sum_of") && perLine)
            throw new MappingException(field.At("sum_of"), "sums over the lines of a group and has no meaning inside an item; put it under properties.");
        var type = field.OneOf(
            "type", field.Has("sum_of") ? CellType.Decimal : CellType.String, ("string", CellType.String), ("int", CellType.Int),
            ("decimal", CellType.Decimal), ("money", CellType.Money), ("bool", CellType.Bool), ("timestamp", CellType.Timestamp));
        var isNumber = type is CellType.Int or CellType.Decimal or CellType.Money;
        if (field.Has("sum_of") && type is not (CellType.Decimal or CellType.Money))
            throw new MappingException(field.At("type"), "of a sum_of must be \"decimal\" or \"money\".");
        Only(field, "negate_when", isNumber, "a number");
        Only(field, "format", type == CellType.Timestamp, "type \"timestamp\"");
        Only(field, "time_zone", type == CellType.Timestamp, "type \"timestamp\"");
        Only(field, "currency", type == CellType.Money, "type \"money\"");
        Only(field, "currency_column", type == CellType.Money, "type \"money\"");
        if (type == CellType.Timestamp && !field.Has("column"))
            throw new MappingException(path, "of type \"timestamp\" needs a column.");
        return new FieldMapping
        {
            Name = name,
            Type = type,
            Column = field.Text("column"),
            Constant = field.Text("constant"),
            SumOf = field.Texts("sum_of"),
            NegateWhen = field.Optional("negate_when") is { } when ? Condition(when, field.At("negate_when")) : null,
            Currency = type == CellType.Money ? Currency(field) : null,
            Time = type == CellType.Timestamp ? Time(field) : null,
            Required = field.Flag("required", false),
        };
    }

    private TimeCell Time(JsonObjectReader time) => new(
        time.RequiredText("column", "name the column that holds the time."),
        time.Text("format") ?? CellReader.IsoFormat,
        Zone(time, _zone));

    private TextSource Currency(JsonObjectReader field)
    {
        if (field.Text("currency_column") is { } column)
            return new TextSource(null, column);
        if (field.Text("currency") is { } code)
        {
            CheckCurrency(code, field.At("currency"));
            return new TextSource(code, null);
        }

        return _currency is not null
            ? new TextSource(_currency, null)
            : throw new MappingException(field.Path, "is an amount without a currency; add \"currency\" or \"currency_column\" here, or \"currency\" at the top.");
    }

    private static TextSource Text(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.String)
            return new TextSource(JsonObjectReader.AsText(element, path), null);
        var text = new JsonObjectReader(element, path, "column");
        return new TextSource(null, text.RequiredText("column", "name the column, or write a text."));
    }

    private static void Only(JsonObjectReader field, string key, bool allowed, string belongsTo)
    {
        if (field.Has(key) && !allowed)
            throw new MappingException(field.At(key), $"belongs to {belongsTo}; leave it out or set \"type\".");
    }
}
