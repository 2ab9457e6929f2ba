using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes purposes for people.</summary>
internal static class PurposeText
{
    public static string Write(IEnumerable<Purpose> purposes)
    {
        var text = new StringBuilder();
        var table = new TextTable("purpose", "ground in law", "consent", "GPC", "description");
        foreach (var purpose in purposes)
        {
            table.Add(
                purpose.Id, BasisOf(purpose.LawfulBasis), purpose.NeedsConsent ? "needed" : "", purpose.RefusedByGpc ? "refuses" : "", purpose.Description);
        }

        table.WriteTo(text);
        return text.ToString();
    }

    public static string BasisOf(LawfulBasis basis) => basis switch
    {
        LawfulBasis.Consent => "consent",
        LawfulBasis.Contract => "contract",
        LawfulBasis.LegalObligation => "legal obligation",
        LawfulBasis.VitalInterests => "vital interests",
        LawfulBasis.PublicTask => "public task",
        LawfulBasis.LegitimateInterests => "legitimate interests",
        _ => "",
    };
}
