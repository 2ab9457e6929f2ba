using System.Buffers.Binary;
using System.Buffers.Text;
using Cdp.Domain.Segments;
using Cdp.Gateway.Keys;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Segments;

/// <summary>Counts and lists the members of segments, which are spread over a tenant's shards.</summary>
internal sealed class SegmentMembers(GatewayPorts ports)
{
    private const long FromTheStart = -1;

    /// <summary>Number of a segment's members.</summary>
    public async ValueTask<long> CountAsync(Caller caller, CompiledSegment segment, CancellationToken cancellationToken)
    {
        var request = new CountShardRequest { Segment = segment.Stored.Number };
        var replies = await AskAsync(caller, shard => shard.Count(request, cancellationToken));
        return replies.Sum(reply => reply.Members);
    }

    /// <summary>One page of a segment's members, oldest customer first.</summary>
    /// <param name="caller">Whose segment it is.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="after">Sequence of the mint of the last customer before the page.</param>
    /// <param name="size">Most members of the page.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public async ValueTask<ListMembersResponse> ListAsync(Caller caller, CompiledSegment segment, long after, int size, CancellationToken cancellationToken)
    {
        // Any shard may hold all of the page, and the one beyond, which tells that there is a further page.
        var request = new ListShardRequest { Segment = segment.Stored.Number, After = after, Size = size + 1 };
        var replies = await AskAsync(caller, shard => shard.List(request, cancellationToken));
        var members = replies.SelectMany(reply => reply.Customers).Order().Take(size + 1).ToList();
        var response = new ListMembersResponse { NextPageToken = members.Count > size ? TokenOf(members[size - 1]) : string.Empty };
        response.CustomerIds.AddRange(members.Take(size).Select(caller.CustomerIds.Make));
        return response;
    }

    /// <summary>Reads a page token; an empty one stands for the first page.</summary>
    /// <returns>Whether it is one of ours.</returns>
    public static bool TryReadToken(string token, out long after)
    {
        after = FromTheStart;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        if (token.Length == 0) return true;
        if (!Base64Url.IsValid(token, out var length) || length != sizeof(long)) return false;
        Base64Url.DecodeFromChars(token, bytes);
        after = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return after >= 0;
    }

    private static string TokenOf(long sequence)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, sequence);
        return Base64Url.EncodeToString(bytes);
    }

    private Task<TReply[]> AskAsync<TReply>(Caller caller, Func<ISegment, ValueTask<TReply>> ask) =>
        Task.WhenAll(Enumerable.Range(0, SegmentShards.Count)
            .Select(shard => ask(ports.Grains.Get<ISegment>(SegmentShards.KeyOf(caller.Tenant, shard))).AsTask()));
}
