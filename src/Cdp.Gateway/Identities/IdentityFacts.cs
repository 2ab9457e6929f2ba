using System.Runtime.CompilerServices;
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
}
