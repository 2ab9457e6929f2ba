using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes what a customer consists of for people.</summary>
internal static class IdentityText
{
    public static string Write(DescribeIdentityResponse response)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("customer", response.CustomerId);
        if (response.FormerCustomerIds.Count > 0)
            facts.Add("formerly", string.Join(", ", response.FormerCustomerIds));
        facts.WriteTo(text);
        if (response.Facts.Count == 0)
            return text.ToString();
        text.Append("\nFACTS, in the order of decision\n");
        var table = new TextTable(">no.", "decided", "fact", "shown by");
        foreach (var fact in response.Facts)
            table.Add(ValueText.Of(fact.Sequence), ValueText.Of(fact.DecidedAt), Describe(fact), Describe(fact.Evidence));
        table.WriteTo(text, "  ");
        return text.ToString();
    }

    public static string Describe(IdentityFact fact) => fact.FactCase switch
    {
        IdentityFact.FactOneofCase.Minted => $"first seen as {ValueText.Of(fact.Minted.Identifier)}",
        IdentityFact.FactOneofCase.Linked => $"linked {ValueText.Of(fact.Linked.Identifier)} with {ValueText.Of(fact.Linked.With)}",
        IdentityFact.FactOneofCase.Merged =>
            $"merged {fact.Merged.MergedCustomerId}: {ValueText.Of(fact.Merged.Identifier)} with {ValueText.Of(fact.Merged.With)}",
        IdentityFact.FactOneofCase.Refused =>
            $"refused {ValueText.Of(fact.Refused.Identifier)} with {ValueText.Of(fact.Refused.With)}: {fact.Refused.Reason}, at most {fact.Refused.Limit} of {fact.Refused.Namespace}",
        _ => "a fact that this version does not know",
    };

    private static string Describe(Evidence? evidence)
    {
        if (evidence is null || evidence.EventId.Length == 0)
            return "";
        var place = string.Join(", ", new[] { evidence.Type, evidence.Channel, evidence.Source }.Where(part => part.Length > 0));
        return place.Length > 0 ? $"{evidence.EventId} ({place})" : evidence.EventId;
    }
}
