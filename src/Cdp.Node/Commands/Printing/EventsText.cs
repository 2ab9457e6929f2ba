using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes a customer's events for people.</summary>
internal static class EventsText
{
    public static string Write(ListEventsResponse response)
    {
        if (response.Events.Count == 0)
            return "no events\n";

        // Most customers have none, and then there is no column for them.
        var hasOutcomes = response.Events.Any(entry => entry.Event.Outcome is not null);
        var table = new TextTable(["time", "type", "channel", "source", "id", ">copies", .. hasOutcomes ? ["outcome"] : Array.Empty<string>()]);
        foreach (var entry in response.Events)
        {
            var e = entry.Event;
            var type = e.Type.Length > 0 ? e.Type : e.Kind.ToString().ToLowerInvariant();
            string[] cells = [ValueText.Of(entry.EffectiveAt), type, e.Channel, e.Source, e.Id, ValueText.Of(entry.Copies)];
            table.Add(hasOutcomes ? [.. cells, OutcomeOf(entry)] : cells);
        }

        var text = new StringBuilder();
        table.WriteTo(text);
        if (response.NextPageToken.Length > 0)
            text.Append("further events exist; raise --limit to see them\n");
        return text.ToString();
    }

    /// <summary>What became of a decision, and what that changed.</summary>
    private static string OutcomeOf(CustomerEvent entry)
    {
        if (entry.Event.Outcome is not { } outcome)
            return "";
        var said = $"{outcome.ActionId} {Words(outcome.Kind)}";
        return entry.OutcomeCredit == OutcomeCredit.Unspecified ? said : $"{said}, {Words(entry.OutcomeCredit)}";
    }

    /// <summary>"NotOffered" as "not offered".</summary>
    public static string Words(Enum name) =>
        string.Concat(name.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
