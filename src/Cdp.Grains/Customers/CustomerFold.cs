using System.Diagnostics;
using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>Folds a customer's whole history in canonical order, in slices that let other turns run.</summary>
internal sealed class CustomerFold(IEventLog log, HistoryReader reader, TimeProvider time)
{
    private const int ChunkEvents = 256;

    /// <summary>Entries between two that are wanted, up to which reading them as well is cheaper than asking twice.</summary>
    private const int ClosePlaces = 32;

    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The fold of the first <paramref name="length"/> entries of a history and of all that it absorbed. Events on which
    /// the fold throws are added to <paramref name="skipped"/> and left out.
    /// </summary>
    public async ValueTask<ProfileState> RunAsync(
        string key, long length, Definitions definitions, List<Skip> skipped, CancellationToken cancellationToken)
    {
        var references = await CollectAsync(key, length, cancellationToken);
        while (true)
        {
            var bad = new List<PlacedReference>();
            var state = await FoldAsync(references, definitions, bad, cancellationToken);
            if (bad.Count == 0) return state;

            // A fold that threw may have left its state half changed: start over without what it threw on.
            foreach (var (reference, error) in bad)
            {
                references.Remove(reference);
                var entry = new SkippedEntry
                {
                    Sequence = reference.Sequence,
                    Loser = reference.Key == key ? string.Empty : GrainCatalog.PartsOf(reference.Key).Id,
                    Error = error,
                };
                skipped.Add(new Skip(entry, reference));
            }
        }
    }

    /// <summary>Every event of the union once: of its copies the one that is first in (received, partition, position).</summary>
    public async ValueTask<List<EventReference>> CollectAsync(string key, long length, CancellationToken cancellationToken)
    {
        var tenant = GrainCatalog.PartsOf(key).Tenant;
        var events = new Dictionary<UInt128, EventReference>();
        var leftOut = new HashSet<(string, long)>();
        await foreach (var (at, sequence, entry) in reader.ReadUnionAsync(key, 0, length, cancellationToken))
        {
            if (entry.Skipped is { } skip)
            {
                leftOut.Add((skip.Loser.Length == 0 ? at : $"{tenant}/{skip.Loser}", skip.Sequence));
                continue;
            }

            if ((entry.Event ?? entry.Copy?.Event) is not { Erased: false } found) continue;
            var reference = new EventReference(at, sequence, found);
            if (!events.TryGetValue(reference.Id, out var known)) events[reference.Id] = reference;
            else events[reference.Id] = (reference.ComesBefore(known) ? reference : known) with { Copies = known.Copies + 1 };
        }

        var result = new List<EventReference>(events.Count);
        foreach (var reference in events.Values)
        {
            if (!leftOut.Contains((reference.Key, reference.Sequence))) result.Add(reference);
        }

        return result;
    }

    /// <summary>Reads the events behind references; an erased one is left out.</summary>
    public async ValueTask<List<(EventReference Reference, LoggedEvent Event)>> ReadAsync(
        IReadOnlyList<EventReference> references, CancellationToken cancellationToken)
    {
        if (log.Forgets) return await ReadKeptAsync(references, cancellationToken);
        var records = await log.ReadManyAsync([.. references.Select(r => (r.Partition, r.Position))], cancellationToken);
        var result = new List<(EventReference, LoggedEvent)>(references.Count);
        for (var i = 0; i < references.Count; i++)
        {
            if (records[i] is { } record && !record.Flags.HasFlag(LogRecordFlags.Blanked))
                result.Add((references[i], LoggedEvent.Parser.ParseFrom(record.Payload.Span)));
        }

        return result;
    }

    /// <summary>The same from the histories. References of one history that stand close to each other are read together.</summary>
    private async ValueTask<List<(EventReference Reference, LoggedEvent Event)>> ReadKeptAsync(
        IReadOnlyList<EventReference> references, CancellationToken cancellationToken)
    {
        var kept = new Dictionary<(string Key, long Sequence), LoggedEvent>(references.Count);
        foreach (var group in references.GroupBy(reference => reference.Key, StringComparer.Ordinal))
        {
            long[] wanted = [.. group.Select(reference => reference.Sequence).Order()];
            for (var first = 0; first < wanted.Length;)
            {
                var end = first + 1;
                while (end < wanted.Length && wanted[end] - wanted[end - 1] <= ClosePlaces) end++;
                await foreach (var (key, sequence, entry) in reader.ReadAsync(group.Key, wanted[first], wanted[end - 1] + 1, cancellationToken))
                {
                    if ((entry.Event ?? entry.Copy?.Event)?.Logged is { Erased: false } logged) kept[(key, sequence)] = logged;
                }

                first = end;
            }
        }

        var result = new List<(EventReference, LoggedEvent)>(references.Count);
        foreach (var reference in references)
        {
            if (kept.TryGetValue((reference.Key, reference.Sequence), out var logged)) result.Add((reference, logged));
        }

        return result;
    }

    private async ValueTask<ProfileState> FoldAsync(
        List<EventReference> references, Definitions definitions, List<PlacedReference> bad, CancellationToken cancellationToken)
    {
        references.Sort(static (a, b) => a.EffectiveAt.CompareTo(b.EffectiveAt));
        var state = new ProfileState();
        var started = time.GetTimestamp();
        for (var first = 0; first < references.Count;)
        {
            // Events of the same moment are ordered by source and id, which stand in the log: keep them in one chunk.
            var end = Math.Min(first + ChunkEvents, references.Count);
            while (end < references.Count && references[end].EffectiveAt == references[end - 1].EffectiveAt) end++;
            var chunk = new List<(EventReference Reference, FoldEvent Event)>(end - first);
            foreach (var (reference, logged) in await ReadAsync(references[first..end], cancellationToken))
            {
                try
                {
                    chunk.Add((reference, reference.ToFoldEvent(logged, logged.Source, EventReader.ForFold(logged.Event.Span))));
                }
                catch (InvalidProtocolBufferException e)
                {
                    bad.Add(new PlacedReference(reference, e.GetType().Name));
                    return state;
                }
            }

            chunk.Sort(static (a, b) => CanonicalOrder.Instance.Compare(a.Event, b.Event));
            foreach (var (reference, folded) in chunk)
            {
                try
                {
                    if (!ProfileFold.TryAbsorb(state, folded, definitions))
                        throw new UnreachableException("A fold in canonical order absorbs every event.");
                }
                catch (Exception e)
                {
                    bad.Add(new PlacedReference(reference, e.GetType().Name));
                    return state;
                }

                if (time.GetElapsedTime(started) > Slice)
                {
                    await Task.Yield();
                    started = time.GetTimestamp();
                }
            }

            first = end;
        }

        return state;
    }

    private sealed record PlacedReference(EventReference Reference, string Error);
}

/// <summary>An event on which the fold threw: how it is marked, and what it was.</summary>
internal readonly record struct Skip(SkippedEntry Entry, EventReference Event);

/// <summary>An event entry, as small as the order and the reading of the payload need it.</summary>
internal readonly record struct EventReference(
    string Key, long Sequence, UInt128 Id, ulong ContentHash, long EffectiveAt, long ReceivedAt, int Partition, long Position)
{
    public EventReference(string key, long sequence, EventEntry entry)
        : this(key, sequence, new UInt128(entry.IdHashHigh, entry.IdHashLow), entry.ContentHash, entry.EffectiveAt, entry.ReceivedAt, entry.Partition, entry.Position)
    {
        Erased = entry.Erased;
    }

    /// <summary>Further copies of the event.</summary>
    public int Copies { get; init; }

    /// <summary>Its content was erased, with the customer that had it.</summary>
    public bool Erased { get; init; }

    /// <summary>Whether this copy of an event counts rather than the other.</summary>
    public bool ComesBefore(EventReference other) =>
        (ReceivedAt, Partition, Position).CompareTo((other.ReceivedAt, other.Partition, other.Position)) < 0;

    /// <summary>The event as the fold takes it.</summary>
    public FoldEvent ToFoldEvent(LoggedEvent logged, string source, FoldedEvent read) =>
        new(read, source, EffectiveAt, ReceivedAt, Partition, Position, logged.Keys) { Gpc = logged.Gpc };
}
