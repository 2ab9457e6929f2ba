using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes for people which types of events are declared, and how often events break their schemas.</summary>
internal static class EventTypeText
{
    public static string Write(ListEventTypesResponse response)
    {
        if (response.EventTypes.Count == 0)
            return "no types are declared: each means what its name says\n";
        var text = new StringBuilder();
        var table = new TextTable("type", "role", "purpose", "schema", "kept");
        foreach (var type in response.EventTypes)
            table.Add(type.Name, type.Role == EventRole.Unspecified ? "by its name" : EventsText.Words(type.Role), type.Purpose, SchemaOf(type), KeptArgument.Of(type.EventDays, ofType: true));
        table.WriteTo(text);
        return text.ToString();
    }

    public static string Write(ListSchemaViolationsResponse response)
    {
        if (response.Violations.Count == 0)
            return "no violations\n";
        var text = new StringBuilder();
        var table = new TextTable("type", "source", "value", "rule", ">warned", ">refused", "last");
        foreach (var violation in response.Violations)
            table.Add(violation.EventType, violation.Source, violation.Path, violation.Keyword, ValueText.Of(violation.Warned), ValueText.Of(violation.Rejected), ValueText.Of(violation.LastAt));
        table.WriteTo(text);
        if (response.Others > 0)
            text.Append("and ").Append(ValueText.Of(response.Others)).Append(" others\n");
        return text.ToString();
    }

    private static string SchemaOf(EventType type) => type.Schema.Length == 0 ? "none" : type.SchemaMode switch
    {
        SchemaMode.Off => "not checked",
        SchemaMode.Reject => "refused where it is broken",
        _ => "warned where it is broken",
    };
}
