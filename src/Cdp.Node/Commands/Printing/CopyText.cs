using System.Globalization;
using System.Text;
using Cdp.Node.Copy;
using Cdp.Storage.Copying;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes the result of a copy.</summary>
internal static class CopyText
{
    public static string Write(CopyReport report)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", ">store", ">copy");
        Add("log records", d => d.Records);
        Add("histories", d => d.Histories);
        Add("entries", d => d.Entries);
        Add("states", d => d.States);
        Add("customer ids", d => d.Customers);
        facts.Add("digest", report.From.Value[..16], report.To.Value[..16]);
        facts.Add("customers", ValueText.Of(report.FromView.Customers), ValueText.Of(report.ToView.Customers));
        facts.Add("their events", ValueText.Of(report.FromView.Events), ValueText.Of(report.ToView.Events));
        facts.Add("their profiles", report.FromView.Digest[..16], report.ToView.Digest[..16]);
        facts.Add("members", ValueText.Of(report.FromView.Members), ValueText.Of(report.ToView.Members));
        facts.WriteTo(text);
        text.Append(CultureInfo.InvariantCulture, $"{(report.IsSame ? "the same" : "NOT THE SAME")}, in {report.Elapsed.TotalSeconds:0.0} s\n");
        return text.ToString();

        void Add(string what, Func<StoreDigest, long> number) => facts.Add(what, ValueText.Of(number(report.From)), ValueText.Of(number(report.To)));
    }

    public static string WriteJson(CopyReport report) => JsonText.Write(
        new
        {
            same = report.IsSame,
            partitions = report.Partitions,
            tenants = report.Tenants,
            store = Of(report.From, report.FromView),
            copy = Of(report.To, report.ToView),
            seconds = Math.Round(report.Elapsed.TotalSeconds, 3),
        });

    private static object Of(StoreDigest digest, StoreView view) => new
    {
        log_records = digest.Records,
        histories = digest.Histories,
        entries = digest.Entries,
        states = digest.States,
        customer_ids = digest.Customers,
        digest = digest.Value,
        customers = view.Customers,
        events = view.Events,
        members = view.Members,
        profiles = view.Digest,
    };
}
