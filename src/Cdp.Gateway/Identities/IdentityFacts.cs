using System.Runtime.CompilerServices;
using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Identities;

/// <summary>Reads what was decided about one customer.</summary>
internal static class IdentityFacts
{
    /// <summary>All facts, in the order of decision.</summary>
    public static async IAsyncEnumerable<IdentityFact> AllAsync(
        IIdentity identity, string customer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var token = string.Empty; ;)
        {
            var page = await identity.Describe(new DescribeGroupRequest { Customer = customer, PageSize = Pages.MostEntries, PageToken = token }, cancellationToken);
            foreach (var fact in page.Facts) yield return fact;
            token = page.NextPageToken;
            if (token.Length == 0) yield break;
        }
    }
}
