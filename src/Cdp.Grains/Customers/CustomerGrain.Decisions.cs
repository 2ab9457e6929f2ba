using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Expressions;
using Cdp.Domain.Tenants;
using Cdp.Grains.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <content>
/// Decisions about the customer, and what became of them: entries of its history like everything else. What it remembers
/// of them is folded from there, and never touches the profile.
/// </content>
public sealed partial class CustomerGrain
{
    private DecisionMemory? _decisions;
    private AppendsBehind? _behind;

    /// <inheritdoc/>
    public async ValueTask<DecideCustomerReply> Decide(DecideCustomerRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        if (Elsewhere() is { } forwarded) return new DecideCustomerReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new DecideCustomerReply { Standing = CustomerStanding.Gone };
        var definitions = await DefinitionsAsync(cancellationToken);
        _foldAgain |= _foldedUnder!.Version != definitions.Version;
        if (_foldAgain) FoldAgainSoon();
        var reply = new DecideCustomerReply { Standing = CustomerStanding.Here, Response = await DecideAsync(request.Call, request.Purpose, definitions, cancellationToken) };
        foreach (var call in request.Further) reply.Further.Add(await DecideAsync(call, request.Purpose, definitions, cancellationToken));
        if (request.Read is { } read) reply.Read = ProfileUnder(definitions, read);
        return reply;
    }

    private async ValueTask<ByteString> DecideAsync(DecideRequest request, string purpose, Definitions definitions, CancellationToken cancellationToken)
    {
        if (definitions.Actions.FindPlacement(request.Placement) is not { } placement) return ByteString.Empty;
        var model = await _ports.Models.GetAsync(definitions, placement, cancellationToken);
        var now = UnixTime.Micros(_context.Time.GetUtcNow());
        var facts = new CallFacts(placement.Definition.Channel, request.Context);
        var (nonce, seed) = DecisionCalls.NextRandom();
        var call = DecisionCalls.Of(request, new DecisionId(_id, _sequence, now, nonce), seed, purpose) with { IsStale = _foldAgain };
        var subject = new Subject(_profile, definitions.InterestHalfLifeMicros, now, facts);
        var decision = Decider.Decide(model, call, subject, _decisions ??= new DecisionMemory());

        using var writing = _write.Begin();

        // Not cancelled with the caller: an append whose end is unknown would leave the sequence in doubt.
        var slice = new HistorySlice { Entries = { new HistoryEntry { Decision = decision.Entry } } };
        if (decision.IsSync) await AppendAsync(slice, CancellationToken.None);
        else AppendBehind(slice);
        _ports.Steps.Reached(decision.IsSync ? RecoverySteps.DecisionAppended : RecoverySteps.DecisionBehind);
        DecisionFold.Absorb(_decisions, decision.Entry);
        await AfterChangeAsync(1, cancellationToken);
        return UnsafeByteOperations.UnsafeWrap(decision.Encoded);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken)
    {
        if (!Exists) return new ReadDecisionReply { Standing = CustomerStanding.Gone };
        var reply = new ReadDecisionReply { Standing = CustomerStanding.Here };
        if (!DecisionId.TryParse(request.DecisionId, out var id) || id.Customer != _id) return reply;
        await BehindAsync();
        await foreach (var placed in Reader.ReadAsync(_key, id.Sequence, id.Sequence + 1, cancellationToken))
        {
            // Another entry took the place of one that was lost.
            if (placed.Entry.Decision?.Id == request.DecisionId) reply.Entry = placed.Entry.Decision;
        }

        return reply;
    }

    /// <inheritdoc/>
    public async ValueTask<ReadDecisionsReply> ReadDecisions(ReadDecisionsRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        if (Elsewhere() is { } forwarded) return new ReadDecisionsReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new ReadDecisionsReply { Standing = CustomerStanding.Gone };
        await BehindAsync();
        return await DecisionPages.ReadAsync(Reader.ReadUnionAsync(_key, 0, _sequence, cancellationToken), request);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken)
    {
        // They were applied, by whichever activation.
        await CheckNewestAsync(cancellationToken);
        if (Elsewhere() is { } forwarded) return new ReadCreditsReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new ReadCreditsReply { Standing = CustomerStanding.Gone };
        var remembered = _decisions ?? new DecisionMemory();
        var reply = new ReadCreditsReply { Standing = CustomerStanding.Here };
        List<LogEntry>? unknown = null;
        foreach (var entry in request.Outcomes)
        {
            var credit = OutcomeIntake.CreditOf(remembered, entry, request.Carried);
            if (OutcomeCredits.IsUnknown(credit)) (unknown ??= []).Add(entry);
            reply.Credits.Add(credit);
        }

        // Applied while the decision's customer still was one of its own, it may count there and not be known here yet.
        if (unknown is not null) await CheckTakenInAsync(unknown, cancellationToken);
        if (request.Carried) await FindForgottenAsync(request, reply, cancellationToken);
        return reply;
    }

    /// <summary>The outcomes among the entries of a request; null where there are none.</summary>
    private OutcomeIntake? Outcomes(ApplyRequest request, Definitions definitions, HistorySlice slice)
    {
        OutcomeIntake? intake = null;
        foreach (var entry in request.Entries)
        {
            if (entry.Event.Outcome is null) continue;
            intake ??= new OutcomeIntake(_decisions, definitions.CurrencyCode);
            if (intake.Take(entry) is { } taken) slice.Entries.Add(new HistoryEntry { Outcome = taken });
        }

        return intake;
    }

    /// <summary>
    /// The decision of an outcome may stand in the history of a customer that is sealed and not yet taken in: who sent the
    /// outcome sends it again.
    /// </summary>
    /// <exception cref="GrainUnavailableException">There is such an outcome; nothing was done.</exception>
    private async ValueTask CheckTakenInAsync(List<LogEntry> unknown, CancellationToken cancellationToken)
    {
        var awaited = unknown.Select(entry => DecisionId.TryParse(entry.Event.Outcome.DecisionId, out var id) ? id.Customer : _id)
            .Where(customer => customer != _id).ToHashSet(StringComparer.Ordinal);
        if (awaited.Count == 0) return;
        await foreach (var placed in Reader.ReadUnionAsync(_key, 0, _sequence, cancellationToken))
        {
            if (placed.Entry.Absorbed is { } absorbed) awaited.Remove(absorbed.Loser);
        }

        if (awaited.Count > 0) throw new GrainUnavailableException($"Customer '{_id}' has not taken in all that were merged into it. Send the call again.");
    }

    /// <summary>Outcomes whose decision is not remembered any more may have counted when it was: their entries say so.</summary>
    private async ValueTask FindForgottenAsync(ReadCreditsRequest request, ReadCreditsReply reply, CancellationToken cancellationToken)
    {
        var forgotten = new Dictionary<(string Decision, ulong Id), int>();
        for (var i = 0; i < reply.Credits.Count; i++)
        {
            var outcome = request.Outcomes[i].Event.Outcome;
            if (reply.Credits[i] == OutcomeCredit.DecisionTooOld) forgotten[(outcome.DecisionId, DecisionId.HashOf(outcome.Id))] = i;
        }

        if (forgotten.Count == 0) return;
        await foreach (var placed in Reader.ReadUnionAsync(_key, 0, _sequence, cancellationToken))
        {
            if (placed.Entry.Outcome is { } known && forgotten.TryGetValue((known.Decision, known.Id), out var at)) reply.Credits[at] = known.Credit;
        }
    }

    /// <summary>The effects of outcomes that were applied before, from their entries.</summary>
    private async ValueTask AddEffectsAsync(List<(int Partition, long Position)> redelivered, ApplyReply reply, CancellationToken cancellationToken)
    {
        await foreach (var placed in Reader.ReadUnionAsync(_key, 0, _sequence, cancellationToken))
        {
            if (placed.Entry.Outcome is { Effect: { } effect } known && redelivered.Contains((known.Partition, known.Position))) reply.Effects.Add(effect);
        }
    }

    /// <summary>Takes in what a history, and those that it absorbed, hold of decisions: what was absorbed before what followed.</summary>
    private async ValueTask RememberAsync(DecisionMemory memory, string key, long length, CancellationToken cancellationToken)
    {
        await foreach (var placed in Reader.ReadAsync(key, 0, length, cancellationToken))
        {
            if (placed.Entry.Absorbed is { } absorbed) await RememberAsync(memory, $"{_tenant}/{absorbed.Loser}", absorbed.Entries, cancellationToken);
            else Remember(memory, placed.Entry);
        }
    }

    /// <summary>Takes over what a merged customer remembered, where its snapshot is not at hand.</summary>
    private async ValueTask AbsorbDecisionsAsync(AbsorbedEntry absorbed, CancellationToken cancellationToken)
    {
        var theirs = new DecisionMemory();
        await RememberAsync(theirs, $"{_tenant}/{absorbed.Loser}", absorbed.Entries, cancellationToken);
        AbsorbDecisions(theirs);
    }

    private void AbsorbDecisions(DecisionMemory theirs)
    {
        if (!theirs.IsEmpty) DecisionFold.Absorb(_decisions ??= new DecisionMemory(), theirs);
    }

    private static void Remember(DecisionMemory memory, HistoryEntry entry)
    {
        if (entry.Decision is { } decision) DecisionFold.Absorb(memory, decision);
        else if (entry.Outcome is { } outcome) DecisionFold.Absorb(memory, outcome);
    }

    /// <summary>Waits for what was appended behind.</summary>
    private Task BehindAsync() => _behind?.EndAsync() ?? Task.CompletedTask;

    private void AppendBehind(HistorySlice slice)
    {
        (_behind ??= new AppendsBehind(_context, _ports)).Begin(_sequence, slice);
        _sequence += slice.Entries.Count;
    }
}
