using System.Globalization;
using System.Text.Json;

namespace Cdp.Node.Import.Mapping;

/// <summary>Reads one object of a mapping: every key must be known, and every error names its JSON path.</summary>
internal sealed class JsonObjectReader
{
    private readonly JsonElement _element;

    public JsonObjectReader(JsonElement element, string path, params string[] keys)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new MappingException(path, $"is {Describe(element)}; write an object with {string.Join(", ", keys)}.");
        foreach (var property in element.EnumerateObject())
        {
            if (!keys.Contains(property.Name, StringComparer.Ordinal))
                throw new MappingException(Child(path, property.Name), $"is not a key that is known here. {NearestName.Hint(property.Name, keys)}");
        }

        _element = element;
        Path = path;
    }

    public string Path { get; }

    public bool Has(string key) => _element.TryGetProperty(key, out _);

    public string At(string key) => Child(Path, key);

    public JsonElement Required(string key, string remedy) =>
        _element.TryGetProperty(key, out var value) ? value : throw new MappingException(At(key), $"is missing; {remedy}");

    public JsonElement? Optional(string key) => _element.TryGetProperty(key, out var value) ? value : null;

    public string? Text(string key) => Optional(key) is { } value ? AsText(value, At(key)) : null;

    public string RequiredText(string key, string remedy) => AsText(Required(key, remedy), At(key));

    public bool Flag(string key, bool otherwise)
    {
        if (Optional(key) is not { } value)
            return otherwise;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new MappingException(At(key), $"is {Describe(value)}; write true or false."),
        };
    }

    public int Number(string key, int least, int most, int otherwise)
    {
        if (Optional(key) is not { } value)
            return otherwise;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
            return number;
        throw new MappingException(At(key), $"is {Describe(value)}; write a whole number from {least} to {most}.");
    }

    public IReadOnlyList<string>? Texts(string key)
    {
        if (Optional(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw new MappingException(At(key), $"is {Describe(value)}; write a list of texts.");
        var texts = new List<string>();
        foreach (var (item, index) in value.EnumerateArray().Select((item, index) => (item, index)))
            texts.Add(AsText(item, Index(At(key), index)));
        return texts.Count > 0 ? texts : throw new MappingException(At(key), "is empty; name at least one, or leave the key out.");
    }

    public T OneOf<T>(string key, T otherwise, params (string Name, T Value)[] choices)
    {
        if (Optional(key) is not { } value)
            return otherwise;
        var text = AsText(value, At(key));
        foreach (var (name, choice) in choices)
        {
            if (string.Equals(name, text, StringComparison.Ordinal))
                return choice;
        }

        throw new MappingException(At(key), $"\"{text}\" is not valid. {NearestName.Hint(text, [.. choices.Select(c => c.Name)])}");
    }

    public static string Index(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    public static string Child(string path, string key) =>
        key.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? $"{path}.{key}" : $"{path}[\"{key}\"]";

    public static string AsText(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw new MappingException(path, $"is {Describe(value)}; write a text in quotes.");
        var text = value.GetString()!;
        return text.Length > 0 ? text : throw new MappingException(path, "is an empty text; write one or leave the key out.");
    }

    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => $"\"{value.GetString()}\"",
        JsonValueKind.Null => "null",
        _ => value.GetRawText(),
    };
}
