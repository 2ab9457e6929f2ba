using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// Erases the content of events that were kept long enough: in the log, or in the histories where those keep it. The copies of
/// an event go with the one that counts. What <see cref="ErasedEvents"/> leaves of one stays.
/// </summary>
internal sealed class OldEvents(IEventLog log, IHistory history, HistoryReader reader, CustomerFold fold, EventRetention retention)
{
    private const int AtOnce = 256;
    private const int PageBytes = 128 * 1024;

    /// <summary>Erases those of a customer.</summary>
    /// <param name="key">The customer's.</param>
    /// <param name="length">Its history's length.</param>
    /// <param name="now">Microseconds since the epoch.</param>
    /// <param name="cancellationToken">Cancels the calls; what was erased stays so.</param>
    /// <returns>
    /// How many it erased; how many of the looked at are gone, with those that were erased before; and before which moment none of
    /// the others, nor one that comes yet, has been kept long enough.
    /// </returns>
    public async ValueTask<(int Erased, int Gone, long Next)> EraseAsync(string key, long length, long now, CancellationToken cancellationToken)
    {
        var shortest = retention.ShortestMicros!.Value;
        var next = now + shortest;
        var (counting, copies) = await CollectAsync(key, length, cancellationToken);
        var (old, due, gone) = (new List<EventReference>(), new List<EventReference>(), new HashSet<UInt128>());
        foreach (var reference in counting.Values)
        {
            if (reference.ReceivedAt + shortest <= now) old.Add(reference);
            else next = Math.Min(next, reference.ReceivedAt + shortest);
        }

        foreach (var chunk in old.Chunk(AtOnce))
        {
            // Of what is not read nothing is left.
            gone.UnionWith(chunk.Select(reference => reference.Id));
            foreach (var (reference, logged) in await fold.ReadAsync(chunk, cancellationToken))
            {
                var until = retention.Micros(EventReader.TryHead(logged.Event.Span)) is { } kept ? reference.ReceivedAt + kept : long.MaxValue;
                if (until <= now)
                {
                    due.Add(reference);
                    continue;
                }

                gone.Remove(reference.Id);
                next = Math.Min(next, until);
            }
        }

        // A stop may have come between those of an event.
        var erased = due.Count;
        due.AddRange(copies.Where(copy => gone.Contains(copy.Id)));
        if (log.Forgets) await EraseKeptAsync(due, cancellationToken);
        else await EraseLoggedAsync(due, cancellationToken);
        return (erased, gone.Count, next);
    }

    /// <summary>Of each event the copy that counts, and the others.</summary>
    private async ValueTask<(Dictionary<UInt128, EventReference> Counting, List<EventReference> Copies)> CollectAsync(string key, long length, CancellationToken cancellationToken)
    {
        var (counting, copies) = (new Dictionary<UInt128, EventReference>(), new List<EventReference>());
        await foreach (var (at, sequence, entry) in reader.ReadUnionAsync(key, 0, length, cancellationToken))
        {
            if ((entry.Event ?? entry.Copy?.Event) is not { Erased: false } found) continue;
            var reference = new EventReference(at, sequence, found);
            if (counting.TryGetValue(reference.Id, out var known))
            {
                copies.Add(reference.ComesBefore(known) ? known : reference);
                if (!reference.ComesBefore(known)) continue;
            }

            counting[reference.Id] = reference;
        }

        return (counting, copies);
    }

    private async ValueTask EraseLoggedAsync(List<EventReference> all, CancellationToken cancellationToken)
    {
        foreach (var chunk in all.Chunk(AtOnce))
            await Task.WhenAll(chunk.Select(reference => ErasedEvents.EraseAsync(log, reference.Partition, reference.Position, cancellationToken).AsTask()));
    }

    private async ValueTask EraseKeptAsync(List<EventReference> all, CancellationToken cancellationToken)
    {
        foreach (var own in all.GroupBy(reference => reference.Key, StringComparer.Ordinal))
        {
            var wanted = own.Select(reference => reference.Sequence).ToHashSet();
            var (from, end) = (wanted.Min(), wanted.Max() + 1);
            while (from < end && await history.ReadAsync(own.Key, from, PageBytes, cancellationToken) is { Count: > 0 } rows)
            {
                foreach (var row in rows) await EraseKeptAsync(own.Key, row, wanted, cancellationToken);
                from = rows[^1].End;
            }
        }
    }

    private async ValueTask EraseKeptAsync(string key, HistorySliceRow row, HashSet<long> wanted, CancellationToken cancellationToken)
    {
        var slice = HistorySlice.Parser.ParseFrom(row.Bytes.Span);
        var changed = false;
        for (var i = 0; i < slice.Entries.Count; i++)
        {
            if (!wanted.Contains(row.First + i) || (slice.Entries[i].Event ?? slice.Entries[i].Copy?.Event) is not { Logged: { Erased: false } logged } entry) continue;
            entry.Logged = ErasedEvents.RemainderOf(logged);
            changed = true;
        }

        if (changed && !await history.RewriteAsync(key, row.First, row.Count, slice.ToByteArray(), cancellationToken))
            throw new InvalidDataException($"Entry {row.First} of history {key} is missing.");
    }
}
