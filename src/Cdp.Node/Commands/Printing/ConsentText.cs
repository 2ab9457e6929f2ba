using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes what a customer allows for people.</summary>
internal static class ConsentText
{
    public static string Write(GetConsentsResponse response)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("customer", response.CustomerId);
        facts.WriteTo(text);
        text.Append("\nPURPOSES\n");
        var purposes = new TextTable("purpose", "allowed", "because", "ground in law");
        foreach (var consent in response.Consents)
            purposes.Add(consent.Purpose, consent.Allowed ? "yes" : "no", Because(consent), PurposeText.BasisOf(consent.LawfulBasis));
        purposes.WriteTo(text, "  ");
        if (response.Consents.All(consent => consent.Acts.Count == 0))
            return text.ToString();
        text.Append("\nWHAT THE CUSTOMER SAID LAST\n");
        var acts = new TextTable("purpose", "channel", "said", "at", "until", "where", "proof");
        foreach (var consent in response.Consents)
        {
            foreach (var act in consent.Acts)
            {
                acts.Add(
                    consent.Purpose, act.Channel.Length == 0 ? "all" : act.Channel, Said(act.State), ValueText.Of(act.At), act.ExpiresAt is { } until ? ValueText.Of(until) : "",
                    string.Join(", ", new[] { act.SaidOn, act.Source }.Where(part => part.Length > 0)), act.Proof);
            }
        }

        acts.WriteTo(text, "  ");
        return text.ToString();
    }

    private static string Because(PurposeConsent consent) => consent.State switch
    {
        ConsentState.Granted => "the customer allows it",
        ConsentState.Refused => consent.Allowed ? "the customer refuses it, which its ground does not heed" : "the customer refuses it",
        ConsentState.Expired => consent.Allowed ? "needs no consent; what was allowed has expired" : "what was allowed has expired",
        ConsentState.RefusedBySignal => "the browser asks not to be tracked (Global Privacy Control)",
        _ => (consent.NeedsConsent ? "needs consent" : "needs no consent") + (consent.Acts.Count > 0 ? "; nothing was said of all channels" : "; nothing was said"),
    };

    private static string Said(ConsentState state) => state switch
    {
        ConsentState.Refused => "refused",
        ConsentState.Expired => "allowed, expired",
        ConsentState.RefusedBySignal => "allowed, before Global Privacy Control",
        _ => "allowed",
    };
}
