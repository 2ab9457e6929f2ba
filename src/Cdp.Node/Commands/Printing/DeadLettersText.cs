using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes for people which events count for nobody.</summary>
internal static class DeadLettersText
{
    public static string Write(ListDeadLettersResponse response)
    {
        if (response.DeadLetters.Count == 0)
            return "no dead letters\n";
        var text = new StringBuilder();
        var table = new TextTable("id", "received", "reason", "field", "source", "type", "event", "");
        foreach (var letter in response.DeadLetters)
        {
            var state = letter.RetriedAt is not null ? "taken in at last" : letter.ContentGone ? "content gone" : "";
            table.Add(letter.Id, ValueText.Of(letter.ReceivedAt), letter.Reason, letter.Field, letter.Source, letter.Type, letter.EventId, state);
        }

        table.WriteTo(text);
        if (response.NextPageToken.Length > 0)
            text.Append("further ones exist; raise --limit to see them\n");
        return text.ToString();
    }

    public static string Write(RetryDeadLettersResponse response)
    {
        var text = new StringBuilder();
        var accepted = response.Results.Count(result => result.Accepted);
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{accepted} of {response.Results.Count} taken in\n");
        var table = new TextTable("id", "event", "reason", "what is wrong");
        foreach (var result in response.Results.Where(result => !result.Accepted))
            table.Add(result.Id, result.EventId, result.Refused.Reason, result.Refused.Field.Length > 0 ? $"{result.Refused.Field}: {result.Refused.Message}" : result.Refused.Message);
        if (!table.IsEmpty)
            table.WriteTo(text);
        if (response.Token.Length > 0)
            text.Append("token ").Append(response.Token).Append('\n');
        return text.ToString();
    }
}
