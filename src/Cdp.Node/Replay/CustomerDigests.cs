using System.Security.Cryptography;
using System.Text;
using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;

namespace Cdp.Node.Replay;

/// <summary>
/// Digests the state of every customer, in ordinal order of tenant and id; where customers are folded again, the shards
/// hear which segments they are in.
/// </summary>
/// <param name="grains">Where the customers are.</param>
/// <param name="index">Their ids.</param>
internal sealed class CustomerDigests(IGrains grains, ICustomerIndex index)
{
    private const int PageSize = 256;
    private const int MostDifferent = 20;

    /// <summary>One pass over all customers.</summary>
    /// <param name="Digest">Over all of them, in hex.</param>
    /// <param name="Customers">Number of those that stand.</param>
    /// <param name="Merged">Number of those that were merged into others.</param>
    /// <param name="Events">Events that they fold.</param>
    /// <param name="Each">The digests one by one, where they were asked for.</param>
    public sealed record Pass(string Digest, long Customers, long Merged, long Events, IReadOnlyDictionary<string, string> Each)
    {
        /// <summary>The first customers that two passes see differently.</summary>
        public IReadOnlyList<string> DifferentFrom(Pass other) =>
            [.. Each.Keys.Union(other.Each.Keys, StringComparer.Ordinal)
                .Where(customer => Each.GetValueOrDefault(customer) != other.Each.GetValueOrDefault(customer))
                .Order(StringComparer.Ordinal).Take(MostDifferent)];
    }

    /// <summary>Makes a pass.</summary>
    /// <param name="tenants">All tenants.</param>
    /// <param name="refold">Whether each customer is folded again first.</param>
    /// <param name="keepEach">Whether the result holds the digests one by one.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<Pass> ReadAsync(IEnumerable<string> tenants, bool refold, bool keepEach, CancellationToken cancellationToken)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var each = new Dictionary<string, string>(StringComparer.Ordinal);
        long customers = 0, merged = 0, events = 0;
        var request = new RefoldRequest { AsItStands = !refold };
        foreach (var tenant in tenants.Order(StringComparer.Ordinal))
        {
            await foreach (var page in PagesAsync(tenant, cancellationToken))
            {
                var statements = new ShardStatements(tenant);
                var replies = await Task.WhenAll(page.Select(id => grains.Get<ICustomer>($"{tenant}/{id}").Refold(request, cancellationToken).AsTask()));
                for (var i = 0; i < page.Count; i++)
                {
                    if (replies[i].Standing == CustomerStanding.Forwarded) merged++;
                    if (replies[i].Standing != CustomerStanding.Here) continue;
                    customers++;
                    events += replies[i].Events;
                    var name = $"{tenant}/{page[i]}";
                    digest.AppendData(Encoding.UTF8.GetBytes(name));
                    digest.AppendData(replies[i].Digest.Span);
                    if (keepEach) each.Add(name, Convert.ToHexStringLower(replies[i].Digest.Span));
                    if (refold) statements.Add(replies[i].Membership);
                }

                foreach (var (shard, mirror) in statements.Requests) await grains.Get<ISegment>(shard).Mirror(mirror, cancellationToken);
            }
        }

        return new Pass(Convert.ToHexStringLower(digest.GetHashAndReset()), customers, merged, events, each);
    }

    private async IAsyncEnumerable<IReadOnlyList<string>> PagesAsync(
        string tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = string.Empty; ;)
        {
            var page = await index.PageAsync(tenant, after, PageSize, cancellationToken);
            if (page.Count == 0) yield break;
            yield return page;
            after = page[^1];
        }
    }
}
