using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Segments;

/// <summary>Statements of one tenant's customers, put together by the shards that mirror them.</summary>
/// <param name="tenant">The tenant.</param>
public sealed class ShardStatements(string tenant)
{
    private readonly Dictionary<string, MirrorMembershipsRequest> _requests = new(StringComparer.Ordinal);

    /// <summary>One request for each shard that is concerned.</summary>
    public IReadOnlyDictionary<string, MirrorMembershipsRequest> Requests => _requests;

    /// <summary>Adds a customer's statement; null adds nothing.</summary>
    public void Add(MembershipStatement? statement)
    {
        if (statement is null) return;
        var key = SegmentShards.KeyOfCustomer(tenant, statement.Customer);
        if (!_requests.TryGetValue(key, out var request)) _requests[key] = request = new MirrorMembershipsRequest();
        request.Statements.Add(statement);
    }
}
