using System.Globalization;
using System.Text;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes the result of a publish.</summary>
internal static class PublishText
{
    public static string Write(PublishResult result)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("accepted", ValueText.Of(result.Accepted));
        facts.Add("refused", ValueText.Of(result.Refused.Count));
        if (result.Token.Length > 0)
            facts.Add("token", result.Token);
        facts.WriteTo(text);
        return text.ToString();
    }

    public static string WriteRefused(PublishResult result) =>
        string.Concat(result.Refused.Select(line => string.Create(
            CultureInfo.InvariantCulture, $"line {line.Line}: {line.Reason}{(line.Field.Length > 0 ? $" {line.Field}" : "")}: {line.Message}\n")));

    public static string WriteJson(PublishResult result) => JsonText.Write(
        new
        {
            accepted = result.Accepted,
            refused = result.Refused.Select(line => new { line = line.Line, reason = line.Reason, field = line.Field, message = line.Message }),
            token = result.Token,
        });
}
