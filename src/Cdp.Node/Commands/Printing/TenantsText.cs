using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes tenants for people.</summary>
internal static class TenantsText
{
    public static string Write(IEnumerable<Tenant> tenants)
    {
        var table = new TextTable("id", "name", "time zone", "currency", "country", "events kept", "deleted since");
        foreach (var tenant in tenants)
            table.Add(tenant.Id, tenant.DisplayName, tenant.TimeZone, tenant.CurrencyCode, tenant.CountryCode, KeptArgument.Of(tenant.EventDays, ofType: false), tenant.Deletion is { } deletion ? ValueText.Of(deletion.RequestedAt) : "");
        var text = new StringBuilder();
        table.WriteTo(text);
        return text.ToString();
    }

    public static string WriteDeleted(DeleteTenantResponse response)
    {
        var text = new StringBuilder();
        var deletion = response.Deletion;
        var facts = new TextTable("", "");
        facts.Add("tenant", deletion.TenantId);
        facts.Add("requested", ValueText.Of(deletion.RequestedAt));
        facts.Add("by key", deletion.RequestedBy);
        facts.Add("deleted", ValueText.Of(deletion.EndedAt));
        facts.WriteTo(text);
        text.Append("\nDELETED\n");
        ErasureText.WritePlaces(text, deletion.Places);
        return text.ToString();
    }
}
