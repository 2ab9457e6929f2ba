using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <content>Its part in erasures: ending itself, and knowing the event ids of an erased customer whose identifiers it has now.</content>
public sealed partial class CustomerGrain
{
    /// <inheritdoc/>
    public async ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken)
    {
        await BehindAsync();
        if (!_erased)
        {
            using var writing = _write.Begin();
            await AppendAsync(new HistorySlice { Entries = { new HistoryEntry { Erased = new ErasedEntry { At = request.At } } } }, cancellationToken);
            _erased = true;
        }

        Forget();
        var reply = new EraseCustomerStateReply { Entries = _sequence - 1 };
        if (request.SealOnly) return reply;
        reply.States = await _ids.ClearAsync(cancellationToken);
        if (await _snapshots.ClearAsync(cancellationToken)) reply.States++;
        return reply;
    }

    /// <summary>Nothing is left in memory either: every call answers that nobody is here.</summary>
    private void Forget()
    {
        (_profile, _rendered, _decisions, _absorbed) = (new ProfileState(), null, null, null);
        (_minted, _sealedInto, _foldAgain, _sinceSnapshot) = (-1, string.Empty, false, 0);
        _segments = [];
        _snapshotTimer.Stop();
    }

    /// <summary>
    /// Takes over which events an erased customer had, so that none of them counts when it is sent again.
    /// </summary>
    /// <exception cref="GrainUnavailableException">The erasure has not come so far; nothing was done.</exception>
    private async ValueTask InheritAsync(MintedEntry mint, CancellationToken cancellationToken)
    {
        var slice = new HistorySlice();
        if (!Exists) slice.Entries.Add(new HistoryEntry { Minted = mint });
        var ids = new List<ulong>();
        foreach (var erased in mint.After)
        {
            var name = ErasedCustomers.NameOf(erased);
            if (_absorbed?.Contains(LoserHash(name)) == true) continue;
            var entries = await ErasedCustomers.LengthAsync(_ports.History, _tenant, erased, cancellationToken)
                ?? throw new GrainUnavailableException($"Customer '{_id}' follows one that is being erased. Send the call again.");
            await foreach (var placed in Reader.ReadAsync($"{_tenant}/{name}", 0, entries, cancellationToken))
            {
                if (IdOf(placed.Entry) is { } id) ids.Add(id);
            }

            slice.Entries.Add(new HistoryEntry { Absorbed = new AbsorbedEntry { Loser = name, Entries = entries, IdentitySequence = mint.IdentitySequence, At = mint.At } });
        }

        if (slice.Entries.All(entry => entry.Absorbed is null)) return;
        await AppendAsync(slice, cancellationToken);
        if (!Exists) _minted = mint.IdentitySequence;
        foreach (var entry in slice.Entries)
        {
            if (entry.Absorbed is { } absorbed) (_absorbed ??= []).Add(LoserHash(absorbed.Loser));
        }

        // Which of them has an id does not matter: the place only says where to look.
        foreach (var id in ids) _ids.Add(id, _sequence - 1);
        await AfterChangeAsync(slice.Entries.Count, cancellationToken);
    }
}
