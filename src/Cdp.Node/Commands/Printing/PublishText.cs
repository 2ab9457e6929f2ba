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
        if (result.Warnings.Count > 0)
            facts.Add("warnings", ValueText.Of(result.Warnings.Count));
        if (result.Token.Length > 0)
            facts.Add("token", result.Token);
        facts.WriteTo(text);
        return text.ToString();
    }

    /// <summary>A line for each that was refused, and for each that was taken in with a warning.</summary>
    public static string WriteRefused(PublishResult result) =>
        string.Concat(result.Refused.Select(line => Line("", line)).Concat(result.Warnings.Select(line => Line("warning: ", line))));

    public static string WriteJson(PublishResult result) => JsonText.Write(
        new
        {
            accepted = result.Accepted,
            refused = result.Refused.Select(Told),
            warnings = result.Warnings.Select(Told),
            token = result.Token,
        });

    private static object Told(RefusedLine line) => new { line = line.Line, reason = line.Reason, field = line.Field, message = line.Message };

    private static string Line(string kind, RefusedLine line) => string.Create(
        CultureInfo.InvariantCulture, $"{kind}line {line.Line}: {line.Reason}{(line.Field.Length > 0 ? $" {line.Field}" : "")}: {line.Message}\n");
}
