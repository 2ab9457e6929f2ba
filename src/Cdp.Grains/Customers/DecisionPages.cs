using Cdp.Domain.Decisions;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <summary>Pages through a customer's decisions, newest first.</summary>
internal static class DecisionPages
{
    /// <summary>Reads one page.</summary>
    /// <remarks>Reads the whole history for every page, and keeps no more than the page of it.</remarks>
    public static async ValueTask<ReadDecisionsReply> ReadAsync(IAsyncEnumerable<PlacedEntry> history, ReadDecisionsRequest request)
    {
        var after = request.PageToken.Length > 0 && DecisionId.TryParse(request.PageToken, out var last) ? new Place(last.AtMicros, request.PageToken) : (Place?)null;
        var newest = new PriorityQueue<DecisionEntry, Place>();
        await foreach (var placed in history)
        {
            if (placed.Entry.Decision is not { } decision) continue;
            var place = new Place(decision.At, decision.Id);
            if (after is { } end && place.CompareTo(end) >= 0) continue;
            newest.Enqueue(decision, place);
            if (newest.Count > request.PageSize + 1) newest.Dequeue();
        }

        var reply = new ReadDecisionsReply { Standing = CustomerStanding.Here };
        var isMore = newest.Count > request.PageSize;
        if (isMore) newest.Dequeue();
        while (newest.TryDequeue(out var decision, out _)) reply.Entries.Insert(0, decision);
        if (isMore) reply.NextPageToken = reply.Entries[^1].Id;
        return reply;
    }

    private readonly record struct Place(long At, string Id) : IComparable<Place>
    {
        public int CompareTo(Place other) => At != other.At ? At.CompareTo(other.At) : string.CompareOrdinal(Id, other.Id);
    }
}
