using System.Text;
using Cdp.Domain.Expressions;

namespace Cdp.Node.Commands.Printing;

/// <summary>A condition that was checked.</summary>
/// <param name="Id">Of the segment; empty for a condition alone.</param>
/// <param name="Condition">Compiled; null where it is wrong.</param>
/// <param name="Errors">What is wrong.</param>
internal sealed record CheckedCondition(string Id, CompiledExpression? Condition, IReadOnlyList<ExpressionError> Errors)
{
    /// <summary>The parts of a profile that it reads, as fields; only events that touch one of them move customers.</summary>
    public IEnumerable<string> Reads => (Condition?.Facets ?? Enumerable.Empty<Facet>()).Select(Of).Order(StringComparer.Ordinal);

    private static string Of(Facet facet) => facet.Kind switch
    {
        FacetKind.Activity => "activity (every event)",
        FacetKind.Trait => Named("traits", facet.Name),
        FacetKind.EventType => Named("events", facet.Name),
        FacetKind.Channel => Named("channels", facet.Name),
        FacetKind.Identifier => Named("identifiers", facet.Name),
        FacetKind.Product => Named("products", facet.Name),
        FacetKind.Trade => "orders and refunds",
        FacetKind.Products => "products.ordered",
        _ => facet.Kind.ToString().ToLowerInvariant(),
    };

    private static string Named(string group, string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? $"{group}.{name}" : $"{group}[\"{name}\"]";
}

/// <summary>Writes conditions that were checked.</summary>
internal static class CheckText
{
    public static string Write(IEnumerable<CheckedCondition> results)
    {
        var text = new StringBuilder();
        foreach (var result in results.Where(result => result.Condition is not null))
        {
            if (text.Length > 0)
                text.Append('\n');
            var facts = new TextTable("", "");
            if (result.Id.Length > 0)
                facts.Add("segment", result.Id);
            facts.Add("condition", result.Condition!.Text);
            facts.Add("reads", string.Join(", ", result.Reads));
            facts.WriteTo(text);
        }

        return text.ToString();
    }

    public static string WriteErrors(IEnumerable<CheckedCondition> results) =>
        string.Concat(results.SelectMany(result => result.Errors.Select(error => result.Id.Length > 0 ? $"{result.Id}: {error}\n" : $"{error}\n")));

    public static string WriteJson(IEnumerable<CheckedCondition> results) => JsonText.Write(results.Select(result => new
    {
        id = result.Id,
        condition = result.Condition?.Text,
        reads = result.Reads,
        errors = result.Errors.Select(error => new { message = error.Message, line = error.Line, column = error.Column, length = error.Length }),
    }));
}
