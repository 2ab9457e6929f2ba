using System.Text;
using System.Text.Json;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Schemas;

/// <summary>What is wrong with the text of a schema.</summary>
/// <param name="Pointer">Where, as a JSON pointer (RFC 6901); empty: the whole.</param>
/// <param name="Message">What is wrong and what to do.</param>
public sealed record SchemaError(string Pointer, string Message);

/// <summary>A rule that an event breaks. Of the event it holds names that the schema has, and no value.</summary>
/// <param name="Path">The value that breaks it, e.g. <c>properties.items[].price</c>.</param>
/// <param name="Keyword">The rule's keyword, e.g. <c>required</c>.</param>
/// <param name="Message">What is wrong, for people.</param>
public readonly record struct SchemaViolation(string Path, string Keyword, string Message);

/// <summary>
/// A check of an event's properties: a subset of JSON Schema, compiled. Immutable; safe for use by many threads.
/// </summary>
/// <remarks>
/// <para>
/// JSON Schema 2020-12, https://json-schema.org/draft/2020-12/json-schema-validation. A money value is an object of
/// <c>amount</c> (number) and <c>currency_code</c> (string), a timestamp a string in UTC as RFC 3339 writes it; an integer is a number
/// without a fraction, however it was sent. Patterns are regular expressions of .NET that need no backtracking.
/// </para>
/// </remarks>
public sealed class EventSchema
{
    /// <summary>Stable reason of an event that breaks the schema of its type: it is refused, or its sender is warned.</summary>
    public const string ViolationReason = "SCHEMA_VIOLATION";

    /// <summary>Most bytes of the text, in UTF-8.</summary>
    public const int MaxBytes = 32 * 1024;

    /// <summary>Most schemas in one, itself and those within it.</summary>
    public const int MaxNodes = 1_000;

    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 16;

    /// <summary>Violations that a check names at most.</summary>
    public const int MaxViolations = 16;

    private const string Root = "properties";

    private readonly SchemaNode _node;

    private EventSchema(SchemaNode node) => _node = node;

    /// <summary>Compiles a text.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="error">What is wrong with it.</param>
    /// <returns>Null where something is wrong.</returns>
    public static EventSchema? Parse(string text, out SchemaError? error)
    {
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            error = new SchemaError("", $"A schema has at most {MaxBytes} bytes.");
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
            error = null;
            return new EventSchema(new SchemaCompiler().Compile(document.RootElement));
        }
        catch (JsonException e)
        {
            error = new SchemaError("", $"The schema is not JSON: {e.Message}");
        }
        catch (SchemaException e)
        {
            error = new SchemaError(e.Pointer, e.Message);
        }

        return null;
    }

    /// <summary>The rules that an event's properties break; none: it is as it should be. The first <see cref="MaxViolations"/>.</summary>
    /// <param name="properties">The event's properties.</param>
    public IReadOnlyList<SchemaViolation> Check(MapField<string, Value> properties)
    {
        var found = new Violations(MaxViolations);
        _node.Check(new CheckedValue(properties), Root, found);
        return found.All;
    }
}
