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
        var table = new TextTable("time", "type", "channel", "source", "id", ">copies");
        foreach (var entry in response.Events)
        {
            var e = entry.Event;
            var type = e.Type.Length > 0 ? e.Type : e.Kind.ToString().ToLowerInvariant();
            table.Add(ValueText.Of(entry.EffectiveAt), type, e.Channel, e.Source, e.Id, ValueText.Of(entry.Copies));
        }

        var text = new StringBuilder();
        table.WriteTo(text);
        if (response.NextPageToken.Length > 0)
            text.Append("further events exist; raise --limit to see them\n");
        return text.ToString();
    }
}
