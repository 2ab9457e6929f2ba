using System.Runtime.CompilerServices;
using Cdp.Domain.Consent;
using Cdp.Domain.Decisions;
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
    IStateStore States, IHistory History, IEventLog Log, IDefinitions Definitions, IModels Models, IStepObserver Steps, GrainMetrics Metrics);

/// <summary>One customer: the fold of its history, kept live.</summary>
/// <remarks>
/// The history comes first: an entry is appended, then folded. A snapshot is a cache; whatever it lacks is folded from
/// the history when the grain is activated.
/// </remarks>
public sealed partial class CustomerGrain : ICustomer, IGrainLifecycle
{
    /// <summary>Kind of the state that holds snapshots.</summary>
    public const string SnapshotKind = "customer";

    private const int SchemaVersion = 2;
    private const int SnapshotEvery = 32;

    // To read fewer events again after a crash costs less than to write a snapshot of every customer seen.
    private const int SnapshotWorth = 8;
    private const int MostSinceSnapshot = 512;
    private const int SnapshotBytesPerChange = 256;
    private const int MostBehind = 1024;
    private static readonly TimeSpan SnapshotAfter = TimeSpan.FromSeconds(30);

    private readonly IGrainContext _context;
    private readonly CustomerPorts _ports;
    private readonly string _key;
    private readonly string _tenant;
    private readonly string _id;
    private readonly EventIds _ids;
    private readonly SnapshotWriter _snapshots;
    private readonly IGrainTimer _snapshotTimer;
    private readonly WriteUnderWay _write = new();

    private ProfileState _profile = new();
    private RenderedProfile? _rendered;
    private Definitions? _foldedUnder;
    private HashSet<ulong>? _absorbed;
    private string _sealedInto = string.Empty;
    private long _minted = -1;
    private long _sequence;
    private bool _foldAgain;
    private bool _erased;
    private int _sinceSnapshot;
    private IGrainTimer? _foldTimer;

    /// <summary>Makes the grain for one activation.</summary>
    public CustomerGrain(IGrainContext context, CustomerPorts ports)
    {
        _context = context;
        _ports = ports;
        _key = context.Key;
        (_tenant, _id) = GrainCatalog.PartsOf(_key);
        _ids = new EventIds(ports.States, _key);
        _snapshots = new SnapshotWriter(ports.States, ports.Steps, SnapshotKind, context);
        _snapshotTimer = context.CreateTimer(SnapshotWhenDue);
    }

    private bool Exists => _minted >= 0;

    /// <summary>Changes after which a snapshot is worth its writing: a large one waits for more of them.</summary>
    private int SnapshotDue => Math.Clamp(_snapshots.Bytes / SnapshotBytesPerChange, SnapshotEvery, MostSinceSnapshot);

    // Made when needed: a live customer that only absorbs and answers carries neither.
    private HistoryReader Reader => new(_ports.History, _tenant);

    private CustomerFold Fold => new(_ports.Log, Reader, _context.Time);

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        var definitions = await DefinitionsAsync(cancellationToken);
        var snapshot = await _snapshots.ReadAsync(cancellationToken);
        if (snapshot?.SchemaVersion != SchemaVersion) snapshot = null;
        if (snapshot is not null) Take(snapshot, definitions);
        var lacks = snapshot is null || snapshot.FoldVersion != ProfileFold.Version || snapshot.Bookkeeping.FoldAgain;
        var behind = new List<EventReference>();
        await foreach (var placed in Reader.ReadAsync(_key, _sequence, long.MaxValue, cancellationToken))
        {
            lacks |= await FollowAsync(placed, behind, cancellationToken);
            _sequence = placed.Sequence + 1;
        }

        if (_erased) Forget();
        if (!Exists) return;
        _foldedUnder ??= definitions;
        if (_sealedInto.Length > 0)
        {
            // Who is sealed only forwards, and whoever takes it in folds what it lacks.
            _foldAgain |= behind.Count > 0;
            return;
        }

        _foldAgain |= behind.Count > MostBehind;
        if (behind.Count > 0 && !_foldAgain) await AbsorbBehindAsync(behind, definitions, cancellationToken);
        if (!_foldAgain) return;

        // What stands in the history is seen by the first who asks; only new definitions may take effect later.
        if (!lacks)
        {
            FoldAgainSoon();
            return;
        }

        await FoldAgainAsync(cancellationToken);
        await AfterChangeAsync(0, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await BehindAsync();
        if (Exists && !_ports.Definitions.IsSealed(_key) && _behind is not { Lost: true } && (_sinceSnapshot > 0 || _snapshots.Pending)) await _snapshots.WriteAsync(Snapshot, cancellationToken);
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new ApplyReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (_erased || (!Exists && request.Mint is null)) return new ApplyReply { Standing = CustomerStanding.Gone };

        var definitions = await DefinitionsAsync(cancellationToken);
        using var writing = _write.Begin();
        if (request.Mint is { After.Count: > 0 } mint) await InheritAsync(mint, cancellationToken);
        var segments = _segments;
        var arrivals = new Arrivals(_key, _sequence, _ids, _ports);
        var slice = arrivals.Slice;
        if (!Exists) slice.Entries.Add(new HistoryEntry { Minted = request.Mint });
        var outcomes = Outcomes(request, definitions, slice);
        if (outcomes?.Unknown is { } unknown) await CheckTakenInAsync(unknown, cancellationToken);
        for (var i = 0; i < request.Entries.Count; i++)
        {
            if (request.Entries[i].Event.Outcome is null) await arrivals.TakeAsync(request.Entries[i], cancellationToken);
        }

        var reply = new ApplyReply
        {
            Standing = CustomerStanding.Here,
            Applied = arrivals.Fresh.Count,
            Duplicates = arrivals.Copies?.Count ?? 0,
            Conflicting = arrivals.Conflicting,
        };
        if (slice.Entries.Count > 0)
        {
            await AppendAsync(slice, cancellationToken);
            if (request.Mint is not null && !Exists) _minted = request.Mint.IdentitySequence;
            if (outcomes is not null)
            {
                _decisions = outcomes.Memory;
                _ports.Steps.Reached(RecoverySteps.OutcomesAppended);
            }

            FoldIn(arrivals, definitions);
        }

        if (outcomes is not null) reply.Effects.AddRange(outcomes.Effects);
        if (outcomes?.Redelivered is { } unheard) await AddEffectsAsync(unheard, reply, cancellationToken);

        // Also where nothing is new: a store that was lost may have kept an earlier delivery from being folded.
        var changes = slice.Entries.Count;
        if (_foldAgain)
        {
            foreach (var skip in await FoldAgainAsync(cancellationToken)) NameSkipped(skip, arrivals.Fresh, reply);
            changes++;
        }

        if (arrivals.Redelivered is { } redelivered) await NameSkippedBeforeAsync(redelivered, reply, cancellationToken);
        if (changes > 0) await AfterChangeAsync(slice.Entries.Count, cancellationToken);

        // What is delivered again may have been evaluated before and never been heard of.
        reply.Membership = StatementIf(!ReferenceEquals(segments, _segments) || arrivals.Redelivered is not null, definitions);
        return reply;
    }

    /// <inheritdoc/>
    public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken) =>
        request.Newest ? CheckAndReadAsync(request, cancellationToken) : Read(request, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        if (Elsewhere() is { } forwarded) return new ReadEventsReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new ReadEventsReply { Standing = CustomerStanding.Gone };
        return await EventPages.ReadAsync(Fold, _key, _sequence, request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new TraceCustomerEventReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new TraceCustomerEventReply { Standing = CustomerStanding.Gone };
        var reply = await new EventTracing(Reader, Fold).TraceAsync(_key, _sequence, request, await DefinitionsAsync(cancellationToken), cancellationToken);
        (reply.Standing, reply.CustomerId) = (CustomerStanding.Here, _id);
        return reply;
    }

    /// <inheritdoc/>
    public async ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        if (Elsewhere() is { } forwarded) return new ReadConsentsReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new ReadConsentsReply { Standing = CustomerStanding.Gone };
        var state = new ProfileState();
        ConsentRules.Join(state, _profile);
        return new ReadConsentsReply { Standing = CustomerStanding.Here, CustomerId = _id, State = state };
    }

    /// <inheritdoc/>
    public async ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken)
    {
        await CheckNewestAsync(cancellationToken);
        if (!Exists) return new RefoldReply { Standing = CustomerStanding.Gone };
        var definitions = await DefinitionsAsync(cancellationToken);
        if (_sealedInto.Length > 0)
        {
            await ForgetProfileAsync(definitions, cancellationToken);
            return new RefoldReply { Standing = CustomerStanding.Forwarded, Membership = LastStatement() };
        }

        var (forgotten, isNew) = await ForgetOldAsync(definitions, cancellationToken);
        if (!request.AsItStands || _foldAgain || _foldedUnder!.Version != definitions.Version)
        {
            _foldAgain = true;
            await FoldAgainAsync(cancellationToken);
            if (isNew) await SnapshotNowAsync(cancellationToken);
            else await AfterChangeAsync(MostSinceSnapshot, cancellationToken);
        }

        if (_segmentsVersion != definitions.Segments.Version) EvaluateAll(definitions);
        return new RefoldReply
        {
            Membership = StatementIf(needed: true, definitions),
            Standing = CustomerStanding.Here,
            Events = _profile.EventCount,
            Forgotten = forgotten,
            Digest = ByteString.CopyFrom(System.Security.Cryptography.SHA256.HashData(_profile.ToByteArray())),
        };
    }

    private async ValueTask<ReadProfileReply> CheckAndReadAsync(ReadProfileRequest request, CancellationToken cancellationToken)
    {
        await CheckNewestAsync(cancellationToken);
        return await Read(request, cancellationToken);
    }

    private ValueTask<ReadProfileReply> Read(ReadProfileRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new(new ReadProfileReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded });
        if (!Exists) return new(new ReadProfileReply { Standing = CustomerStanding.Gone });
        return _ports.Definitions.Find(_tenant) is { } definitions
            ? new(ProfileUnder(definitions, request))
            : LoadAndReadAsync(request, cancellationToken);
    }

    private async ValueTask<ReadProfileReply> LoadAndReadAsync(ReadProfileRequest request, CancellationToken cancellationToken) =>
        ProfileUnder(await DefinitionsAsync(cancellationToken), request);

    private ReadProfileReply ProfileUnder(Definitions definitions, ReadProfileRequest request)
    {
        _foldAgain |= _foldedUnder!.Version != definitions.Version;
        if (_foldAgain) FoldAgainSoon();

        var view = request.Whole ? definitions.WholeView : definitions.View(request.Purpose, request.Fields);
        var status = _foldAgain ? Cdp.V1.ValueStatus.Stale : Cdp.V1.ValueStatus.Ok;
        if (!request.Whole && !ConsentRules.Allows(_profile, definitions.Rules.Find(request.Purpose), request.Channel, UnixTime.Micros(_context.Time.GetUtcNow())))
        {
            var withheld = ProfileView.Withhold(view, _id, _sequence, status);
            return new ReadProfileReply { Standing = CustomerStanding.Here, Profile = withheld.ToByteString(), ConsentMissing = true };
        }

        if (_rendered is not { } rendered || !rendered.IsOf(view, _sequence, status))
        {
            var profile = ProfileView.Render(_profile, view, definitions, _id, _sequence, status, UnixTime.Micros(_context.Time.GetUtcNow()));
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
        ProfileNames.Share(_profile);
        _sequence = book.Sequence;
        _sealedInto = book.SealedInto;
        _minted = book.MintedSequence;
        _foldAgain = book.FoldAgain || snapshot.FoldVersion != ProfileFold.Version || snapshot.DefinitionsVersion != definitions.Version;
        if (!_foldAgain) _foldedUnder = definitions;
        if (book.Absorbed.Count > 0) _absorbed = [.. book.Absorbed];
        (_forgetAt, _retentionVersion) = (book.ForgetAt, book.RetentionVersion);
        _ids.Load(book);
        LoadSegments(book);
        _decisions = snapshot.Decisions is { } decisions ? new DecisionMemory(decisions) : null;
    }

    /// <summary>Takes note of an entry that the snapshot does not reflect; true where the profile lacks what it holds.</summary>
    private async ValueTask<bool> FollowAsync(PlacedEntry placed, List<EventReference> behind, CancellationToken cancellationToken)
    {
        _sinceSnapshot++;
        switch (placed.Entry.KindCase)
        {
            case HistoryEntry.KindOneofCase.Event:
                behind.Add(new EventReference(placed.Key, placed.Sequence, placed.Entry.Event));
                AddId(placed.Entry, placed.Sequence);
                break;
            case HistoryEntry.KindOneofCase.Minted:
                _minted = placed.Entry.Minted.IdentitySequence;
                return false;
            case HistoryEntry.KindOneofCase.Sealed:
                _sealedInto = placed.Entry.Sealed.Winner;
                return false;
            case HistoryEntry.KindOneofCase.Erased:
                _erased = true;
                return false;
            case HistoryEntry.KindOneofCase.Absorbed:
                var absorbed = placed.Entry.Absorbed;
                (_absorbed ??= []).Add(LoserHash(absorbed.Loser));
                _forgetAt = 0;
                await foreach (var theirs in Reader.ReadUnionAsync($"{_tenant}/{absorbed.Loser}", 0, absorbed.Entries, cancellationToken))
                    AddId(theirs.Entry, placed.Sequence);
                await AbsorbDecisionsAsync(absorbed, cancellationToken);
                _foldAgain = true;
                break;
            case HistoryEntry.KindOneofCase.Decision:
            case HistoryEntry.KindOneofCase.Outcome:
                Remember(_decisions ??= new DecisionMemory(), placed.Entry);
                return false;
            default:
                AddId(placed.Entry, placed.Sequence);
                _foldAgain = true;
                break;
        }

        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AppendAsync(HistorySlice slice, CancellationToken cancellationToken)
    {
        if (_behind is { } behind)
        {
            await behind.EndAsync();
            if (behind.Lost) throw new OwnershipLostException(_key);
        }

        _ports.Steps.Reached(RecoverySteps.HistoryAppending);
        var bytes = new byte[slice.CalculateSize()];
        slice.WriteTo(bytes.AsSpan());
        if (!await _ports.History.AppendAsync(_key, _sequence, slice.Entries.Count, bytes, cancellationToken))
        {
            _context.Abandon();
            throw new OwnershipLostException(_key);
        }

        _sequence += slice.Entries.Count;
        _ports.Steps.Reached(RecoverySteps.HistoryAppended);
    }

    private async ValueTask AfterChangeAsync(int changes, CancellationToken cancellationToken)
    {
        _rendered = null;
        _sinceSnapshot += changes;
        await _ids.FreezeAsync(_sequence, cancellationToken);
        if (_sinceSnapshot >= SnapshotDue) StartSnapshot();
        else if (_sinceSnapshot >= SnapshotWorth) StartSnapshotTimer();
    }

    private ValueTask SnapshotWhenDue(CancellationToken cancellationToken)
    {
        if (_sinceSnapshot > 0 && !_ports.Definitions.IsSealed(_key)) StartSnapshot();
        return default;
    }

    private void StartSnapshotTimer()
    {
        // Not put off by what happens meanwhile: a customer that is never at rest is kept too.
        if (!_snapshotTimer.IsStarted) _snapshotTimer.Start(SnapshotAfter);
    }

    private void StartSnapshot()
    {
        // A snapshot is never ahead of the history.
        if (_behind is { AtRest: false } or { Lost: true } || !_snapshots.TryStart(Snapshot))
        {
            StartSnapshotTimer();
            return;
        }

        _sinceSnapshot = 0;
        _snapshotTimer.Stop();
    }

    private CustomerSnapshot Snapshot()
    {
        var book = new Bookkeeping
        {
            Sequence = _sequence, SealedInto = _sealedInto, MintedSequence = _minted, FoldAgain = _foldAgain,
            ForgetAt = _forgetAt, RetentionVersion = _retentionVersion,
        };
        if (_absorbed is not null) book.Absorbed.AddRange(_absorbed);
        _ids.Save(book);
        SaveSegments(book);
        return new CustomerSnapshot
        {
            SchemaVersion = SchemaVersion,
            FoldVersion = ProfileFold.Version,
            DefinitionsVersion = _foldedUnder?.Version ?? 0,
            Profile = _profile,
            Bookkeeping = book,
            Decisions = _decisions?.ToState(),
        };
    }

    private void AddId(HistoryEntry entry, long sequence)
    {
        if (IdOf(entry) is { } id) _ids.Add(id, sequence);
    }

    private static ulong? IdOf(HistoryEntry entry) => (entry.Event ?? entry.Copy?.Event)?.IdHashLow;
}
