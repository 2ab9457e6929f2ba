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
    /// <param name="caller">Whose segment it is.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="newest">Whether the reader knows of something that was applied.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public async ValueTask<long> CountAsync(Caller caller, CompiledSegment segment, bool newest, CancellationToken cancellationToken)
    {
        var request = new CountShardRequest { Segment = segment.Stored.Number, Newest = newest };
        var replies = await AskAsync(caller, static (shard, request, cancellationToken) => shard.Count(request, cancellationToken), request, cancellationToken);
        return replies.Sum(reply => reply.Members);
    }

    /// <summary>One page of a segment's members, oldest customer first.</summary>
    /// <param name="caller">Whose segment it is.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="after">Sequence of the mint of the last customer before the page.</param>
    /// <param name="size">Most members of the page.</param>
    /// <param name="newest">Whether the reader knows of something that was applied.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public async ValueTask<ListMembersResponse> ListAsync(Caller caller, CompiledSegment segment, long after, int size, bool newest, CancellationToken cancellationToken)
    {
        // Any shard may hold all of the page, and the one beyond, which tells that there is a further page.
        var request = new ListShardRequest { Segment = segment.Stored.Number, After = after, Size = size + 1, Newest = newest };
        var replies = await AskAsync(caller, static (shard, request, cancellationToken) => shard.List(request, cancellationToken), request, cancellationToken);
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

    private Task<TReply[]> AskAsync<TRequest, TReply>(
        Caller caller, Func<ISegment, TRequest, CancellationToken, ValueTask<TReply>> ask, TRequest request, CancellationToken cancellationToken)
    {
        return Task.WhenAll(Enumerable.Range(0, SegmentShards.Count).Select(AskOneAsync));

        Task<TReply> AskOneAsync(int number)
        {
            var shard = ports.Grains.Get<ISegment>(SegmentShards.KeyOf(caller.Tenant, number));
            return Overtaken.AgainAsync((request, cancellationToken) => ask(shard, request, cancellationToken), request, cancellationToken).AsTask();
        }
    }
}
