using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.State.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Grains.Customers;

/// <summary>An event that a history did not have.</summary>
/// <param name="Entry">Its entry.</param>
/// <param name="Sequence">Place of the entry in the history.</param>
/// <param name="Source">The event's source.</param>
/// <param name="Event">What the fold takes of it; null where it cannot be read.</param>
/// <param name="Keys">Keys of its usable identifiers.</param>
internal readonly record struct FreshEvent(EventEntry Entry, long Sequence, string Source, FoldedEvent? Event, RepeatedField<IdentifierKey> Keys)
{
    /// <summary>Only its id is remembered: its content was erased.</summary>
    public bool Erased { get; init; }

    public UInt128 Id => new(Entry.IdHashHigh, Entry.IdHashLow);

    /// <summary>Its context bears Global Privacy Control.</summary>
    public bool Gpc { get; init; }

    public FoldEvent ToFoldEvent() => new(Event!, Source, Entry.EffectiveAt, Entry.ReceivedAt, Entry.Partition, Entry.Position, Keys) { Gpc = Gpc };

    /// <summary>Reads an event; null where it cannot be read.</summary>
    public static FoldedEvent? Read(LoggedEvent logged)
    {
        try
        {
            return EventReader.ForFold(logged.Event.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

/// <summary>
/// The events of one request, told apart: new ones, copies of known ones, and what was delivered again, which leaves no
/// trace. Gathers the entries that have to be appended. A copy of an erased event is erased before that.
/// </summary>
/// <param name="key">The customer's.</param>
/// <param name="sequence">Its history's length.</param>
/// <param name="ids">The ids that the history holds.</param>
/// <param name="ports">Where history and log are.</param>
internal sealed class Arrivals(string key, long sequence, EventIds ids, CustomerPorts ports)
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

    /// <summary>A copy comes before the one that was folded, or shows that it is erased: all has to be folded again.</summary>
    public bool ReplacesFolded { get; private set; }

    /// <summary>Takes the next event of the request.</summary>
    public ValueTask TakeAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        var logged = entry.Event;
        var read = FreshEvent.Read(logged);
        var made = new EventEntry
        {
            Partition = entry.Partition,
            Position = entry.Position,
            ReceivedAt = logged.ReceivedAt,
            EffectiveAt = EffectiveTime.Of(read?.OccurredAt, read?.SentAt, logged.ReceivedAt),
            IdHashHigh = logged.IdHashHigh,
            IdHashLow = logged.IdHashLow,
            ContentHash = logged.ContentHash,
            Logged = ports.Log.Forgets ? logged : null,
        };
        var fresh = new FreshEvent(made, sequence + Slice.Entries.Count, logged.Source, read, logged.Keys) { Erased = logged.Erased, Gpc = logged.Gpc };
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

        var erased = await SpreadErasureAsync(fresh, known, cancellationToken);
        var other = !erased && known[0].ContentHash != reference.ContentHash;
        if (other) Conflicting++;
        if (erased ? fresh.Erased : known.TrueForAll(reference.ComesBefore)) ReplacesFolded = true;
        Slice.Entries.Add(new HistoryEntry { Copy = new CopyEntry { Event = fresh.Entry, OtherContent = other } });
        (Copies ??= []).Add(((ulong)reference.Id, fresh.Sequence));
    }

    /// <summary>
    /// Of copies of which one is erased, all are: whichever of them counts, its content is gone. Before the entry is
    /// appended, so that no crash comes between.
    /// </summary>
    private async ValueTask<bool> SpreadErasureAsync(FreshEvent fresh, List<EventReference> known, CancellationToken cancellationToken)
    {
        if (known.Exists(static k => k.Erased))
        {
            await ErasedEvents.EraseWhollyAsync(ports.Log, fresh.Entry.Partition, fresh.Entry.Position, cancellationToken);
            (fresh.Entry.ContentHash, fresh.Entry.Logged, fresh.Entry.Erased) = (0, null, true);
            return true;
        }

        var copies = known.ConvertAll(k => (k.Partition, k.Position));
        copies.Add((fresh.Entry.Partition, fresh.Entry.Position));
        if (!await ErasedEvents.SpreadAsync(ports.Log, copies, cancellationToken)) return false;
        fresh.Entry.ContentHash = 0;
        return true;
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
        var reader = new HistoryReader(ports.History, GrainCatalog.PartsOf(key).Tenant);
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
