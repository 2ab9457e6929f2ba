using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Cdp.V1;

namespace Cdp.Node.Import.Mapping;

/// <summary>Reads and checks mapping files.</summary>
public static class MappingReader
{
    private static readonly JsonDocumentOptions Tolerant = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Reads a mapping: JSON in UTF-8, comments and trailing commas allowed.</summary>
    /// <exception cref="MappingException">It is not JSON, lacks something, or says something that is not known.</exception>
    public static ImportMapping Read(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8))
            utf8 = utf8[3..];
        try
        {
            using var document = JsonDocument.Parse(utf8, Tolerant);
            return ReadRoot(document.RootElement, Convert.ToHexStringLower(XxHash128.Hash(utf8.Span)));
        }
        catch (JsonException e)
        {
            var line = (e.LineNumber ?? 0) + 1;
            var column = (e.BytePositionInLine ?? 0) + 1;
            throw new MappingException("$", string.Create(
                CultureInfo.InvariantCulture,
                $"is not valid JSON at line {line}, column {column}; check commas, quotes and brackets there."));
        }
    }

    private static ImportMapping ReadRoot(JsonElement element, string fingerprint)
    {
        var root = new JsonObjectReader(
            element, "$", "format", "delimiter", "columns", "time_zone", "currency", "group_by", "event");
        root.Required("format", "write \"csv\" or \"jsonl\".");
        var format = root.OneOf("format", FileFormat.Csv, ("csv", FileFormat.Csv), ("jsonl", FileFormat.JsonLines));
        if (format == FileFormat.JsonLines && (root.Has("delimiter") || root.Has("columns")))
            throw new MappingException(root.Has("delimiter") ? "$.delimiter" : "$.columns", "belongs to format \"csv\"; leave it out.");

        var zone = FieldReader.Zone(root, TimeZoneInfo.Utc);
        var currency = root.Text("currency");
        if (currency is not null)
            FieldReader.CheckCurrency(currency, root.At("currency"));
        var groupBy = root.Optional("group_by") is { } group ? ReadGroupBy(group, root.At("group_by")) : null;
        var fields = new FieldReader(zone, currency);
        return new ImportMapping
        {
            Format = format,
            Delimiter = root.Text("delimiter") ?? ",",
            Columns = root.Texts("columns"),
            TimeZone = zone,
            Currency = currency,
            GroupBy = groupBy,
            Event = ReadEvent(root.Required("event", "describe the event that a line becomes."), root.At("event"), fields),
            Fingerprint = fingerprint,
        };
    }

    private static GroupBy ReadGroupBy(JsonElement element, string path)
    {
        var group = new JsonObjectReader(element, path, "columns", "within", "max_lines");
        group.Required("columns", "name the columns whose equal cells make lines one event.");
        return new GroupBy(
            group.Texts("columns")!,
            group.OneOf("within", GroupScope.Consecutive, ("consecutive", GroupScope.Consecutive), ("file", GroupScope.File)),
            group.Number("max_lines", 1, 100_000_000, 1_000_000));
    }

    private static EventMapping ReadEvent(JsonElement element, string path, FieldReader fields)
    {
        var body = new JsonObjectReader(
            element, path, "kind", "type", "source", "channel", "occurred_at", "id", "identifiers", "fallback_identifier",
            "properties", "context", "traits", "items", "outcome");
        var identifiers = ReadIdentifiers(body);
        var fallback = body.Optional("fallback_identifier") is { } last
            ? FieldReader.Identifier(last, body.At("fallback_identifier"))
            : null;
        if (fallback is null && identifiers.All(i => i.Optional || i.Reference))
        {
            throw new MappingException(
                body.At("fallback_identifier"),
                "is missing while every identifier is optional or a reference, so a line could be nobody's; add one, or make an identifier not optional.");
        }

        return new EventMapping
        {
            Kind = body.OneOf(
                "kind", EventKind.Track, ("track", EventKind.Track), ("identify", EventKind.Identify), ("page", EventKind.Page),
                ("screen", EventKind.Screen), ("group", EventKind.Group), ("alias", EventKind.Alias)),
            Type = FieldReader.Choice(body.Required("type", "name the event's type, e.g. \"Order Completed\"."), body.At("type"), mustMatch: true),
            Source = body.Optional("source") is { } source ? FieldReader.Choice(source, body.At("source"), mustMatch: false) : null,
            Channel = body.Optional("channel") is { } channel ? FieldReader.Choice(channel, body.At("channel"), mustMatch: false) : null,
            OccurredAt = body.Optional("occurred_at") is { } time ? fields.Time(time, body.At("occurred_at")) : null,
            IdColumns = body.Optional("id") is { } id ? new JsonObjectReader(id, body.At("id"), "columns").Texts("columns") : null,
            Identifiers = identifiers,
            FallbackIdentifier = fallback,
            Properties = fields.Fields(body.Optional("properties"), body.At("properties"), perLine: false),
            Context = fields.Fields(body.Optional("context"), body.At("context"), perLine: false),
            Traits = fields.Fields(body.Optional("traits"), body.At("traits"), perLine: false),
            Items = body.Optional("items") is { } items ? ReadItems(items, body.At("items"), fields) : null,
            Outcome = body.Optional("outcome") is { } outcome ? ReadOutcome(outcome, body.At("outcome"), fields) : null,
        };
    }

    private static List<IdentifierMapping> ReadIdentifiers(JsonObjectReader body)
    {
        var path = body.At("identifiers");
        var list = body.Required("identifiers", "name the columns that say who it happened to.");
        if (list.ValueKind != JsonValueKind.Array)
            throw new MappingException(path, $"is {JsonObjectReader.Describe(list)}; write a list of {{\"namespace\": …, \"column\": …}}.");
        var identifiers = new List<IdentifierMapping>();
        foreach (var item in list.EnumerateArray())
            identifiers.Add(FieldReader.Identifier(item, JsonObjectReader.Index(path, identifiers.Count)));
        return identifiers;
    }

    private static OutcomeMapping ReadOutcome(JsonElement element, string path, FieldReader fields)
    {
        var outcome = new JsonObjectReader(element, path, "column", "action", "kind", "value");
        var value = outcome.Optional("value") is { } amount ? fields.Field("value", amount, outcome.At("value"), perLine: false) : null;
        if (value is not null && value.Type != CellType.Money)
            throw new MappingException(outcome.At("value"), "is no amount; set \"type\" to \"money\".");
        return new OutcomeMapping(
            outcome.RequiredText("column", "name the column that holds the decision's id."),
            FieldReader.Choice(outcome.Required("action", "name the action, or the column that holds its id."), outcome.At("action"), mustMatch: false),
            FieldReader.Choice(outcome.Required("kind", "write what became of it, e.g. \"accepted\", or name the column."), outcome.At("kind"), mustMatch: false),
            value);
    }

    private static ItemsMapping ReadItems(JsonElement element, string path, FieldReader fields)
    {
        var items = new JsonObjectReader(element, path, "property", "fields", "trim");
        var mapped = fields.Fields(items.Required("fields", "map the fields of one item."), items.At("fields"), perLine: true);
        var trim = items.Texts("trim") ?? [];
        for (var i = 0; i < trim.Count; i++)
        {
            if (mapped.All(field => !string.Equals(field.Name, trim[i], StringComparison.Ordinal)))
            {
                throw new MappingException(
                    JsonObjectReader.Index(items.At("trim"), i),
                    $"\"{trim[i]}\" is not a field of the items. {NearestName.Hint(trim[i], [.. mapped.Select(f => f.Name)])}");
            }
        }

        return new ItemsMapping(items.Text("property") ?? "items", mapped, trim);
    }
}
