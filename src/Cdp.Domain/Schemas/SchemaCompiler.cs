using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cdp.Domain.Schemas;

/// <summary>Compiles a schema; says where it is wrong.</summary>
internal sealed class SchemaCompiler
{
    private const int MostPattern = 1_000;

    private static readonly FrozenSet<string> Annotations =
        new[] { "$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly" }.ToFrozenSet(StringComparer.Ordinal);

    private int _nodes;

    /// <summary>Compiles a schema.</summary>
    /// <exception cref="SchemaException">It is wrong.</exception>
    public SchemaNode Compile(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new SchemaException("", "A schema is a JSON object, e.g. {\"type\": \"object\", \"required\": [\"order_id\"]}.");
        return Node(root, "", 0);
    }

    private SchemaNode Node(JsonElement element, string at, int depth)
    {
        if (++_nodes > EventSchema.MaxNodes) throw new SchemaException(at, $"A schema holds at most {EventSchema.MaxNodes} schemas.");
        if (depth > EventSchema.MaxDepth) throw new SchemaException(at, $"Schemas are nested at most {EventSchema.MaxDepth} deep.");
        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False) return new SchemaNode { IsNever = element.ValueKind == JsonValueKind.False };
        if (element.ValueKind != JsonValueKind.Object) throw new SchemaException(at, "A schema is an object, true or false.");
        var node = new SchemaNode();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var keyword in element.EnumerateObject())
        {
            var place = $"{at}/{Escaped(keyword.Name)}";
            if (!known.Add(keyword.Name)) throw new SchemaException(place, "The keyword stands here twice.");
            Read(node, keyword.Name, keyword.Value, place, depth);
        }

        return node;
    }

    private void Read(SchemaNode node, string keyword, JsonElement value, string at, int depth)
    {
        switch (keyword)
        {
            case "type": node.Types = Types(value, at); break;
            case "enum": node.Enum = Narrowed(node.Enum, Items(value, at).Select(CheckedValue.Canonical)); break;
            case "const": node.Enum = Narrowed(node.Enum, [CheckedValue.Canonical(value)]); break;
            case "minimum": node.Minimum = Number(value, at); break;
            case "maximum": node.Maximum = Number(value, at); break;
            case "exclusiveMinimum": node.ExclusiveMinimum = Number(value, at); break;
            case "exclusiveMaximum": node.ExclusiveMaximum = Number(value, at); break;
            case "multipleOf": node.MultipleOf = Number(value, at) is var unit && unit.Against(new JsonNumber(0)) > 0 ? unit : throw new SchemaException(at, "Give a number above 0."); break;
            case "minLength": node.MinLength = Count(value, at); break;
            case "maxLength": node.MaxLength = Count(value, at); break;
            case "pattern": node.Pattern = Pattern(Text(value, at), at); break;
            case "format": node.Format = TextFormats.Find(Text(value, at)) ?? throw new SchemaException(at, $"Give one of the formats {TextFormats.All}, or a pattern."); break;
            case "minItems": node.MinItems = Count(value, at); break;
            case "maxItems": node.MaxItems = Count(value, at); break;
            case "uniqueItems": node.UniqueItems = Flag(value, at); break;
            case "items": node.Items = Node(value, at, depth + 1); break;
            case "minProperties": node.MinProperties = Count(value, at); break;
            case "maxProperties": node.MaxProperties = Count(value, at); break;
            case "required": node.Required = [.. Items(value, at).Select(item => Text(item, at)).Distinct(StringComparer.Ordinal)]; break;
            case "properties": node.Properties = Properties(value, at, depth); break;
            case "additionalProperties": node.AdditionalProperties = Node(value, at, depth + 1); break;
            case "allOf": node.AllOf = Nodes(value, at, depth); break;
            case "anyOf": node.AnyOf = Nodes(value, at, depth); break;
            case "oneOf": node.OneOf = Nodes(value, at, depth); break;
            case "not": node.Not = Node(value, at, depth + 1); break;
            default:
                if (!Annotations.Contains(keyword)) throw new SchemaException(at, "This keyword is not supported. Leave it out; docs/schemas.md lists those that are.");
                break;
        }
    }

    private FrozenDictionary<string, SchemaNode> Properties(JsonElement value, string at, int depth)
    {
        if (value.ValueKind != JsonValueKind.Object) throw new SchemaException(at, "Give an object: a schema for each name.");
        var nodes = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            var place = $"{at}/{Escaped(property.Name)}";
            if (!nodes.TryAdd(property.Name, Node(property.Value, place, depth + 1))) throw new SchemaException(place, "The name stands here twice.");
        }

        return nodes.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private SchemaNode[] Nodes(JsonElement value, string at, int depth)
    {
        SchemaNode[] nodes = [.. Items(value, at).Select((item, i) => Node(item, string.Create(CultureInfo.InvariantCulture, $"{at}/{i}"), depth + 1))];
        return nodes.Length > 0 ? nodes : throw new SchemaException(at, "Give at least one schema.");
    }

    /// <summary>With <c>enum</c> and <c>const</c> both have to hold, whichever comes first.</summary>
    private static FrozenSet<string> Narrowed(FrozenSet<string>? known, IEnumerable<string> values) =>
        values.Where(value => known is null || known.Contains(value)).ToFrozenSet(StringComparer.Ordinal);

    private static JsonTypes Types(JsonElement value, string at) => value.ValueKind == JsonValueKind.String
        ? TypeOf(value, at)
        : Items(value, at).Aggregate(JsonTypes.None, (types, item) => types | TypeOf(item, at));

    private static JsonTypes TypeOf(JsonElement value, string at) => Text(value, at) switch
    {
        "null" => JsonTypes.Null,
        "boolean" => JsonTypes.Boolean,
        "number" => JsonTypes.Number,
        "integer" => JsonTypes.Integer,
        "string" => JsonTypes.String,
        "array" => JsonTypes.Array,
        "object" => JsonTypes.Object,
        _ => throw new SchemaException(at, "Give one or more of null, boolean, number, integer, string, array, object."),
    };

    private static JsonElement.ArrayEnumerator Items(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new SchemaException(at, "Give a list.");

    private static string Text(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new SchemaException(at, "Give a text.");

    private static bool Flag(JsonElement value, string at) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new SchemaException(at, "Give true or false.");

    private static JsonNumber Number(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.Number ? JsonNumber.Of(value) : throw new SchemaException(at, "Give a number.");

    private static int Count(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0 ? count : throw new SchemaException(at, "Give a whole number from 0.");

    private static Regex Pattern(string pattern, string at)
    {
        if (pattern.Length > MostPattern) throw new SchemaException(at, $"A pattern has at most {MostPattern} characters.");
        try
        {
            // Takes time in proportion to the text, whatever the pattern is and whoever wrote the text.
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new SchemaException(at, $"The pattern cannot be used; look-arounds and back references are not supported. {e.Message}");
        }
    }

    private static string Escaped(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
