using System.Globalization;
using System.Text;
using Cdp.Node.Import;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes the result of an import.</summary>
internal static class ImportSummaryText
{
    public static string Write(ImportSummary summary)
    {
        var counters = summary.Counters;
        var text = new StringBuilder();
        var facts = new TextTable("", ">", "");
        var here = counters.Lines - summary.ResumedAtLine;
        var rate = summary.Elapsed > TimeSpan.Zero ? here / summary.Elapsed.TotalSeconds : 0;
        facts.Add("lines", ValueText.Of(counters.Lines), summary.ResumedAtLine > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{summary.ResumedAtLine:N0} of them by an earlier run")
            : string.Create(CultureInfo.InvariantCulture, $"in {summary.Elapsed.TotalSeconds:0.0} s, {rate:N0}/s"));
        facts.Add("accepted", ValueText.Of(counters.LinesAccepted), $"as {ValueText.Of(counters.EventsAccepted)} events; those the server had already count once");
        facts.Add("duplicate", ValueText.Of(counters.LinesDuplicate), counters.LinesDuplicate > 0 ? "same id and content as a line above" : "");
        facts.Add("rejected", ValueText.Of(counters.LinesRejected), summary.RejectsPath ?? "");
        foreach (var (reason, count) in counters.RejectedByReason)
            facts.Add("", ValueText.Of(count), reason);
        if (counters.EventsTrimmed > 0)
            facts.Add("trimmed", ValueText.Of(counters.EventsTrimmed), "events too large for all fields of their items");
        facts.WriteTo(text);
        if (summary.Token.Length > 0)
            text.Append("token      ").Append(summary.Token).Append('\n');
        return text.ToString();
    }

    public static string WriteJson(ImportSummary summary)
    {
        var counters = summary.Counters;
        return JsonText.Write(
            new
            {
                lines = counters.Lines,
                lines_accepted = counters.LinesAccepted,
                lines_duplicate = counters.LinesDuplicate,
                lines_rejected = counters.LinesRejected,
                rejected_by_reason = counters.RejectedByReason,
                events_accepted = counters.EventsAccepted,
                events_refused = counters.EventsRefused,
                events_trimmed = counters.EventsTrimmed,
                resumed_at_line = summary.ResumedAtLine,
                rejects = summary.RejectsPath,
                token = summary.Token,
                seconds = Math.Round(summary.Elapsed.TotalSeconds, 3),
            });
    }
}
