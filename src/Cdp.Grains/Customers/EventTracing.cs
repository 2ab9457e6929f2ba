using Cdp.Domain.Expressions;
using Cdp.Domain.Tenants;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <summary>
/// Finds an event in a customer's history, and works out which segments it moved the customer into or out of: what stood before
/// it and what stood with it are folded from the history and evaluated, by today's definitions.
/// </summary>
internal sealed class EventTracing(HistoryReader reader, CustomerFold fold)
{
    private const int MostEntries = 20_000;

    /// <summary>Traces an event.</summary>
    /// <param name="key">The customer's.</param>
    /// <param name="length">Its history's length.</param>
    /// <param name="request">Which event.</param>
    /// <param name="definitions">Today's definitions.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    public async ValueTask<TraceCustomerEventReply> TraceAsync(
        string key, long length, TraceCustomerEventRequest request, Definitions definitions, CancellationToken cancellationToken)
    {
        var found = new List<(PlacedEntry Placed, EventEntry Event)>();
        var skips = new HashSet<(string, long)>();
        var merges = new Dictionary<string, long>(StringComparer.Ordinal);
        var tenant = GrainCatalog.PartsOf(key).Tenant;
        var entries = 0;
        await foreach (var placed in reader.ReadUnionAsync(key, 0, length, cancellationToken))
        {
            entries++;
            if (placed.Entry.Skipped is { } skip) skips.Add((skip.Loser.Length == 0 ? placed.Key : $"{tenant}/{skip.Loser}", skip.Sequence));
            if (placed.Entry.Absorbed is { } merge && request.IdentitySequences.Contains(merge.IdentitySequence)) merges.TryAdd(placed.Key, placed.Sequence);
            if ((placed.Entry.Event ?? placed.Entry.Copy?.Event) is { } entry && (entry.IdHashHigh, entry.IdHashLow) == (request.IdHashHigh, request.IdHashLow))
                found.Add((placed, entry));
        }

        var reply = new TraceCustomerEventReply();
        if (found.Count == 0) return reply;
        var counts = found.MinBy(copy => (copy.Event.ReceivedAt, copy.Event.Partition, copy.Event.Position));
        reply.Copies.Add(found.OrderBy(copy => copy != counts).Select(copy => new TracedCopy { Event = Reference(copy.Event), OtherContent = copy.Placed.Entry.Copy?.OtherContent ?? false }));
        reply.Skipped = skips.Contains((counts.Placed.Key, counts.Placed.Sequence));
        if (!request.Segments || reply.Skipped || counts.Event.Erased) return reply;
        reply.SegmentsUnknown = entries > MostEntries;
        if (reply.SegmentsUnknown) return reply;

        // Also where an earlier copy came later, it is the first to come that changed something.
        var first = found.Where(copy => copy.Placed.Entry.Event is not null).DefaultIfEmpty(counts).MinBy(copy => (copy.Event.ReceivedAt, copy.Event.Partition, copy.Event.Position));
        var (history, at, now) = (first.Placed.Key, first.Placed.Sequence, first.Event.ReceivedAt);
        var before = merges.TryGetValue(history, out var merged) && merged < at ? merged : at;
        var was = await SegmentsAsync(history, before, now, definitions, cancellationToken);
        var became = await SegmentsAsync(history, at + 1, now, definitions, cancellationToken);
        reply.Entered.Add(became.Except(was));
        reply.Left.Add(was.Except(became));
        return reply;
    }

    private async ValueTask<List<uint>> SegmentsAsync(string key, long length, long now, Definitions definitions, CancellationToken cancellationToken)
    {
        var segments = new List<uint>();
        var state = await fold.RunAsync(key, length, definitions, [], cancellationToken);

        // Who has no event yet is in nothing, whatever is true of nobody.
        if (state.EventCount == 0) return segments;
        foreach (var number in definitions.Segments.Evaluate(new Subject(state, definitions.InterestHalfLifeMicros, NowMicros: 0)))
        {
            if (definitions.Segments.Find(number) is { } segment && segment.AllowedUntil(state) > now) segments.Add((uint)number);
        }

        return segments;
    }

    /// <summary>Without the content that some histories keep.</summary>
    private static EventEntry Reference(EventEntry entry)
    {
        if (entry.Logged is null) return entry;
        var reference = entry.Clone();
        reference.Logged = null;
        return reference;
    }
}
