using System.Globalization;
using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes segments, their members and their reasons for people.</summary>
internal static class SegmentText
{
    public static string Write(IReadOnlyCollection<GetSegmentResponse> segments)
    {
        if (segments.Count == 0)
            return "no segments\n";
        var text = new StringBuilder();
        var table = new TextTable("id", ">version", ">members", "expression");
        foreach (var segment in segments)
            table.Add(segment.Segment.Id, ValueText.Of(segment.Segment.Version), ValueText.Of(segment.Members), segment.Segment.Expression);
        table.WriteTo(text);
        foreach (var segment in segments.Where(segment => segment.Problem.Length > 0))
            text.Append(CultureInfo.InvariantCulture, $"{segment.Segment.Id} has no members, since this server cannot read its expression; put it again:\n{segment.Problem}\n");
        if (segments.Last().Backfill is { Done: false } backfill)
            text.Append(CultureInfo.InvariantCulture, $"{WriteProgress(backfill)}; until all are, numbers mix old and new definitions\n");
        return text.ToString();
    }

    public static string WriteProgress(Backfill backfill) =>
        string.Create(CultureInfo.InvariantCulture, $"{backfill.Customers:N0} customers evaluated, {Math.Floor(backfill.Progress * 100):0}%");

    public static string WriteDone(Backfill backfill, TimeSpan elapsed) =>
        string.Create(CultureInfo.InvariantCulture, $"all {backfill.Customers:N0} customers evaluated, waited {elapsed.TotalSeconds:0.0} s");

    public static string Write(ListMembersResponse response)
    {
        if (response.CustomerIds.Count == 0)
            return "no members\n";
        var text = new StringBuilder();
        foreach (var id in response.CustomerIds)
            text.Append(id).Append('\n');
        if (response.NextPageToken.Length > 0)
            text.Append("further members exist; raise --limit to see them\n");
        return text.ToString();
    }

    public static string Write(ExplainMembershipResponse response)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("customer", response.CustomerId);
        facts.Add("member", response.Member ? "yes" : "no");
        facts.Add("version", ValueText.Of(response.SegmentVersion));
        if (response.Status == ValueStatus.Stale)
            facts.Add("status", "stale: the customer is being folded again");
        facts.WriteTo(text);
        if (response.Explanation is null)
            return text.ToString();
        text.Append('\n');
        var table = new TextTable("value", "part");
        AddPart(table, response.Explanation, 0);
        table.WriteTo(text, "  ");
        return text.ToString();
    }

    // The value stands first: conditions are long.
    private static void AddPart(TextTable table, ExplainedPart part, int depth)
    {
        table.Add(ValueOf(part), new string(' ', 2 * depth) + part.Text);
        foreach (var inner in part.Parts)
            AddPart(table, inner, depth + 1);
    }

    private static string ValueOf(ExplainedPart part) =>
        part.Status == ValueStatus.Withheld ? "(withheld)" : part.Value is null ? "missing" : ValueText.Of(part.Value);
}
