using System.Globalization;

namespace Cdp.Node.Import.Mapping;

/// <summary>The columns that a mapping reads.</summary>
public static class MappingColumns
{
    /// <summary>Lists every column with the JSON path of the place that names it.</summary>
    public static IEnumerable<(string Column, string Path)> Of(ImportMapping mapping)
    {
        var e = mapping.Event;
        return Many(mapping.GroupBy?.Columns, "$.group_by.columns")
            .Concat(Many(e.IdColumns, "$.event.id.columns"))
            .Concat(Choice(e.Type, "$.event.type"))
            .Concat(Choice(e.Source, "$.event.source"))
            .Concat(Choice(e.Channel, "$.event.channel"))
            .Concat(One(e.OccurredAt?.Column, "$.event.occurred_at.column"))
            .Concat(e.Identifiers.SelectMany((id, i) => One(id.Column, At("$.event.identifiers", i) + ".column")))
            .Concat(One(e.FallbackIdentifier?.Column, "$.event.fallback_identifier.column"))
            .Concat(e.Properties.SelectMany(f => Field(f, "$.event.properties")))
            .Concat(e.Context.SelectMany(f => Field(f, "$.event.context")))
            .Concat(e.Traits.SelectMany(f => Field(f, "$.event.traits")))
            .Concat(One(e.Outcome?.Column, "$.event.outcome.column"))
            .Concat(Choice(e.Outcome?.Action, "$.event.outcome.action"))
            .Concat(Choice(e.Outcome?.Kind, "$.event.outcome.kind"))
            .Concat(e.Outcome?.Value is { } value ? Field(value, "$.event.outcome") : [])
            .Concat(e.Items?.Fields.SelectMany(f => Field(f, "$.event.items.fields")) ?? []);
    }

    /// <summary>Checks that a file has every column that the mapping reads.</summary>
    /// <exception cref="MappingException">A column is not in the file.</exception>
    public static void Check(ImportMapping mapping, IReadOnlyDictionary<string, int> columns)
    {
        foreach (var (column, path) in Of(mapping))
        {
            if (!columns.ContainsKey(column))
                throw new MappingException(path, $"the file has no column \"{column}\". {NearestName.Hint(column, [.. columns.Keys])}");
        }
    }

    private static IEnumerable<(string Column, string Path)> Field(FieldMapping field, string parent)
    {
        var path = JsonObjectReader.Child(parent, field.Name);
        return One(field.Column, path + ".column")
            .Concat(Many(field.SumOf, path + ".sum_of"))
            .Concat(One(field.NegateWhen?.Column, path + ".negate_when.column"))
            .Concat(One(field.Currency?.Column, path + ".currency_column"));
    }

    private static IEnumerable<(string Column, string Path)> Choice(Choice? choice, string path) =>
        choice?.Rules.SelectMany((rule, i) => One(rule.When?.Column, At(path, i) + ".when.column")
            .Concat(One(rule.Then.Column, choice.Rules.Count == 1 && rule.When is null ? path + ".column" : At(path, i) + ".then.column"))) ?? [];

    private static IEnumerable<(string Column, string Path)> One(string? column, string path) =>
        column is null ? [] : [(column, path)];

    private static IEnumerable<(string Column, string Path)> Many(IReadOnlyList<string>? columns, string path) =>
        columns?.Select((column, i) => (column, At(path, i))) ?? [];

    private static string At(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
}
