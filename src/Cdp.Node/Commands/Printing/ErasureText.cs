using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes the receipt of an erasure for people.</summary>
internal static class ErasureText
{
    public static string Write(EraseCustomerResponse response)
    {
        var text = new StringBuilder();
        var receipt = response.Receipt;
        var facts = new TextTable("", "");
        facts.Add("receipt", receipt.Id);
        facts.Add("customer", string.Join(", ", receipt.CustomerIds));
        facts.Add("requested", ValueText.Of(receipt.RequestedAt));
        facts.Add("erased", ValueText.Of(receipt.ErasedAt));
        facts.Add("by key", receipt.RequestedBy);
        if (receipt.Reason.Length > 0)
            facts.Add("reason", receipt.Reason);
        facts.Add("signature", Convert.ToBase64String(response.Signature.Span));
        facts.WriteTo(text);
        text.Append("\nERASED\n");
        WritePlaces(text, receipt.Places);
        return text.ToString();
    }

    /// <summary>Writes what was erased where.</summary>
    public static void WritePlaces(StringBuilder text, IEnumerable<ErasedPlace> places)
    {
        var table = new TextTable("where", ">items", "what is left");
        foreach (var place in places)
            table.Add(place.Place, ValueText.Of(place.Items), place.Left.Length > 0 ? place.Left : "nothing");
        table.WriteTo(text, "  ");
    }
}
