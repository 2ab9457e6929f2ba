using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Merges;

/// <summary>
/// Moves what a decided merge moves: ends the loser's history, hands it to the winner, and remembers that it did. Each
/// step may be repeated, so that a run goes on wherever an earlier one stopped. The links are pointed anew by whoever
/// uses them: the loser forwards for ever.
/// </summary>
/// <param name="context">The activation; key: <c>tenant/LOSER</c>.</param>
/// <param name="states">Where the merge's progress is kept.</param>
/// <param name="observer">Told of each step.</param>
public sealed class MergeGrain(IGrainContext context, IStateStore states, IStepObserver observer) : IMerge, IGrainLifecycle
{
    /// <summary>Kind of the states that hold how far merges are; key <c>tenant/LOSER</c>.</summary>
    public const string StateKind = "merge";

    private const int NotSealed = -1;
    private readonly GrainState<MergeState> _kept = new(context, states, StateKind, MergeState.Parser);

    private string Tenant => GrainCatalog.PartsOf(context.Key).Tenant;

    /// <inheritdoc/>
    public ValueTask ActivateAsync(CancellationToken cancellationToken) => _kept.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<RunMergeReply> Run(RunMergeRequest request, CancellationToken cancellationToken)
    {
        var order = request.Order;
        if (_kept.Value is { Done: true }) return new RunMergeReply { Winner = _kept.Value.HeldBy };
        if (_kept.Value is null) await BeginAsync(order);
        if (_kept.Value!.IdentitySequence != order.IdentitySequence || _kept.Value.Winner != order.Winner)
        {
            throw new InvalidOperationException($"Customer {order.Loser} is being merged by another decision already.");
        }

        // Also when it was sealed before: the reply carries what the winner is to absorb, and sealing again is free.
        var sealing = await SealAsync(order, cancellationToken);
        var holder = await AbsorbAsync(order, sealing, cancellationToken);
        var done = _kept.Value.Clone();
        (done.Absorbed, done.Done, done.HeldBy) = (true, true, holder);
        await SaveAsync(done);
        return new RunMergeReply { Winner = holder };
    }

    private async ValueTask BeginAsync(MergeOrder order)
    {
        await SaveAsync(new MergeState
        {
            Loser = order.Loser,
            Winner = order.Winner,
            IdentitySequence = order.IdentitySequence,
            SealedEntries = NotSealed,
            WinnerMinted = order.WinnerMinted,
            WinnerMintedAt = order.WinnerMintedAt,
        });
        observer.Reached(RecoverySteps.MergeBegun);
    }

    private async ValueTask<SealReply> SealAsync(MergeOrder order, CancellationToken cancellationToken)
    {
        var request = new SealRequest
        {
            Winner = order.Winner,
            IdentitySequence = order.IdentitySequence,
            At = order.At,
            Mint = new MintedEntry { IdentitySequence = order.LoserMinted, At = order.LoserMintedAt },
        };
        var reply = await CustomerOf(order.Loser).Seal(request, cancellationToken);
        if (_kept.Value!.SealedEntries == NotSealed)
        {
            var next = _kept.Value.Clone();
            next.SealedEntries = reply.Entries;
            await SaveAsync(next);
        }

        observer.Reached(RecoverySteps.MergeSealed);
        return reply;
    }

    /// <summary>Hands the loser over, to the customer that the winner was merged into if it was.</summary>
    private async ValueTask<string> AbsorbAsync(MergeOrder order, SealReply sealing, CancellationToken cancellationToken)
    {
        var holder = order.Winner;
        var mint = new MintedEntry { IdentitySequence = order.WinnerMinted, At = order.WinnerMintedAt };
        while (true)
        {
            var request = new AbsorbRequest
            {
                Loser = order.Loser,
                Entries = sealing.Entries,
                IdentitySequence = order.IdentitySequence,
                At = order.At,
                Snapshot = sealing.Snapshot,
                Mint = mint,
            };
            var reply = await CustomerOf(holder).Absorb(request, cancellationToken);

            // Gone in spite of its mint: the customer was erased, and what it would have taken in goes with it.
            if (reply.Standing != CustomerStanding.Forwarded) break;
            mint = await MintOfWinnerAsync(holder, cancellationToken);
            holder = reply.ForwardedTo;
        }

        observer.Reached(RecoverySteps.MergeAbsorbed);
        return holder;
    }

    /// <summary>
    /// The mint of whom a customer was merged into: it may have been decided but never have arrived. That merge's
    /// state says it, and stood before its loser was sealed.
    /// </summary>
    private async ValueTask<MintedEntry?> MintOfWinnerAsync(string loser, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, $"{Tenant}/{loser}", cancellationToken);
        if (!row.Exists) return null;
        var merge = MergeState.Parser.ParseFrom(row.Value.Span);
        return new MintedEntry { IdentitySequence = merge.WinnerMinted, At = merge.WinnerMintedAt };
    }

    private ICustomer CustomerOf(string customer) => context.Grains.Get<ICustomer>($"{Tenant}/{customer}");

    // Not cancelled with the caller: a write whose outcome is unknown would leave the tag in doubt.
    private ValueTask SaveAsync(MergeState next) => _kept.WriteAsync(next, CancellationToken.None);
}
