using System.Globalization;
using Cdp.Domain.Segments;

namespace Cdp.Grains.Segments;

/// <summary>Which shard mirrors which customers.</summary>
public static class SegmentShards
{
    /// <summary>Shards of a tenant. Never changed: the mirrors would have to be made again.</summary>
    public const int Count = 16;

    /// <summary>Key of a tenant's shard.</summary>
    public static string KeyOf(string tenant, int shard) => string.Create(CultureInfo.InvariantCulture, $"{tenant}/{shard}");

    /// <summary>Key of the shard of a customer: neighbours share a page, pages go round.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="customer">Sequence of the customer's mint.</param>
    public static string KeyOfCustomer(string tenant, long customer) => KeyOf(tenant, (int)(customer / MembershipMirror.PageSize % Count));
}
