using System.Globalization;
using System.Text;
using Cdp.Domain.Audit;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes for people who read and who changed.</summary>
internal static class AuditText
{
    public static string Write(ListAuditRecordsResponse response)
    {
        if (response.Records.Count == 0)
            return "no records\n";
        var text = new StringBuilder();
        var table = new TextTable("number", "at", "who", "what", "whom or what", "purpose", "fields", "");
        foreach (var record in response.Records)
        {
            var outcome = record.Kind switch
            {
                AuditKind.ActFailed => $"failed: {record.Outcome}",
                AuditKind.Writer => record.Outcome == AuditRecords.Began ? "server began" : "server ended",
                _ => "",
            };
            table.Add(ValueText.Of(record.Number), ValueText.Of(record.At), record.Actor, record.Method, record.Subject, record.Purpose, string.Join(' ', record.Fields), outcome);
        }

        table.WriteTo(text);
        if (response.NextPageToken.Length > 0)
            text.Append("further ones exist; raise --limit to see them\n");
        return text.ToString();
    }

    public static string Write(AuditChain chain)
    {
        if (chain.Blocks == 0)
            return "nothing was written yet\n";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"records {ValueText.Of(chain.First)} to {ValueText.Of(chain.Last)} in {ValueText.Of(chain.Blocks)} blocks follow from each other\n");
        if (chain.OpenWriters > 1)
            text.Append(CultureInfo.InvariantCulture, $"{chain.OpenWriters} servers began and have not ended: each runs, or was lost with what it told in its last moment\n");
        return text.Append("head ").Append(chain.Head).Append('\n').ToString();
    }

    public static string WriteJson(AuditChain chain) => JsonText.Write(new { blocks = chain.Blocks, first = chain.First, last = chain.Last, open_writers = chain.OpenWriters, head = chain.Head });
}
