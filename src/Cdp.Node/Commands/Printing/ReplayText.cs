using System.Text;
using Cdp.Node.Replay;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes the result of a replay.</summary>
internal static class ReplayText
{
    public static string Write(ReplayReport report)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("tenants", ValueText.Of(report.Tenants));
        facts.Add("customers", ValueText.Of(report.Customers));
        facts.Add("merged", ValueText.Of(report.Merged));
        facts.Add("events", $"{ValueText.Of(report.Events)} of {ValueText.Of(report.LogRecords)} records");
        facts.Add("decisions", report.NewDecisions == 0 ? ValueText.Of(report.Decisions) : $"{ValueText.Of(report.Decisions)}, {ValueText.Of(report.NewDecisions)} of them new");
        facts.Add("digest", report.Digest);
        if (report.DigestBefore is { } before) facts.Add("before", before);
        facts.Add("took", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{report.Elapsed.TotalSeconds:0.0} s"));
        facts.WriteTo(text);
        return text.ToString();
    }

    public static string WriteJson(ReplayReport report) => JsonText.Write(
        new
        {
            tenants = report.Tenants,
            customers = report.Customers,
            merged = report.Merged,
            events = report.Events,
            log_records = report.LogRecords,
            decisions = report.Decisions,
            new_decisions = report.NewDecisions,
            digest = report.Digest,
            digest_before = report.DigestBefore,
            different = report.Different,
            seconds = Math.Round(report.Elapsed.TotalSeconds, 3),
        });
}
