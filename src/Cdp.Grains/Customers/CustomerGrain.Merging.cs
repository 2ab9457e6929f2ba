using Cdp.Domain.Decisions;
using Cdp.Domain.Profiles;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <content>Its part in merges: giving itself up, and taking another in.</content>
public sealed partial class CustomerGrain
{
    /// <inheritdoc/>
    public async ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken)
    {
        if (_erased) return new SealReply();
        if (_sealedInto.Length == 0)
        {
            using var writing = _write.Begin();
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
            _segments = [];
            await SnapshotNowAsync(cancellationToken);
        }

        // Sealed is the last entry: all before it go to the winner.
        return new SealReply { Entries = _sequence - 1, Snapshot = Snapshot() };
    }

    /// <inheritdoc/>
    public async ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere() is { } forwarded) return new AbsorbReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (_erased || (!Exists && request.Mint is null)) return new AbsorbReply { Standing = CustomerStanding.Gone };
        var reply = new AbsorbReply { Standing = CustomerStanding.Here };
        if (await HasAbsorbedAsync(request.Loser, cancellationToken))
        {
            // The call before may have lost a store between the entry and the fold.
            if (_foldAgain)
            {
                await FoldAgainAsync(cancellationToken);
                await AfterChangeAsync(0, cancellationToken);
            }

            return reply;
        }

        using var writing = _write.Begin();
        var definitions = await DefinitionsAsync(cancellationToken);
        var loserKey = $"{_tenant}/{request.Loser}";
        if (_ids.FiltersMissing) await _ids.LoadFiltersAsync(cancellationToken);
        var loserIds = new List<ulong>();
        var shared = new HashSet<ulong>();
        await foreach (var placed in Reader.ReadUnionAsync(loserKey, 0, request.Entries, cancellationToken))
        {
            if (IdOf(placed.Entry) is not { } id) continue;
            loserIds.Add(id);

            // A false positive only costs a fold that would not have been needed.
            if (_ids.MayHold(id)) shared.Add(id);
        }

        if (shared.Count > 0) await SpreadErasuresAsync(shared, loserKey, request.Entries, cancellationToken);

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
        _forgetAt = 0;
        foreach (var id in loserIds) _ids.Add(id, _sequence - 1);
        _foldedUnder ??= definitions;

        var theirs = request.Snapshot;
        if (theirs is null) await AbsorbDecisionsAsync(slice.Entries[^1].Absorbed, cancellationToken);
        else if (theirs.Decisions is { } decisions) AbsorbDecisions(new DecisionMemory(decisions));
        var comparable = shared.Count == 0 && !_foldAgain && theirs is not null && !theirs.Bookkeeping.FoldAgain
            && theirs.FoldVersion == ProfileFold.Version && theirs.DefinitionsVersion == definitions.Version
            && _foldedUnder.Version == definitions.Version;
        if (!comparable || !ProfileFold.TryAbsorbState(_profile, theirs!.Profile, definitions))
        {
            _foldAgain = true;
            await FoldAgainAsync(cancellationToken);
        }
        else
        {
            EvaluateAll(definitions);
        }

        await AfterChangeAsync(MostSinceSnapshot, cancellationToken);
        return reply;
    }

    /// <summary>Events that both had become one; if one of the two erased it, it is erased. Before the merge is appended, so that no crash comes between.</summary>
    private async ValueTask SpreadErasuresAsync(HashSet<ulong> shared, string loserKey, long loserEntries, CancellationToken cancellationToken)
    {
        var copies = new Dictionary<UInt128, List<(int Partition, long Position)>>();
        foreach (var (key, entries) in new[] { (_key, _sequence), (loserKey, loserEntries) })
        {
            await foreach (var placed in Reader.ReadUnionAsync(key, 0, entries, cancellationToken))
            {
                if ((placed.Entry.Event ?? placed.Entry.Copy?.Event) is not { } entry || !shared.Contains(entry.IdHashLow)) continue;
                var id = new UInt128(entry.IdHashHigh, entry.IdHashLow);
                if (!copies.TryGetValue(id, out var known)) copies[id] = known = [];
                known.Add((entry.Partition, entry.Position));
            }
        }

        foreach (var known in copies.Values)
        {
            if (known.Count > 1) await ErasedEvents.SpreadAsync(_ports.Log, known, cancellationToken);
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

    private static ulong LoserHash(string loser) =>
        System.IO.Hashing.XxHash64.HashToUInt64(System.Text.Encoding.UTF8.GetBytes(loser));
}
