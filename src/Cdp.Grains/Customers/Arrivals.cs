using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>An event that a history did not have.</summary>
/// <param name="Entry">Its entry.</param>
/// <param name="Sequence">Place of the entry in the history.</param>
/// <param name="Source">The event's source.</param>
/// <param name="Event">What the fold takes of it; null where it cannot be read.</param>
internal readonly record struct FreshEvent(EventEntry Entry, long Sequence, string Source, FoldedEvent? Event)
{
    public UInt128 Id => new(Entry.IdHashHigh, Entry.IdHashLow);

    public FoldEvent ToFoldEvent() => new(Event!, Source, Entry.EffectiveAt, Entry.ReceivedAt, Entry.Partition, Entry.Position);

    /// <summary>Reads an event; its common names are shared with other customers.</summary>
    public static FoldedEvent? Read(LoggedEvent logged, NamePool names)
    {
        try
        {
            var read = EventReader.ForFold(logged.Event.Span);
            read.Type = names.Share(read.Type);
            read.Channel = names.Share(read.Channel);
            return read;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

/// <summary>
/// The events of one request, told apart: new ones, copies of known ones, and what was delivered again, which leaves no
/// trace. Gathers the entries that have to be appended.
/// </summary>
/// <param name="key">The customer's.</param>
/// <param name="sequence">Its history's length.</param>
/// <param name="ids">The ids that the history holds.</param>
/// <param name="history">Its history.</param>
/// <param name="names">Names that customers have in common.</param>
internal sealed class Arrivals(string key, long sequence, EventIds ids, IHistory history, NamePool names)
{
    /// <summary>Entries to append.</summary>
    public HistorySlice Slice { get; } = new();

    /// <summary>Events to fold.</summary>
    public List<FreshEvent> Fresh { get; } = [];

    /// <summary>Id hashes, their low halves, of further copies, and where their entries stand.</summary>
    public List<(ulong Id, long Sequence)>? Copies { get; private set; }

    /// <summary>Events that stand in the history at the very position they came from: delivered before, and nobody knows what of it was heard.</summary>
    public List<EventReference>? Redelivered { get; private set; }

    /// <summary>Copies whose content differs from that of the one known before.</summary>
    public int Conflicting { get; private set; }

    /// <summary>A copy comes before the one that was folded: all has to be folded again.</summary>
    public bool ReplacesFolded { get; private set; }

    /// <summary>Takes the next event of the request.</summary>
    public ValueTask TakeAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        var logged = entry.Event;
        var read = FreshEvent.Read(logged, names);
        var made = new EventEntry
        {
            Partition = entry.Partition,
            Position = entry.Position,
            ReceivedAt = logged.ReceivedAt,
            EffectiveAt = EffectiveTime.Of(read?.OccurredAt, read?.SentAt, logged.ReceivedAt),
            IdHashHigh = logged.IdHashHigh,
            IdHashLow = logged.IdHashLow,
            ContentHash = logged.ContentHash,
        };
        var fresh = new FreshEvent(made, sequence + Slice.Entries.Count, names.Share(logged.Source), read);
        if (!IsCertainlyNew(fresh.Id)) return CompareAsync(fresh, cancellationToken);
        Add(fresh);
        return default;
    }

    private void Add(FreshEvent fresh)
    {
        Fresh.Add(fresh);
        Slice.Entries.Add(new HistoryEntry { Event = fresh.Entry });
    }

    /// <summary>The common case, told without reading.</summary>
    private bool IsCertainlyNew(UInt128 id)
    {
        foreach (var earlier in Fresh)
        {
            if (earlier.Id == id) return false;
        }

        return sequence == 0 || (!ids.FiltersMissing && !ids.MayHold((ulong)id));
    }

    private async ValueTask CompareAsync(FreshEvent fresh, CancellationToken cancellationToken)
    {
        var reference = new EventReference(key, fresh.Sequence, fresh.Entry);
        var known = await KnownAsync(reference, cancellationToken);
        if (known.Count == 0)
        {
            Add(fresh);
            return;
        }

        var at = known.FindIndex(k => k.Partition == reference.Partition && k.Position == reference.Position);
        if (at >= 0)
        {
            (Redelivered ??= []).Add(known[at]);
            return;
        }

        var other = known[0].ContentHash != reference.ContentHash;
        if (other) Conflicting++;
        if (known.TrueForAll(reference.ComesBefore)) ReplacesFolded = true;
        Slice.Entries.Add(new HistoryEntry { Copy = new CopyEntry { Event = fresh.Entry, OtherContent = other } });
        (Copies ??= []).Add(((ulong)reference.Id, fresh.Sequence));
    }

    /// <summary>All copies of an event that are known, in the history and earlier in the same request.</summary>
    private async ValueTask<List<EventReference>> KnownAsync(EventReference reference, CancellationToken cancellationToken)
    {
        var known = new List<EventReference>(0);
        foreach (var earlier in Fresh)
        {
            if (earlier.Id == reference.Id) known.Add(new EventReference(key, earlier.Sequence, earlier.Entry));
        }

        if (sequence == 0) return known;
        var reader = new HistoryReader(history, key[..key.IndexOf('/', StringComparison.Ordinal)]);
        foreach (var place in await ids.LocateAsync((ulong)reference.Id, cancellationToken))
        {
            await foreach (var placed in reader.ReadUnionAsync(key, place, place + 1, cancellationToken))
            {
                if ((placed.Entry.Event ?? placed.Entry.Copy?.Event) is not { } entry) continue;
                var found = new EventReference(placed.Key, placed.Sequence, entry);
                if (found.Id == reference.Id) known.Add(found);
            }
        }

        return known;
    }
}
