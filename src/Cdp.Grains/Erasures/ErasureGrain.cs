using System.Security.Cryptography;
using Cdp.Domain.Events;
using Cdp.Domain.Segments;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Merges;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Erasures;

/// <summary>The ports that erasures stand on.</summary>
public sealed record ErasurePorts(IEventLog Log, IStateStore States, IHistory History, ICustomerIndex Customers, IDefinitions Definitions, IStepObserver Steps)
{
    /// <summary>Where they are noted for whoever restores a backup; null: nowhere.</summary>
    public IErasureLedger? Ledger { get; init; }
}

/// <summary>
/// Erases customers. The identity decides first: from then on the identifiers are nobody's. Then everything that is held is ended,
/// written down by its places alone, and erased place by place. Each step may be repeated; what is begun is ended, after whatever
/// stop.
/// </summary>
/// <remarks>docs/decisions/0018-erasure.md says what is left where, and why.</remarks>
/// <param name="context">The activation; key: the tenant.</param>
/// <param name="ports">Where everything is.</param>
public sealed class ErasureGrain(IGrainContext context, ErasurePorts ports) : IErasure, IGrainLifecycle
{
    /// <summary>Kind of the states that hold which erasures are under way.</summary>
    public const string StateKind = "erasure";

    /// <summary>Kind of the states that hold receipts; key <c>tenant/ID</c>.</summary>
    public const string ReceiptKind = Receipts.Kind;

    private const int IdBytes = 12;
    private const int AtOnce = 64;

    private readonly GrainState<ErasureState> _kept = new(context, ports.States, StateKind, ErasureState.Parser);
    private readonly Receipts _receipts = new(ports.States, context.Key);

    private string Tenant => context.Key;

    /// <inheritdoc/>
    public ValueTask ActivateAsync(CancellationToken cancellationToken) => _kept.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<EraseReply> Erase(EraseRequest request, CancellationToken cancellationToken)
    {
        var pending = _kept.Value?.Pending.FirstOrDefault(known => known.Customer == request.Customer);
        if (pending is null)
        {
            var known = await context.Grains.Get<IIdentity>(Tenant).Confirm(new ConfirmCustomerRequest { Customer = request.Customer, Newest = true }, cancellationToken);
            if (known.Erased && await _receipts.OfCustomerAsync(request.Customer, cancellationToken) is { } kept) return await ReplyAsync(kept, cancellationToken);
            if (!known.Minted || known.Erased) return new EraseReply();
            pending = new PendingErasure
            {
                Customer = request.Customer,
                RequestedAt = UnixTime.Micros(context.Time.GetUtcNow()),
                RequestedBy = request.RequestedBy,
                Reason = request.Reason,
                Id = request.ReceiptId.Length > 0 ? request.ReceiptId : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
            };
            var begun = _kept.Value?.Clone() ?? new ErasureState();
            begun.Pending.Add(pending);
            await SaveAsync(begun);
            ports.Steps.Reached(RecoverySteps.ErasureBegun);
        }

        // Not cancelled with the caller: what is begun is ended.
        return await ReplyAsync(await EndAsync(pending, CancellationToken.None), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ResumeErasuresReply> Resume(ResumeErasuresRequest request, CancellationToken cancellationToken)
    {
        var reply = new ResumeErasuresReply();
        foreach (var pending in _kept.Value?.Pending.ToArray() ?? [])
        {
            await EndAsync(pending, cancellationToken);
            reply.Ended++;
        }

        return reply;
    }

    /// <inheritdoc/>
    public async ValueTask<ReadReceiptReply> ReadReceipt(ReadReceiptRequest request, CancellationToken cancellationToken)
    {
        var receipt = await _receipts.ReadAsync(request.Id, cancellationToken);
        return receipt is null ? new ReadReceiptReply() : new ReadReceiptReply { Receipt = receipt, PublicKey = (await _receipts.KeyAsync(cancellationToken)).PublicKey };
    }

    private async ValueTask<EraseReply> ReplyAsync(StoredReceipt receipt, CancellationToken cancellationToken) =>
        new() { Found = true, Receipt = receipt, PublicKey = (await _receipts.KeyAsync(cancellationToken)).PublicKey };

    private async ValueTask<StoredReceipt> EndAsync(PendingErasure pending, CancellationToken cancellationToken)
    {
        var (receipt, keys) = await CarryOutAsync(pending, cancellationToken);
        if (ports.Ledger is { } ledger)
        {
            // Before anybody is told that it ended: a restore of an older backup has to know of it from then on.
            await ledger.NoteAsync(new ErasureNote(Tenant, receipt.Id, [.. receipt.CustomerIds], keys, receipt.ErasedAt.UnixMicros), cancellationToken);
        }

        var stored = await _receipts.KeepAsync(receipt, cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasureReceipted);
        var ended = _kept.Value!.Clone();
        ended.Pending.Remove(ended.Pending.First(known => known.Id == pending.Id));
        await SaveAsync(ended);
        return stored;
    }

    private async ValueTask<(ErasureReceipt Receipt, IReadOnlyList<string> Keys)> CarryOutAsync(PendingErasure pending, CancellationToken cancellationToken)
    {
        var identity = context.Grains.Get<IIdentity>(Tenant);
        var decided = await identity.Erase(new EraseIdentityRequest { Customer = pending.Customer, At = pending.RequestedAt }, cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasureDecided);

        // What was decided before is carried out before: a history is not to come in behind its erasure.
        foreach (var order in decided.Merges.OrderBy(order => order.IdentitySequence))
            await context.Grains.Get<IMerge>($"{Tenant}/{order.Loser}").Run(new RunMergeRequest { Order = order }, cancellationToken);
        string[] customers = [decided.Erased.Customer, .. decided.Erased.Former];
        var seal = new EraseCustomerStateRequest { At = pending.RequestedAt, SealOnly = true };
        foreach (var customer in customers) await CustomerOf(customer).EraseState(seal, cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasureSealed);

        if (await ErasedCustomers.LengthAsync(ports.History, Tenant, customers[0], cancellationToken) is null)
            await ErasedCustomers.WriteAsync(ports.History, Tenant, customers[0], EntriesAsync(customers, cancellationToken), cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasureListed);

        var receipt = new ErasureReceipt { Id = pending.Id, Tenant = Tenant, RequestedBy = pending.RequestedBy, Reason = pending.Reason, CustomerIds = { customers } };
        receipt.Places.Add(await EraseLogAsync(customers[0], cancellationToken));

        // By the values that the identity record says: before it does not any more.
        var scrub = new IdentityScrub(ports.History, Tenant, decided);
        receipt.Places.Add(await EraseRefusedAsync(decided, scrub, cancellationToken));
        ports.Steps.Reached(RecoverySteps.ErasureBlanked);
        receipt.Places.Add(await EraseCustomersAsync(customers, pending.RequestedAt, cancellationToken));
        receipt.Places.Add(new ErasedPlace
        {
            Place = "identity record",
            Items = await scrub.RunAsync(cancellationToken),
            Left = "keyed hashes of the identifiers, so that a replay decides the same",
        });
        ports.Steps.Reached(RecoverySteps.ErasureScrubbed);
        receipt.Places.Add(await EraseLinksAsync(decided, cancellationToken));
        receipt.Places.Add(await LeaveSegmentsAsync(decided, cancellationToken));
        foreach (var customer in customers) await ports.Customers.RemoveAsync(Tenant, customer, cancellationToken);
        receipt.Places.Add(new ErasedPlace { Place = "customer index", Items = customers.Length });
        receipt.RequestedAt = new Timestamp { UnixMicros = pending.RequestedAt };
        receipt.ErasedAt = new Timestamp { UnixMicros = UnixTime.Micros(context.Time.GetUtcNow()) };
        return (receipt, [.. decided.Erased.Keys]);
    }

    /// <summary>
    /// The own entries of all that are erased together, and what is known there of those whose erasure they came after: it is to be
    /// known on.
    /// </summary>
    private async IAsyncEnumerable<HistoryEntry> EntriesAsync(
        string[] customers, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = new HistoryReader(ports.History, Tenant);
        foreach (var customer in customers)
        {
            await foreach (var placed in reader.ReadAsync($"{Tenant}/{customer}", 0, long.MaxValue, cancellationToken))
            {
                yield return placed.Entry;
                if (placed.Entry.Absorbed is not { } absorbed || !ErasedCustomers.IsName(absorbed.Loser)) continue;
                await foreach (var known in reader.ReadAsync($"{Tenant}/{absorbed.Loser}", 0, absorbed.Entries, cancellationToken)) yield return known.Entry;
            }
        }
    }

    private async ValueTask<ErasedPlace> EraseLogAsync(string customer, CancellationToken cancellationToken)
    {
        var place = new ErasedPlace { Place = "log" };
        if (ports.Log.Forgets) place.Left = "copies in the event hub, which nothing reads any more and which it forgets after its retention";
        var key = $"{Tenant}/{ErasedCustomers.NameOf(customer)}";
        var under = new List<Task<bool>>(AtOnce);
        await foreach (var placed in new HistoryReader(ports.History, Tenant).ReadAsync(key, 0, long.MaxValue, cancellationToken))
        {
            if (placed.Entry.Event is not { } made) continue;
            under.Add(EraseRecordAsync(made, cancellationToken));
            if (under.Count == AtOnce) await DrainAsync();
        }

        await DrainAsync();
        return place;

        async ValueTask DrainAsync()
        {
            place.Items += (await Task.WhenAll(under)).Count(static erased => erased);
            under.Clear();
        }
    }

    private async Task<bool> EraseRecordAsync(EventEntry made, CancellationToken cancellationToken)
    {
        if (ports.Log.Forgets) return false;

        // An outcome may stand in the event of somebody else, which carried it: that stays.
        if (made.IdHashHigh == 0 && made.IdHashLow == 0)
        {
            var records = await ports.Log.ReadManyAsync([(made.Partition, made.Position)], cancellationToken);
            if (records[0] is not { } record || LoggedEvent.Parser.ParseFrom(record.Payload.Span).Outcome is null) return false;
        }

        return await ErasedEvents.EraseWhollyAsync(ports.Log, made.Partition, made.Position, cancellationToken);
    }

    private async ValueTask<ErasedPlace> EraseRefusedAsync(EraseIdentityReply decided, IdentityScrub scrub, CancellationToken cancellationToken)
    {
        var place = new ErasedPlace { Place = "dead letters" };
        if (ports.Log.Forgets) return place;
        var definitions = await ports.Definitions.GetAsync(Tenant, cancellationToken) ?? throw new InvalidOperationException($"Tenant '{Tenant}' is not known.");
        var keys = decided.Erased.Keys.ToHashSet(StringComparer.Ordinal);
        place.Items = await new RefusedEvents(ports.Log, ports.History, definitions).EraseAsync(keys, await scrub.ValuesAsync(cancellationToken), cancellationToken);
        return place;
    }

    /// <summary>Snapshots and filters, then the histories; of each the entry is left that says that nobody is here.</summary>
    private async ValueTask<ErasedPlace> EraseCustomersAsync(string[] customers, long at, CancellationToken cancellationToken)
    {
        var place = new ErasedPlace { Place = "histories and snapshots", Left = "hashes of the events' ids without a time, so that what is sent again does not count" };
        foreach (var customer in customers)
        {
            var reply = await CustomerOf(customer).EraseState(new EraseCustomerStateRequest { At = at }, cancellationToken);
            place.Items += reply.States + reply.Entries;
            var key = $"{Tenant}/{customer}";
            if (await ports.History.LengthAsync(key, cancellationToken) == 1) continue;
            await ports.History.DeleteAsync(key, cancellationToken);
            ports.Steps.Reached(RecoverySteps.ErasureDeleted);
            var end = new HistorySlice { Entries = { new HistoryEntry { Erased = new ErasedEntry { At = at } } } };
            if (!await ports.History.AppendAsync(key, 0, 1, end.ToByteArray(), cancellationToken)) throw new OwnershipLostException(key);
        }

        return place;
    }

    private async ValueTask<ErasedPlace> EraseLinksAsync(EraseIdentityReply decided, CancellationToken cancellationToken)
    {
        var request = new PointLinkRequest { Version = decided.Sequence };
        foreach (var chunk in decided.Erased.Keys.Chunk(AtOnce))
            await Task.WhenAll(chunk.Select(key => context.Grains.Get<IIdentityLink>($"{Tenant}/{key}").Point(request, cancellationToken).AsTask()));
        return new ErasedPlace { Place = "identity links", Items = decided.Erased.Keys.Count, Left = "keyed hashes that lead to nobody" };
    }

    private async ValueTask<ErasedPlace> LeaveSegmentsAsync(EraseIdentityReply decided, CancellationToken cancellationToken)
    {
        foreach (var shard in decided.Mints.GroupBy(mint => SegmentShards.KeyOfCustomer(Tenant, mint.Sequence)))
        {
            var request = new MirrorMembershipsRequest();
            request.Statements.AddRange(shard.Select(mint => new MembershipStatement { Customer = mint.Sequence, Definitions = MembershipVersion.LastDefinitions, Sequence = long.MaxValue }));
            await context.Grains.Get<ISegment>(shard.Key).Mirror(request, cancellationToken);
        }

        return new ErasedPlace { Place = "segments", Items = decided.Mints.Count, Left = "a number without a person, in no segment" };
    }

    private ICustomer CustomerOf(string customer) => context.Grains.Get<ICustomer>($"{Tenant}/{customer}");

    // Not cancelled with the caller: a write whose outcome is unknown would leave the tag in doubt.
    private ValueTask SaveAsync(ErasureState next) => _kept.WriteAsync(next, CancellationToken.None);
}
