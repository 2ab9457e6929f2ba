using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>The ports a customer stands on.</summary>
public sealed record CustomerPorts(
    IStateStore States, IHistory History, IEventLog Log, IDefinitions Definitions, IStepObserver Steps, GrainMetrics Metrics)
{
    /// <summary>Names that customers have in common.</summary>
    internal NamePool Names { get; } = new();
}

/// <summary>One customer: the fold of its history, kept live.</summary>
/// <remarks>
/// The history comes first: an entry is appended, then folded. A snapshot is a cache; whatever it lacks is folded from
/// the history when the grain is activated.
/// </remarks>
public sealed class CustomerGrain : ICustomer, IGrainLifecycle
{
    /// <summary>Kind of the state that holds snapshots.</summary>
    public const string SnapshotKind = "customer";

    private const int SchemaVersion = 1;
    private const int SnapshotEvery = 32;
    private const int MostBehind = 1024;
    private static readonly TimeSpan SnapshotAfter = TimeSpan.FromSeconds(30);

    private readonly IGrainContext _context;
    private readonly CustomerPorts _ports;
    private readonly string _key;
    private readonly string _tenant;
    private readonly string _id;
    private readonly EventIds _ids;
    private readonly SnapshotWriter _snapshots;

    private ProfileState _profile = new();
    private RenderedProfile? _rendered;
    private Definitions? _foldedUnder;
    private HashSet<ulong>? _absorbed;
    private string _sealedInto = string.Empty;
    private long _minted = -1;
    private long _sequence;
    private bool _foldAgain;
    private int _sinceSnapshot;
    private IDisposable? _snapshotTimer;
    private IDisposable? _foldTimer;

    /// <summary>Makes the grain for one activation.</summary>
    public CustomerGrain(IGrainContext context, CustomerPorts ports)
    {
        _context = context;
        _ports = ports;
        _key = context.Key;
        var slash = _key.IndexOf('/', StringComparison.Ordinal);
        _tenant = _key[..slash];
        _id = _key[(slash + 1)..];
        _ids = new EventIds(ports.States, _key);
        _snapshots = new SnapshotWriter(ports.States, ports.Steps, SnapshotKind, context);
    }

    private bool Exists => _minted >= 0;

    // Made when needed: a live customer that only absorbs and answers carries neither.
    private HistoryReader Reader => new(_ports.History, _tenant);

    private CustomerFold Fold => new(_ports.Log, Reader, _context.Time);

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        var definitions = await DefinitionsAsync(cancellationToken);
        var snapshot = await _snapshots.ReadAsync(cancellationToken);
        if (snapshot is not null) Take(snapshot, definitions);
        var behind = new List<EventReference>();
        await foreach (var placed in Reader.ReadAsync(_key, _sequence, long.MaxValue, cancellationToken))
        {
            await FollowAsync(placed, behind, cancellationToken);
            _sequence = placed.Sequence + 1;
        }

        if (!Exists) return;
        _foldedUnder ??= definitions;
        _foldAgain |= behind.Count > MostBehind;
        if (behind.Count > 0 && !_foldAgain) await AbsorbBehindAsync(behind, definitions, cancellationToken);
        if (_foldAgain && (snapshot is null || snapshot.FoldVersion != ProfileFold.Version)) await FoldAgainAsync(cancellationToken);
        else if (_foldAgain) FoldAgainSoon();
    }

    /// <inheritdoc/>
    public async ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (Exists && (_sinceSnapshot > 0 || _snapshots.Pending)) await _snapshots.WriteAsync(Snapshot(), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new ApplyReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists && request.Mint is null) return new ApplyReply { Standing = CustomerStanding.Gone };

        var definitions = await DefinitionsAsync(cancellationToken);
        var reply = new ApplyReply { Standing = CustomerStanding.Here };
        var slice = new HistorySlice();
        if (!Exists) slice.Entries.Add(new HistoryEntry { Minted = request.Mint });
        var copies = new List<ulong>(0);
        var fresh = await SortAsync(request, slice, reply, copies, cancellationToken);
        if (slice.Entries.Count == 0) return reply;

        await AppendAsync(slice, cancellationToken);
        if (request.Mint is not null && !Exists) _minted = request.Mint.IdentitySequence;
        foreach (var id in copies) _ids.Add(id);
        foreach (var taken in fresh)
        {
            _ids.Add((ulong)taken.Reference.Id);
            _foldAgain = _foldAgain || !TryAbsorb(taken, definitions);
        }

        if (_foldedUnder is null) _foldedUnder = definitions;
        else if (_foldedUnder.Version != definitions.Version) _foldAgain = true;
        if (_foldAgain)
        {
            foreach (var skip in await FoldAgainAsync(cancellationToken)) NameSkipped(skip, fresh, reply);
        }

        await AfterChangeAsync(slice.Entries.Count, cancellationToken);
        return reply;
    }

    /// <inheritdoc/>
    public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new(new ReadProfileReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded });
        if (!Exists) return new(new ReadProfileReply { Standing = CustomerStanding.Gone });
        return _ports.Definitions.Find(_tenant) is { } definitions
            ? new(ProfileUnder(definitions, request))
            : LoadAndReadAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new ReadEventsReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new ReadEventsReply { Standing = CustomerStanding.Gone };
        return await EventPages.ReadAsync(Fold, _key, _sequence, request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken)
    {
        if (_sealedInto.Length == 0)
        {
            var slice = new HistorySlice();
            if (!Exists)
            {
                if (request.Mint is null) throw new InvalidOperationException($"Customer '{_id}' was never minted and cannot be sealed.");
                slice.Entries.Add(new HistoryEntry { Minted = request.Mint });
            }

            slice.Entries.Add(new HistoryEntry
            {
                Sealed = new SealedEntry { Winner = request.Winner, IdentitySequence = request.IdentitySequence, At = request.At },
            });
            await AppendAsync(slice, cancellationToken);
            if (!Exists) _minted = request.Mint.IdentitySequence;
            _sealedInto = request.Winner;
            await _snapshots.WriteAsync(Snapshot(), cancellationToken);
            _sinceSnapshot = 0;
        }

        // Sealed is the last entry: all before it go to the winner.
        return new SealReply { Entries = _sequence - 1, Snapshot = Snapshot() };
    }

    /// <inheritdoc/>
    public async ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new AbsorbReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists && request.Mint is null) return new AbsorbReply { Standing = CustomerStanding.Gone };
        var reply = new AbsorbReply { Standing = CustomerStanding.Here };
        if (await HasAbsorbedAsync(request.Loser, cancellationToken)) return reply;

        var definitions = await DefinitionsAsync(cancellationToken);
        var loserKey = $"{_tenant}/{request.Loser}";
        if (_ids.FiltersMissing) await _ids.LoadFiltersAsync(cancellationToken);
        var loserIds = new List<ulong>();
        var overlap = false;
        await foreach (var placed in Reader.ReadUnionAsync(loserKey, 0, request.Entries, cancellationToken))
        {
            if (IdOf(placed.Entry) is not { } id) continue;
            loserIds.Add(id);

            // A false positive only costs a fold that would not have been needed.
            overlap |= _ids.Find(id, _sequence).Count > 0;
        }

        var slice = new HistorySlice();
        if (!Exists) slice.Entries.Add(new HistoryEntry { Minted = request.Mint });
        slice.Entries.Add(new HistoryEntry
        {
            Absorbed = new AbsorbedEntry
            {
                Loser = request.Loser, Entries = request.Entries, IdentitySequence = request.IdentitySequence, At = request.At,
            },
        });
        await AppendAsync(slice, cancellationToken);
        if (!Exists) _minted = request.Mint.IdentitySequence;
        (_absorbed ??= []).Add(LoserHash(request.Loser));
        foreach (var id in loserIds) _ids.Add(id);
        _foldedUnder ??= definitions;

        var theirs = request.Snapshot;
        var comparable = !overlap && !_foldAgain && theirs is not null && !theirs.Bookkeeping.FoldAgain
            && theirs.FoldVersion == ProfileFold.Version && theirs.DefinitionsVersion == definitions.Version
            && _foldedUnder.Version == definitions.Version;
        if (!comparable || !ProfileFold.TryAbsorbState(_profile, theirs!.Profile, definitions))
        {
            _foldAgain = true;
            await FoldAgainAsync(cancellationToken);
        }

        await AfterChangeAsync(SnapshotEvery, cancellationToken);
        return reply;
    }

    /// <inheritdoc/>
    public async ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken)
    {
        if (!Exists) return new RefoldReply { Standing = CustomerStanding.Gone };
        if (_sealedInto.Length > 0) return new RefoldReply { Standing = CustomerStanding.Forwarded };
        var definitions = await DefinitionsAsync(cancellationToken);
        if (!request.AsItStands || _foldAgain || _foldedUnder!.Version != definitions.Version)
        {
            _foldAgain = true;
            await FoldAgainAsync(cancellationToken);
            await AfterChangeAsync(SnapshotEvery, cancellationToken);
        }

        return new RefoldReply
        {
            Standing = CustomerStanding.Here,
            Events = _profile.EventCount,
            Digest = ByteString.CopyFrom(System.Security.Cryptography.SHA256.HashData(_profile.ToByteArray())),
        };
    }

    private async ValueTask<ReadProfileReply> LoadAndReadAsync(ReadProfileRequest request, CancellationToken cancellationToken) =>
        ProfileUnder(await DefinitionsAsync(cancellationToken), request);

    private ReadProfileReply ProfileUnder(Definitions definitions, ReadProfileRequest request)
    {
        if (_foldedUnder!.Version != definitions.Version && !_foldAgain)
        {
            _foldAgain = true;
            FoldAgainSoon();
        }

        var view = definitions.View(request.Purpose, request.Fields);
        var status = _foldAgain ? Cdp.V1.ValueStatus.Stale : Cdp.V1.ValueStatus.Ok;
        if (_rendered is not { } rendered || !rendered.IsOf(view, _sequence, status))
        {
            var profile = ProfileView.Render(_profile, view, definitions, _id, _sequence, status, Micros(_context.Time.GetUtcNow()));
            rendered = new RenderedProfile(view, _sequence, status, profile.ToByteString());
            _rendered = rendered.MayBeKept ? rendered : null;
        }

        return new ReadProfileReply { Standing = CustomerStanding.Here, Profile = rendered.Profile };
    }

    private string? Elsewhere() => _sealedInto.Length > 0 ? _sealedInto : null;

    private async ValueTask<Definitions> DefinitionsAsync(CancellationToken cancellationToken) =>
        await _ports.Definitions.GetAsync(_tenant, cancellationToken)
        ?? throw new InvalidOperationException($"Tenant '{_tenant}' is not known.");

    private void Take(CustomerSnapshot snapshot, Definitions definitions)
    {
        var book = snapshot.Bookkeeping;
        _profile = snapshot.Profile ?? new ProfileState();
        _sequence = book.Sequence;
        _sealedInto = book.SealedInto;
        _minted = book.MintedSequence;
        _foldAgain = book.FoldAgain || snapshot.FoldVersion != ProfileFold.Version || snapshot.DefinitionsVersion != definitions.Version;
        if (!_foldAgain) _foldedUnder = definitions;
        if (book.Absorbed.Count > 0) _absorbed = [.. book.Absorbed];
        _ids.Load(book);
    }

    /// <summary>Takes note of an entry that the snapshot does not reflect.</summary>
    private async ValueTask FollowAsync(PlacedEntry placed, List<EventReference> behind, CancellationToken cancellationToken)
    {
        switch (placed.Entry.KindCase)
        {
            case HistoryEntry.KindOneofCase.Event:
                behind.Add(new EventReference(placed.Key, placed.Sequence, placed.Entry.Event));
                AddId(placed.Entry);
                break;
            case HistoryEntry.KindOneofCase.Minted:
                _minted = placed.Entry.Minted.IdentitySequence;
                break;
            case HistoryEntry.KindOneofCase.Sealed:
                _sealedInto = placed.Entry.Sealed.Winner;
                break;
            case HistoryEntry.KindOneofCase.Absorbed:
                var absorbed = placed.Entry.Absorbed;
                (_absorbed ??= []).Add(LoserHash(absorbed.Loser));
                await foreach (var theirs in Reader.ReadUnionAsync($"{_tenant}/{absorbed.Loser}", 0, absorbed.Entries, cancellationToken))
                    AddId(theirs.Entry);
                _foldAgain = true;
                break;
            default:
                AddId(placed.Entry);
                _foldAgain = true;
                break;
        }

        _sinceSnapshot++;
    }

    private async ValueTask AbsorbBehindAsync(List<EventReference> behind, Definitions definitions, CancellationToken cancellationToken)
    {
        foreach (var (reference, logged) in await Fold.ReadAsync(behind, cancellationToken))
        {
            if (TryAbsorb(new FreshEvent(reference, logged.Source, Read(logged)), definitions)) continue;
            _foldAgain = true;
            await FoldAgainAsync(cancellationToken);
            return;
        }
    }

    /// <summary>False where the event cannot be absorbed as it comes: folding all again will, or will find it bad.</summary>
    private bool TryAbsorb(in FreshEvent taken, Definitions definitions)
    {
        try
        {
            return taken.Event is not null
                && ProfileFold.TryAbsorb(_profile, taken.Reference.ToFoldEvent(taken.Source, taken.Event), definitions);
        }
        catch (Exception)
        {
            _ports.Metrics.FoldFailed();
            return false;
        }
    }

    /// <summary>What the fold takes of an event, its common names shared with other customers; null where it cannot be read.</summary>
    private FoldedEvent? Read(LoggedEvent logged)
    {
        try
        {
            var read = EventReader.ForFold(logged.Event.Span);
            read.Type = _ports.Names.Share(read.Type);
            read.Channel = _ports.Names.Share(read.Channel);
            return read;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>Tells new events from copies and from what was delivered again; adds their entries to the slice.</summary>
    private async ValueTask<List<FreshEvent>> SortAsync(
        ApplyRequest request, HistorySlice slice, ApplyReply reply, List<ulong> copies, CancellationToken cancellationToken)
    {
        var fresh = new List<FreshEvent>(request.Entries.Count);
        foreach (var entry in request.Entries)
        {
            var logged = entry.Event;
            var read = Read(logged);
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
            var reference = new EventReference(_key, _sequence + slice.Entries.Count, made);
            var known = IsNew(reference.Id, fresh) ? [] : await KnownAsync(reference, fresh, cancellationToken);
            if (known.Count == 0)
            {
                fresh.Add(new FreshEvent(reference, _ports.Names.Share(logged.Source), read));
                slice.Entries.Add(new HistoryEntry { Event = made });
                reply.Applied++;
                continue;
            }

            if (known.Exists(k => k.Partition == reference.Partition && k.Position == reference.Position)) continue;
            reply.Duplicates++;
            var other = known[0].ContentHash != reference.ContentHash;
            if (other) reply.Conflicting++;
            if (known.TrueForAll(reference.ComesBefore)) _foldAgain = true;
            slice.Entries.Add(new HistoryEntry { Copy = new CopyEntry { Event = made, OtherContent = other } });
            copies.Add((ulong)reference.Id);
        }

        return fresh;
    }

    /// <summary>Whether an id is certainly new: the common case, told without reading.</summary>
    private bool IsNew(UInt128 id, List<FreshEvent> fresh)
    {
        foreach (var earlier in fresh)
        {
            if (earlier.Reference.Id == id) return false;
        }

        return _sequence == 0 || (!_ids.FiltersMissing && _ids.Find((ulong)id, _sequence).Count == 0);
    }

    /// <summary>All copies of an event that are known, in the history and earlier in the same request.</summary>
    private async ValueTask<List<EventReference>> KnownAsync(
        EventReference reference, List<FreshEvent> fresh, CancellationToken cancellationToken)
    {
        var known = new List<EventReference>(0);
        foreach (var earlier in fresh)
        {
            if (earlier.Reference.Id == reference.Id) known.Add(earlier.Reference);
        }

        if (_sequence == 0) return known;
        if (_ids.FiltersMissing) await _ids.LoadFiltersAsync(cancellationToken);
        foreach (var (from, to) in _ids.Find((ulong)reference.Id, _sequence))
        {
            await foreach (var placed in Reader.ReadUnionAsync(_key, from, to, cancellationToken))
            {
                if ((placed.Entry.Event ?? placed.Entry.Copy?.Event) is not { } entry) continue;
                var found = new EventReference(placed.Key, placed.Sequence, entry);
                if (found.Id == reference.Id) known.Add(found);
            }
        }

        return known;
    }

    private async ValueTask AppendAsync(HistorySlice slice, CancellationToken cancellationToken)
    {
        _ports.Steps.Reached(RecoverySteps.HistoryAppending);
        if (!await _ports.History.AppendAsync(_key, _sequence, slice.Entries.Count, slice.ToByteArray(), cancellationToken))
        {
            _context.Abandon();
            throw new OwnershipLostException(_key);
        }

        _sequence += slice.Entries.Count;
        _ports.Steps.Reached(RecoverySteps.HistoryAppended);
    }

    private async ValueTask<List<SkippedEntry>> FoldAgainAsync(CancellationToken cancellationToken)
    {
        var definitions = await DefinitionsAsync(cancellationToken);
        var skipped = new List<SkippedEntry>();
        var profile = await Fold.RunAsync(_key, _sequence, definitions, skipped, cancellationToken);
        if (skipped.Count > 0)
        {
            var slice = new HistorySlice();
            slice.Entries.AddRange(skipped.Select(s => new HistoryEntry { Skipped = s }));
            await AppendAsync(slice, cancellationToken);
        }

        _profile = profile;
        _rendered = null;
        _foldedUnder = definitions;
        _foldAgain = false;
        _sinceSnapshot += SnapshotEvery;
        _ports.Metrics.FoldedAgain();
        return skipped;
    }

    private void FoldAgainSoon()
    {
        _foldTimer ??= _context.StartTimer(TimeSpan.Zero, async cancellationToken =>
        {
            _foldTimer = null;
            if (!_foldAgain || !Exists) return;
            await FoldAgainAsync(cancellationToken);
            await AfterChangeAsync(0, cancellationToken);
        });
    }

    private void NameSkipped(SkippedEntry skip, List<FreshEvent> fresh, ApplyReply reply)
    {
        _ports.Metrics.FoldFailed();
        foreach (var (reference, _, _) in fresh)
        {
            if (skip.Loser.Length > 0 || reference.Sequence != skip.Sequence) continue;
            reply.Skipped.Add(new V1.SkippedEvent { Partition = reference.Partition, Position = reference.Position, Error = skip.Error });
        }
    }

    private async ValueTask<bool> HasAbsorbedAsync(string loser, CancellationToken cancellationToken)
    {
        if (_absorbed?.Contains(LoserHash(loser)) != true) return false;
        await foreach (var placed in Reader.ReadAsync(_key, 0, _sequence, cancellationToken))
        {
            if (placed.Entry.Absorbed?.Loser == loser) return true;
        }

        return false;
    }

    private async ValueTask AfterChangeAsync(int changes, CancellationToken cancellationToken)
    {
        _rendered = null;
        _sinceSnapshot += changes;
        await _ids.FreezeAsync(_sequence, cancellationToken);
        if (_sinceSnapshot >= SnapshotEvery) StartSnapshot();
        else StartSnapshotTimer();
    }

    private void StartSnapshotTimer()
    {
        _snapshotTimer ??= _context.StartTimer(SnapshotAfter, _ =>
        {
            _snapshotTimer = null;
            if (_sinceSnapshot > 0) StartSnapshot();
            return default;
        });
    }

    private void StartSnapshot()
    {
        _snapshotTimer?.Dispose();
        _snapshotTimer = null;
        if (_snapshots.TryStart(Snapshot)) _sinceSnapshot = 0;
        else StartSnapshotTimer();
    }

    private CustomerSnapshot Snapshot()
    {
        var book = new Bookkeeping
        {
            Sequence = _sequence, SealedInto = _sealedInto, MintedSequence = _minted, FoldAgain = _foldAgain,
        };
        if (_absorbed is not null) book.Absorbed.AddRange(_absorbed);
        _ids.Save(book);
        return new CustomerSnapshot
        {
            SchemaVersion = SchemaVersion,
            FoldVersion = ProfileFold.Version,
            DefinitionsVersion = _foldedUnder?.Version ?? 0,
            Profile = _profile,
            Bookkeeping = book,
        };
    }

    private void AddId(HistoryEntry entry)
    {
        if (IdOf(entry) is { } id) _ids.Add(id);
    }

    private static ulong? IdOf(HistoryEntry entry) => (entry.Event ?? entry.Copy?.Event)?.IdHashLow;

    private static ulong LoserHash(string loser) =>
        System.IO.Hashing.XxHash64.HashToUInt64(System.Text.Encoding.UTF8.GetBytes(loser));

    private static long Micros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;

    /// <summary>An event that the history did not have.</summary>
    private readonly record struct FreshEvent(EventReference Reference, string Source, FoldedEvent? Event);
}
