using System.Runtime.CompilerServices;
using Cdp.Domain.Tenants;
using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Identities;

/// <summary>Reads what was decided about one customer.</summary>
internal static class IdentityFacts
{
    /// <summary>All facts, in the order of decision.</summary>
    /// <param name="identity">The tenant's identity.</param>
    /// <param name="customer">The customer.</param>
    /// <param name="newest">Whether the reader knows of something that was applied.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public static async IAsyncEnumerable<IdentityFact> AllAsync(
        IIdentity identity, string customer, bool newest, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var token = string.Empty; ;)
        {
            var request = new DescribeGroupRequest { Customer = customer, PageSize = Pages.MostEntries, PageToken = token, Newest = newest };
            var page = await Overtaken.AgainAsync(identity.Describe, request, cancellationToken);
            foreach (var fact in page.Facts) yield return fact;
            token = page.NextPageToken;
            if (token.Length == 0) yield break;
        }
    }

    /// <summary>A fact as a purpose may see it: values of withheld namespaces are left out, the fact is not.</summary>
    public static IdentityFact Shown(IdentityFact fact, FieldGroup visible)
    {
        var shown = fact.Clone();
        foreach (var identifier in new[]
        {
            shown.Minted?.Identifier, shown.Linked?.Identifier, shown.Linked?.With, shown.Merged?.Identifier, shown.Merged?.With,
            shown.Refused?.Identifier, shown.Refused?.With,
        })
        {
            if (identifier is not null && visible.Of(identifier.Namespace) != FieldAccess.Visible) identifier.Value = string.Empty;
        }

        return shown;
    }
}
