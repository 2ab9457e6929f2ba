using Cdp.Grains;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Merges;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.Storage;

namespace Cdp.Node.Replay;

/// <summary>Makes again, from a tenant's identity record, what follows from it: rows, index, links, merges.</summary>
internal sealed class IdentityRebuild(IStore store, IGrains grains)
{
    private const int PageBytes = 1 << 20;
    private const int AtOnce = 64;

    /// <summary>Number of decisions in a tenant's record.</summary>
    public ValueTask<long> LengthAsync(string tenant, CancellationToken cancellationToken) =>
        store.History.LengthAsync(GrainCatalog.IdentityRecordKey(tenant), cancellationToken);

    /// <summary>Rebuilds one tenant. Merges that were carried out are left alone; all others are carried out.</summary>
    public async Task RunAsync(string tenant, CancellationToken cancellationToken)
    {
        // The first call makes the rows and the index: without a mark the grain folds its whole record.
        await grains.Get<IIdentity>(tenant).Confirm(new ConfirmCustomerRequest(), cancellationToken);
        var end = await LengthAsync(tenant, cancellationToken);
        await ForEachAsync(tenant, (_, decision, cancel) => EraseAsync(tenant, decision, cancel), cancellationToken);
        await ForEachAsync(tenant, (_, decision, cancel) => LinkAsync(tenant, decision, end - 1, cancel), cancellationToken);
        await ForEachAsync(tenant, (sequence, decision, cancel) => MergeAsync(tenant, sequence, decision, cancel), cancellationToken);
        await ForEachAsync(tenant, (_, decision, cancel) => InheritAsync(tenant, decision, cancel), cancellationToken);
    }

    /// <summary>Ends again who was erased: of its history nothing is left but that.</summary>
    private async ValueTask EraseAsync(string tenant, IdentityDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Erased is not { } erased) return;
        var seal = new EraseCustomerStateRequest { At = decision.At, SealOnly = true };
        foreach (var customer in erased.Former.Prepend(erased.Customer)) await grains.Get<ICustomer>($"{tenant}/{customer}").EraseState(seal, cancellationToken);
    }

    /// <summary>Tells who has the identifiers of an erased customer now.</summary>
    private async ValueTask InheritAsync(string tenant, IdentityDecision decision, CancellationToken cancellationToken)
    {
        var (customer, after) = decision.KindCase switch
        {
            IdentityDecision.KindOneofCase.Minted => (decision.Minted.Customer, decision.Minted.After),
            IdentityDecision.KindOneofCase.Linked => (decision.Linked.Customer, decision.Linked.After),
            _ => ("", ""),
        };
        if (after.Length == 0) return;
        var confirmed = await ConfirmAsync(tenant, customer, cancellationToken);
        if (confirmed.Erased) return;
        if (confirmed.MergedInto.Length > 0) confirmed = await ConfirmAsync(tenant, customer = confirmed.MergedInto, cancellationToken);
        var mint = new MintedEntry { IdentitySequence = confirmed.MintedSequence, At = confirmed.MintedAt, After = { confirmed.After } };
        await grains.Get<ICustomer>($"{tenant}/{customer}").Apply(new ApplyRequest { Mint = mint }, cancellationToken);
    }

    /// <summary>Points the link of an identifier to the customer that has it after all decisions.</summary>
    private async ValueTask LinkAsync(string tenant, IdentityDecision decision, long newest, CancellationToken cancellationToken)
    {
        var (identifier, customer) = decision.KindCase switch
        {
            IdentityDecision.KindOneofCase.Minted => (decision.Minted.Identifier, decision.Minted.Customer),
            IdentityDecision.KindOneofCase.Linked => (decision.Linked.Identifier, decision.Linked.Customer),
            _ => (null, ""),
        };
        if (identifier is null) return;
        var confirmed = await ConfirmAsync(tenant, customer, cancellationToken);
        if (confirmed.Erased) return;
        var standing = confirmed.MergedInto.Length > 0 ? confirmed.MergedInto : customer;
        await grains.Get<IIdentityLink>($"{tenant}/{identifier.Key}").Point(new PointLinkRequest { Customer = standing, Version = newest }, cancellationToken);
    }

    private async ValueTask MergeAsync(string tenant, long sequence, IdentityDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Merged is not { } merged) return;
        var row = await store.State.ReadAsync(MergeGrain.StateKind, $"{tenant}/{merged.Loser}", cancellationToken);
        if (row.Exists && MergeState.Parser.ParseFrom(row.Value.Span).Done) return;
        var loser = await ConfirmAsync(tenant, merged.Loser, cancellationToken);
        if (loser.Erased) return;
        var winner = await ConfirmAsync(tenant, merged.Winner, cancellationToken);
        var order = new MergeOrder
        {
            Loser = merged.Loser,
            Winner = merged.Winner,
            IdentitySequence = sequence,
            At = decision.At,
            LoserMinted = loser.MintedSequence,
            LoserMintedAt = loser.MintedAt,
            WinnerMinted = winner.MintedSequence,
            WinnerMintedAt = winner.MintedAt,
        };
        await grains.Get<IMerge>($"{tenant}/{merged.Loser}").Run(new RunMergeRequest { Order = order }, cancellationToken);
    }

    private async ValueTask<ConfirmCustomerReply> ConfirmAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        await grains.Get<IIdentity>(tenant).Confirm(new ConfirmCustomerRequest { Customer = customer }, cancellationToken) is { Minted: true } reply
            ? reply
            : throw new InvalidDataException($"The identity record of tenant {tenant} names customer {customer}, which it never minted; restore it from a backup.");

    /// <summary>Hands over every decision. Those of one page run beside each other: merges may, in whatever order.</summary>
    private async Task ForEachAsync(
        string tenant, Func<long, IdentityDecision, CancellationToken, ValueTask> take, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        var key = GrainCatalog.IdentityRecordKey(tenant);
        for (var next = 0L; await store.History.ReadAsync(key, next, PageBytes, cancellationToken) is { Count: > 0 } rows; next = rows[^1].End)
        {
            var decisions = rows.SelectMany(row => IdentitySlice.Parser.ParseFrom(row.Bytes.Span).Decisions.Select((decision, i) => (row.First + i, decision)));
            await Parallel.ForEachAsync(decisions, parallel, (item, cancel) => take(item.Item1, item.decision, cancel));
        }
    }
}
